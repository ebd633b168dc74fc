package homeassistant

import (
	"fmt"
	"slices"
	"strings"
)

// Instance is a running Home Assistant. It keeps what it was told, and what people have set for it.
type Instance struct {
	Prefix   string
	Entities map[string]*Entity // by unique id: what can be seen
	Devices  map[string]bool    // identifiers that it has heard of
	Lost     []string           // unique ids whose settings it dropped
	Faults   []string           // everything that it logged, or that we have against a message

	found map[hash]finding
}

// hash is what Home Assistant knows an entity by, whichever form it was told in.
type hash struct{ platform, id string }

type finding struct{ unique, topic string }

// NewInstance returns one that listens to a prefix.
func NewInstance(prefix string) *Instance {
	return &Instance{
		Prefix: prefix, Entities: make(map[string]*Entity), Devices: make(map[string]bool), found: make(map[hash]finding),
	}
}

// Hear takes a message.
func (i *Instance) Hear(topic, payload string) {
	rest, ok := strings.CutPrefix(topic, i.Prefix+"/")
	parts := topicForm.FindStringSubmatch(rest)
	if !ok || parts == nil {
		return
	}
	ours := func(h hash) bool { return h == hash{parts[1], strings.TrimSpace(parts[2] + " " + parts[3])} }
	if parts[1] == "device" {
		ours = func(h hash) bool { return strings.HasPrefix(h.id, parts[3]+" ") }
	}
	if payload == "" || payload == `{"migrate_discovery":true}` {
		for h, f := range i.found {
			if ours(h) && f.topic == topic {
				i.drop(h, payload != "")
			}
		}
		return
	}
	entities, faults := Parse(i.Prefix, topic, []byte(payload))
	for _, fault := range faults {
		i.fault("%s: %s", topic, fault)
	}
	for k := range entities {
		i.take(topic, &entities[k])
	}
}

func (i *Instance) fault(format string, v ...any) {
	i.Faults = append(i.Faults, fmt.Sprintf(format, v...))
}

// drop lets go of an entity; its settings are kept if it is about to come back in the other form.
func (i *Instance) drop(h hash, keep bool) {
	f := i.found[h]
	delete(i.found, h)
	delete(i.Entities, f.unique)
	if !keep {
		i.Lost = append(i.Lost, f.unique)
	}
}

func (i *Instance) take(topic string, e *Entity) {
	h := hash{e.Platform, e.ID}
	old, known := i.found[h]
	if e.Config == nil {
		if known {
			i.drop(h, false)
		}
		return
	}
	unique := e.Text("unique_id")
	switch {
	case known && old.topic != topic:
		i.fault("%s: %s was found on %s before", topic, e.ID, old.topic)
		return
	case !known && i.Entities[unique] != nil:
		i.fault("%s: the unique id %s is in use", topic, unique)
		return
	}
	device, _ := e.Config["device"].(object)
	if via, _ := device["via_device"].(string); via != "" && !i.Devices[via] {
		i.fault("%s: it lies in %s, of which nobody has told", topic, via)
	}
	if ids, _ := device["identifiers"].([]any); len(ids) > 0 {
		i.Devices[fmt.Sprint(ids[0])] = true
	}
	i.found[h] = finding{unique, topic}
	i.Entities[unique] = e
}

// Names lists the unique ids of what can be seen.
func (i *Instance) Names() []string {
	var names []string
	for unique := range i.Entities {
		names = append(names, unique)
	}
	slices.Sort(names)
	return names
}
