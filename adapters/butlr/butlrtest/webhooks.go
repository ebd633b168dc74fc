package butlrtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Webhook is a subscription as the API has it, secrets and all.
type Webhook struct {
	ID         string
	Name       string
	EventTypes []string
	URL        string
	Timeout    int    // seconds
	Key, Value string // the header
	Username   string
	Password   string
	Filters    any
	OnChange   bool
}

// Subscribe adds a subscription as somebody else would have made it; without an ID it gets one.
func (a *API) Subscribe(w Webhook) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.add(w)
}

// Webhooks returns the subscriptions that there are.
func (a *API) Webhooks() []Webhook {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.hooks)
}

// Edit lets somebody change the subscriptions in Butlr's dashboard.
func (a *API) Edit(change func([]Webhook) []Webhook) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hooks = change(a.hooks)
}

func (a *API) add(w Webhook) *Webhook {
	w.EventTypes = slices.Clone(w.EventTypes)
	if w.ID == "" {
		highest := 0
		for i := range a.hooks {
			var n int
			if _, err := fmt.Sscanf(a.hooks[i].ID, "webhook_%d", &n); err == nil {
				highest = max(highest, n)
			}
		}
		w.ID = "webhook_" + strconv.Itoa(highest+1)
	}
	a.hooks = append(a.hooks, w)
	return &a.hooks[len(a.hooks)-1]
}

// row is what the list shows: the secrets in clear.
func (w *Webhook) row() map[string]any {
	endpoint := map[string]any{"url": w.URL, "http_timeout": w.Timeout, "api_key": nil, "basic_auth": nil}
	if w.Key != "" {
		endpoint["api_key"] = map[string]any{"key": w.Key, "value": w.Value}
	}
	if w.Username != "" {
		endpoint["basic_auth"] = map[string]any{"username": w.Username, "password": w.Password}
	}
	return map[string]any{
		"id": w.ID, "name": w.Name, "event_types": w.EventTypes, "endpoint_config": endpoint, "filters": w.Filters, "send_on_value_change": w.OnChange,
	}
}

// eventTypes are those that can be subscribed to.
var eventTypes = []string{
	"FLOOR_OCCUPANCY", "ROOM_OCCUPANCY", "ZONE_OCCUPANCY", "FLOOR_OCCUPANCY_1MIN", "ROOM_OCCUPANCY_1MIN", "ZONE_OCCUPANCY_1MIN",
	"TRAFFIC", "DETECTIONS", "PIR_MOTION", "PIR_NO_MOTION", "SENSOR_HEALTH", "HIVE_HEALTH",
}

// inputNames are the fields of an input in both spellings, by the one of the examples.
var inputNames = map[string]string{
	"id": "id", "name": "name", "event_types": "eventTypes", "endpoint_config": "endpointConfig", "filters": "filters",
	"send_on_value_change": "sendOnValueChange", "url": "url", "http_timeout": "httpTimeout", "api_key": "apiKey", "basic_auth": "basicAuth",
}

// read reads an input into w. Names in the other spelling are refused as GraphQL refuses them.
func (a *API) read(text json.RawMessage, w *Webhook) []fault {
	known := map[string]string{}
	for snake, camel := range inputNames {
		if a.CamelInputs {
			known[camel] = snake
		} else {
			known[snake] = snake
		}
	}
	fields, faults := named(text, known)
	if faults != nil {
		return faults
	}
	if endpoint, ok := fields["endpoint_config"]; ok {
		below, faults := named(endpoint, known)
		if faults != nil {
			return faults
		}
		maps.Copy(fields, below)
	}
	return w.set(fields)
}

func named(text json.RawMessage, known map[string]string) (map[string]json.RawMessage, []fault) {
	var given map[string]json.RawMessage
	if json.Unmarshal(text, &given) != nil {
		return nil, []fault{newFault(badInput, "Variable \"$input\" got invalid value; expected an object.")}
	}
	fields := map[string]json.RawMessage{}
	for name, value := range given {
		snake, ok := known[name]
		if !ok {
			return nil, []fault{newFault(badInput, "Variable \"$input\" got invalid value; Field %q is not defined by type.", name)}
		}
		fields[snake] = value
	}
	return fields, nil
}

// set puts the fields of an input into a webhook.
func (w *Webhook) set(fields map[string]json.RawMessage) []fault {
	var header struct{ Key, Value string }
	var basic struct{ Username, Password string }
	for name, into := range map[string]any{
		"name": &w.Name, "event_types": &w.EventTypes, "url": &w.URL, "http_timeout": &w.Timeout, "filters": &w.Filters,
		"send_on_value_change": &w.OnChange, "api_key": &header, "basic_auth": &basic,
	} {
		value, ok := fields[name]
		if !ok {
			continue
		}
		if json.Unmarshal(value, into) != nil {
			return []fault{newFault(badInput, "Variable \"$input\" got invalid value %s at %q.", value, name)}
		}
		switch name {
		case "api_key":
			w.Key, w.Value = header.Key, header.Value
		case "basic_auth":
			w.Username, w.Password = basic.Username, basic.Password
		}
	}
	for _, e := range w.EventTypes {
		if !slices.Contains(eventTypes, e) {
			return []fault{newFault(badInput, "Variable \"$input\" got invalid value; Value %q does not exist in \"EventType\" enum.", e)}
		}
	}
	if w.Timeout < 1 || w.Timeout > 15 {
		return []fault{newFault("WEBHOOK_INVALID", "the timeout must be from 1 to 15 seconds")}
	}
	return nil
}

// taken finds an event type that another subscription has: Butlr sends a type to one only.
func (a *API) taken(w *Webhook) []fault {
	for i := range a.hooks {
		for _, e := range a.hooks[i].EventTypes {
			if a.hooks[i].ID != w.ID && slices.Contains(w.EventTypes, e) {
				return []fault{newFault("WEBHOOK_CONFLICT", "event type %s is subscribed already", e)}
			}
		}
	}
	return nil
}

func (a *API) createWebhooks(f field, input []json.RawMessage) (any, []fault) {
	var rows []map[string]any
	for _, text := range input {
		w := Webhook{ID: "new", Timeout: 10}
		if faults := append(a.read(text, &w), a.taken(&w)...); len(faults) > 0 {
			return nil, faults
		}
		w.ID = ""
		rows = append(rows, a.add(w).row())
	}
	return pick(f, rows)
}

func (a *API) updateWebhooks(f field, input []json.RawMessage) (any, []fault) {
	var rows []map[string]any
	for _, text := range input {
		var which struct{ ID string }
		if json.Unmarshal(text, &which) != nil {
			return nil, []fault{newFault(badInput, "Variable \"$input\" got invalid value; expected an object.")}
		}
		i := slices.IndexFunc(a.hooks, func(w Webhook) bool { return w.ID == which.ID })
		if i < 0 {
			return nil, []fault{newFault("NOT_FOUND", "there is no webhook %q", which.ID)}
		}
		w := a.hooks[i]
		w.EventTypes = slices.Clone(w.EventTypes)
		if faults := append(a.read(text, &w), a.taken(&w)...); len(faults) > 0 {
			return nil, faults
		}
		a.hooks[i] = w
		rows = append(rows, w.row())
	}
	return pick(f, rows)
}

func (a *API) deleteWebhooks(ids []string) bool {
	before := len(a.hooks)
	a.hooks = slices.DeleteFunc(a.hooks, func(w Webhook) bool { return slices.Contains(ids, w.ID) })
	return len(a.hooks) == before-len(ids)
}
