// Package homeassistant is what tests need of Home Assistant: the rules that it has for what is announced
// to it, its templates as far as ours use them, and what it makes of the messages that it hears.
//
// The rules are those of its MQTT integration between the versions 2024.12 and 2026.11, narrowed to what
// this gateway may say: a key that is allowed there but has done harm is none here.
package homeassistant

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// topicForm is what follows the prefix, and is not matched by anything else.
var topicForm = regexp.MustCompile(`^(\w+)/(?:([a-zA-Z0-9_-]+)/)?([a-zA-Z0-9_-]+)/config$`)

// words lists the words of a text.
func words(text string) []string { return strings.Fields(text) }

var (
	deviceKeys = words("identifiers name manufacturer model serial_number sw_version via_device suggested_area configuration_url")
	originKeys = words("name sw_version support_url")
	rootKeys   = words("device origin components availability availability_mode state_topic command_topic")
	commonKeys = words("name unique_id default_entity_id device origin availability availability_mode enabled_by_default entity_category icon " +
		"json_attributes_topic json_attributes_template")

	platforms = map[string]struct{ allowed, required, classes []string }{
		"sensor": {
			words("state_topic value_template device_class state_class unit_of_measurement options"),
			words("state_topic"), words("duration enum timestamp"),
		},
		"binary_sensor": {
			words("state_topic value_template device_class payload_on payload_off"),
			words("state_topic"), words("occupancy motion connectivity problem"),
		},
		"select": {words("state_topic value_template command_topic options"), words("command_topic options"), nil},
		"button": {words("command_topic device_class payload_press"), words("command_topic"), words("identify restart update")},
	}

	// What goes together with the device class of a sensor.
	classUnits  = map[string][]string{"duration": words("d h min s ms")}
	classStates = map[string][]string{"duration": words("measurement total total_increasing"), "enum": nil, "timestamp": nil}
)

// object is a JSON object.
type object = map[string]any

// Entity is one entity of a document, with what the document says for all of them.
type Entity struct {
	Platform string
	ID       string // its discovery id: node and key
	Config   map[string]any
}

// Text returns a key that is a text, "" if there is none.
func (e *Entity) Text(key string) string { s, _ := e.Config[key].(string); return s }

// Parse returns the entities that a message announces, and everything that Home Assistant or we have
// against it. Entities that it takes away have no configuration.
func Parse(prefix, topic string, payload []byte) (entities []Entity, faults []string) {
	c := &check{}
	rest, ok := strings.CutPrefix(topic, prefix+"/")
	parts := topicForm.FindStringSubmatch(rest)
	if !ok || parts == nil {
		return nil, []string{"the topic is malformed: " + topic}
	}
	var doc object
	if err := json.Unmarshal(payload, &doc); err != nil {
		return nil, []string{"no JSON object: " + err.Error()}
	}
	if parts[1] != "device" {
		e := Entity{parts[1], strings.TrimSpace(parts[2] + " " + parts[3]), doc}
		c.entity(&e)
		if doc["device"] == nil {
			c.fault("%s has no device", e.ID)
		}
		return []Entity{e}, c.faults
	}
	return c.document(parts[3], doc), c.faults
}

type check struct{ faults []string }

func (c *check) fault(format string, v ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, v...))
}

// document checks a whole document: one unknown key in it, and all of it is refused.
func (c *check) document(node string, doc object) []Entity {
	c.keys("the document", doc, rootKeys, words("device origin components"))
	c.device(doc["device"])
	c.origin(doc["origin"])
	c.availability("the document", doc)
	components, _ := doc["components"].(object)
	if len(components) == 0 {
		c.fault("no components")
	}
	var entities []Entity
	for _, key := range slices.Sorted(maps.Keys(components)) {
		config, _ := components[key].(object)
		platform, _ := config["platform"].(string)
		e := Entity{Platform: platform, ID: node + " " + key}
		switch {
		case platforms[platform].allowed == nil:
			c.fault("%s has no platform that we use", key)
		case len(config) > 1:
			e.Config = maps.Clone(config)
			delete(e.Config, "platform")
			for _, k := range words("device origin") {
				if config[k] != nil {
					c.fault("%s has a %s of its own", key, k)
				}
				e.Config[k] = doc[k]
			}
			for _, k := range words("availability availability_mode state_topic") {
				if e.Config[k] == nil && doc[k] != nil && (k != "state_topic" || slices.Contains(platforms[platform].allowed, k)) {
					e.Config[k] = doc[k]
				}
			}
			c.entity(&e)
		}
		entities = append(entities, e)
	}
	return entities
}

