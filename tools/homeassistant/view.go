package main

import (
	"fmt"
	"slices"
	"strings"
)

// view is what Home Assistant has at one moment: its registers of entities, devices and areas, and the
// states.
type view struct {
	entities []entity
	devices  map[string]device // by Home Assistant's id
	areas    map[string]string // names by id
	states   map[string]state  // by entity id
}

type entity struct {
	ID           string `json:"entity_id"`
	Unique       string `json:"unique_id"`
	Platform     string
	Device       string `json:"device_id"`
	Area         string `json:"area_id"`
	Name         string // that a person gave it
	OriginalName string `json:"original_name"`
	DisabledBy   string `json:"disabled_by"`
	Category     string `json:"entity_category"`
}

type device struct {
	ID          string
	Name        string
	NameByUser  string `json:"name_by_user"`
	Model       string
	Version     string `json:"sw_version"`
	Serial      string `json:"serial_number"`
	Via         string `json:"via_device_id"`
	Area        string `json:"area_id"`
	Page        string `json:"configuration_url"`
	Identifiers [][]string
}

// node is our name of a device, "" if it is none of ours.
func (d *device) node() string {
	for _, pair := range d.Identifiers {
		if len(pair) == 2 && pair[0] == "mqtt" {
			return pair[1]
		}
	}
	return ""
}

type state struct {
	ID         string `json:"entity_id"`
	State      string
	Attributes map[string]any
}

func (s *state) text(key string) string {
	if s.Attributes[key] == nil {
		return ""
	}
	return fmt.Sprint(s.Attributes[key])
}

// look asks Home Assistant for everything that came over MQTT from a gateway.
func (h *home) look() (*view, error) {
	var entities []entity
	var devices []device
	var areas []struct {
		ID   string `json:"area_id"`
		Name string
	}
	var states []state
	err := h.tell(
		command{map[string]any{"type": "config/entity_registry/list"}, &entities},
		command{map[string]any{"type": "config/device_registry/list"}, &devices},
		command{map[string]any{"type": "config/area_registry/list"}, &areas},
		command{map[string]any{"type": "get_states"}, &states},
	)
	if err != nil {
		return nil, err
	}
	v := &view{devices: make(map[string]device), areas: make(map[string]string), states: make(map[string]state)}
	for _, e := range entities {
		if e.Platform == "mqtt" && strings.HasPrefix(e.Unique, "bgw_") {
			v.entities = append(v.entities, e)
		}
	}
	slices.SortFunc(v.entities, func(a, b entity) int { return strings.Compare(a.Unique, b.Unique) })
	for _, d := range devices {
		if strings.HasPrefix(d.node(), "bgw_") {
			v.devices[d.ID] = d
		}
	}
	for _, a := range areas {
		v.areas[a.ID] = a.Name
	}
	for _, s := range states {
		v.states[s.ID] = s
	}
	return v, nil
}

// find returns the entity of an asset's measure, or nil. The gateway's own entities have no asset.
func (v *view) find(asset, measure string) *entity {
	end := "_" + measure
	if asset != "" {
		end = "_" + asset + end
	}
	for i, e := range v.entities {
		// bgw_1a2b3c4d_room_1_people
		if rest, ok := strings.CutPrefix(e.Unique, "bgw_"); ok && len(rest) > 8 && rest[8:] == end {
			return &v.entities[i]
		}
	}
	return nil
}

// of returns the device of an asset, or of the gateway for "", or nil.
func (v *view) of(asset string) *device {
	if asset != "" {
		asset = "_" + asset
	}
	for _, d := range v.devices {
		if node := d.node(); len(node) >= 12 && node[12:] == asset {
			return &d
		}
	}
	return nil
}

// shows returns what Home Assistant shows of an asset's measure.
func (v *view) shows(asset, measure string) (*state, error) {
	e := v.find(asset, measure)
	if e == nil {
		return nil, fmt.Errorf("there is no entity for %s of %s", measure, orGateway(asset))
	}
	s, ok := v.states[e.ID]
	if !ok {
		return nil, fmt.Errorf("%s has no state", e.ID)
	}
	return &s, nil
}

func orGateway(asset string) string {
	if asset == "" {
		return "the gateway"
	}
	return asset
}

// shows is an error unless Home Assistant shows, of each "asset measure", that state.
func (h *home) shows(want map[string]string) error {
	v, err := h.look()
	if err != nil {
		return err
	}
	var wrong []string
	for what, state := range want {
		asset, measure, _ := strings.Cut(what, " ")
		s, err := v.shows(asset, measure)
		if err != nil {
			wrong = append(wrong, err.Error())
		} else if s.State != state {
			wrong = append(wrong, fmt.Sprintf("%s is %s, want %s", s.ID, s.State, state))
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("%s", strings.Join(wrong, "\n"))
	}
	return nil
}

// areaNamed returns the id of an area.
func (v *view) areaNamed(name string) (id string, found bool) {
	for id, n := range v.areas {
		if n == name {
			return id, true
		}
	}
	return "", false
}