func (c *check) entity(e *Entity) {
	p, known := platforms[e.Platform]
	if !known {
		c.fault("%s is of the platform %q", e.ID, e.Platform)
		return
	}
	c.keys(e.ID, e.Config, slices.Concat(commonKeys, p.allowed), append(words("unique_id name"), p.required...))
	c.device(e.Config["device"])
	c.origin(e.Config["origin"])
	c.availability(e.ID, e.Config)
	if e.Text("unique_id") == "" || e.Text("name") == "" {
		c.fault("%s has no unique_id or no name", e.ID)
	}
	device, _ := e.Config["device"].(object)
	if name, _ := device["name"].(string); strings.HasPrefix(e.Text("name"), name) {
		c.fault("%s begins with the name of its device, %q", e.ID, name)
	}
	if id := e.Text("default_entity_id"); id != "" && !strings.HasPrefix(id, e.Platform+".") {
		c.fault("%s wants to be %s", e.ID, id)
	}
	if category := e.Config["entity_category"]; category != nil && category != "diagnostic" {
		c.fault("%s is of the category %v", e.ID, category)
	}
	if class := e.Text("device_class"); class != "" && !slices.Contains(p.classes, class) {
		c.fault("%s has the device class %q", e.ID, class)
	}
	for _, key := range words("state_topic command_topic json_attributes_topic") {
		if topic := e.Text(key); e.Config[key] != nil && (topic == "" || strings.ContainsAny(topic, "+# \x00")) {
			c.fault("%s: %s is %q", e.ID, key, topic)
		}
	}
	if e.Platform == "sensor" {
		c.sensor(e)
	}
}

// sensor checks what of a sensor goes together.
func (c *check) sensor(e *Entity) {
	class, state, unit := e.Text("device_class"), e.Text("state_class"), e.Text("unit_of_measurement")
	options, _ := e.Config["options"].([]any)
	if (class == "enum") != (len(options) > 0) {
		c.fault("%s: an enum has options and nothing else has", e.ID)
	}
	if len(options) > 0 && (state != "" || unit != "") {
		c.fault("%s: options go with no unit and no state class", e.ID)
	}
	if states, known := classStates[class]; state != "" && known && !slices.Contains(states, state) {
		c.fault("%s: %s does not go with %s", e.ID, state, class)
	}
	if !slices.Contains(words("measurement total_increasing"), state) && state != "" {
		c.fault("%s: no such state class: %s", e.ID, state)
	}
	if units := classUnits[class]; unit != "" && class != "" && !slices.Contains(units, unit) {
		c.fault("%s: the unit %s does not go with %s", e.ID, unit, class)
	}
}

func (c *check) device(v any) {
	d, ok := v.(object)
	if !ok {
		return
	}
	c.keys("the device", d, deviceKeys, words("identifiers name"))
	if ids, _ := d["identifiers"].([]any); len(ids) != 1 || ids[0] == "" {
		c.fault("the device has the identifiers %v", d["identifiers"])
	}
	if d["configuration_url"] == nil {
		return
	}
	text, _ := d["configuration_url"].(string)
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		c.fault("the configuration URL is %q", text)
	}
}

func (c *check) origin(v any) {
	if o, ok := v.(object); ok {
		c.keys("the origin", o, originKeys, words("name"))
	}
}

// availability checks a list, which must say how it is meant.
func (c *check) availability(what string, of object) {
	list, ok := of["availability"].([]any)
	if !ok {
		if of["availability"] != nil || of["availability_mode"] != nil {
			c.fault("%s: the availability is no list", what)
		}
		return
	}
	if of["availability_mode"] != "all" || len(list) == 0 {
		c.fault("%s: availability of %d, mode %v", what, len(list), of["availability_mode"])
	}
	for _, entry := range list {
		e, _ := entry.(object)
		c.keys(what+"'s availability", e, words("topic"), words("topic"))
	}
}

func (c *check) keys(what string, of object, allowed, required []string) {
	for key := range of {
		if !slices.Contains(allowed, key) {
			c.fault("%s has the key %q", what, key)
		}
	}
	for _, key := range required {
		if of[key] == nil {
			c.fault("%s has no %q", what, key)
		}
	}
}
