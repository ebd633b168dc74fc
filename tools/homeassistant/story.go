package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"butlr-gateway/tools/internal/rig"
)

// soon is how long anything may take that is seen at once, on a machine that has other things to do.
const soon = 30 * time.Second

// tell is what happens, in order.
func (t *trial) tell() {
	if t.home.since(2024, 12) {
		t.documents("device")
	}
	t.documents("component")
	t.firstSight()
	t.changes()
	t.unknown()
	t.overrides()
	t.republish()
	t.quiet()
	if !t.home.since(2024, 12) {
		return
	}
	t.automations()
	t.kill()
	t.restartHome()
	t.emptyBroker()
	t.rename()
	t.customised()
	t.quiet()
	t.forms()
	t.commandsOff()
	t.retire()
	t.off()
	t.warned()
}

// people is what the building is like in the beginning.
var people = map[string]int{rig.Boardroom: 4, rig.Focus: 0, rig.Studio: 1, rig.Table: 2, rig.Floor: 6}

// firstSight starts the gateway and looks at everything that appears.
func (t *trial) firstSight() {
	t.Chapter("A building posts its first events")
	if !t.Check("the gateway starts", t.gateway.Start()) {
		return
	}
	t.life = rig.Begin(t.gateway, people)
	t.Check("events are accepted", t.gateway.Post(rig.Motion(rig.Focus, true), rig.Through(3, 1)))
	t.Until("every value is shown", soon, func() error {
		return t.home.shows(map[string]string{
			rig.Boardroom + " people": "4", rig.Boardroom + " occupied": "on", rig.Boardroom + " utilisation": "33.3",
			rig.Boardroom + " quality": "good", rig.Boardroom + " override": "automatic", rig.Boardroom + " peak_today": "4",
			rig.Focus + " people": "0", rig.Focus + " motion": "on", rig.Focus + " occupied": "on",
			rig.Table + " people": "2", rig.Floor + " people": "6", rig.Floor + " coverage": "100",
			rig.Door + " traffic_in": "3", rig.Door + " traffic_out": "1", rig.AirHandler + " people": "4",
			" status": "on", " problem": "off",
		})
	})
	v, err := t.home.look()
	if !t.Check("everything can be looked at", err) {
		return
	}
	t.parents(v)
	t.properties(v)
	t.Say("%s", v.table())
	t.picture = v.picture()
	if room := v.of(rig.Boardroom); room != nil {
		t.page = "/config/devices/device/" + room.ID
	}
}

// parents looks at where devices hang and in which areas they are.
func (t *trial) parents(v *view) {
	for _, want := range []struct{ asset, name, model, via, area string }{
		{"", "maas-house", "Gateway", "", ""},
		{rig.Site, "Rotterdam Campus", "Site", "maas-house", ""},
		{rig.Building, "Maas House", "Building", "Rotterdam Campus", ""},
		{rig.Floor, "Level 3", "Floor", "Maas House", ""},
		{rig.Boardroom, "Boardroom Erasmus", "Room", "Level 3", "Boardroom Erasmus"},
		{rig.Focus, "Focus Room 3.09", "Room", "Level 3", "Focus Room 3.09"},
		{rig.Table, "Table North", "Zone", "Boardroom Erasmus", "Boardroom Erasmus"},
		{rig.Door, "sensor_door", "Sensor", "Level 3", ""},
		{rig.AirHandler, "Air handler 3", "Group", "maas-house", ""},
	} {
		d := v.of(want.asset)
		if d == nil {
			t.Check(want.name, fmt.Errorf("there is no such device"))
			continue
		}
		via := v.devices[d.Via].Name
		var err error
		if d.Name != want.name || d.Model != want.model || via != want.via || v.areas[d.Area] != want.area {
			err = fmt.Errorf("it is the %s %q, via %q, in the area %q", d.Model, d.Name, via, v.areas[d.Area])
		}
		t.Check(fmt.Sprintf("%s is a device of the model %s, connected via %s, in %s", want.name, want.model, orNone(want.via), orNone(want.area)), err)
	}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// properties looks at what entities say of themselves.
func (t *trial) properties(v *view) {
	for _, want := range []struct{ asset, measure, id, name, class, state, unit string }{
		{rig.Boardroom, "occupied", "binary_sensor.boardroom_erasmus_occupied", "Boardroom Erasmus Occupied", "occupancy", "", ""},
		{rig.Boardroom, "people", "sensor.boardroom_erasmus_people", "Boardroom Erasmus People", "", "measurement", "people"},
		{rig.Boardroom, "utilisation", "sensor.boardroom_erasmus_utilisation", "Boardroom Erasmus Utilisation", "", "measurement", "%"},
		{rig.Boardroom, "quality", "sensor.boardroom_erasmus_quality", "Boardroom Erasmus Quality", "enum", "", ""},
		{rig.Boardroom, "last_data", "sensor.boardroom_erasmus_last_data", "Boardroom Erasmus Last data", "timestamp", "", ""},
		{rig.Boardroom, "override", "select.boardroom_erasmus_override", "Boardroom Erasmus Override", "", "", ""},
		{rig.Focus, "motion", "binary_sensor.focus_room_3_09_motion", "Focus Room 3.09 Motion", "motion", "", ""},
		{rig.Door, "traffic_in", "sensor.sensor_door_traffic_in", "sensor_door Traffic in", "", "total_increasing", "people"},
		{"", "status", "binary_sensor.maas_house_connection", "maas-house Connection", "connectivity", "", ""},
	} {
		s, err := v.shows(want.asset, want.measure)
		if err == nil {
			got := []string{s.ID, s.text("friendly_name"), s.text("device_class"), s.text("state_class"), s.text("unit_of_measurement")}
			if expect := []string{want.id, want.name, want.class, want.state, want.unit}; !slices.Equal(got, expect) {
				err = fmt.Errorf("got %q, want %q", got, expect)
			}
		}
		t.Check(want.id+" has its name, class and unit", err)
	}
	var hidden []string
	for _, e := range v.entities {
		if e.DisabledBy != "" {
			hidden = append(hidden, e.Unique[strings.LastIndex(e.Unique, "_")+1:])
		}
	}
	slices.Sort(hidden)
	hidden = slices.Compact(hidden)
	var err error
	if want := []string{"estimate", "hvac", "lighting", "ventilation"}; !slices.Equal(hidden, want) {
		err = fmt.Errorf("disabled are %q, want %q", hidden, want)
	}
	t.Check("what only some want is there, and disabled: lighting, hvac, ventilation, traffic estimate", err)
}

// changes posts events and looks at how soon they are seen.
func (t *trial) changes() {
	t.Chapter("Events")
	t.Check("seven people are counted in the boardroom", t.life.Set(rig.Boardroom, 7))
	t.Until("Home Assistant shows 7, and 58.3 %", soon, func() error {
		return t.home.shows(map[string]string{rig.Boardroom + " people": "7", rig.Boardroom + " utilisation": "58.3"})
	})
	t.Check("they leave", t.life.Set(rig.Boardroom, 0))
	t.Until("it is vacant when the off-delay of 2 s is over", soon, func() error {
		return t.home.shows(map[string]string{rig.Boardroom + " people": "0", rig.Boardroom + " occupied": "off"})
	})
	t.Check("four come back", t.life.Set(rig.Boardroom, 4))
	t.Until("it is occupied", soon, func() error {
		return t.home.shows(map[string]string{rig.Boardroom + " people": "4", rig.Boardroom + " occupied": "on"})
	})
}

// unknown looks at how a value is shown that nobody can know.
func (t *trial) unknown() {
	t.Chapter("Values that nobody can know")
	t.Check("nothing more is heard of the Studio, for now", t.life.Set(rig.Studio, -1))
	const topic = "butlr/room/" + rig.Studio + "/state"
	kept, err := t.broker.Retained(topic)
	if !t.Check("the state of the Studio is kept by the broker", err) {
		return
	}
	t.Say("%s", kept[topic])
	nothing := `{"occupied":null,"people":null,"lighting":null,"quality":"uncertain","override":"automatic"`
	want := map[string]string{rig.Studio + " people": "unknown", rig.Studio + " occupied": "unknown", rig.Studio + " quality": "uncertain"}
	if t.home.since(2024, 12) { // one before shows None for a text, and warns of a time
		nothing += `,"reason":null,"at":null`
		want[rig.Studio+" reason"], want[rig.Studio+" last_data"] = "unknown", "unknown"
	} else {
		nothing += `,"reason":"","at":"2026-01-01T00:00:00Z"`
	}
	t.Check("a state with null in it is published in its place", t.broker.Publish(topic, nothing+"}", true))
	t.Until("Home Assistant shows unknown, not off and not 0", 10*time.Second, func() error { return t.home.shows(want) })
	t.Check("two people are counted", t.life.Set(rig.Studio, 2))
	t.Until("Home Assistant shows them", soon, func() error {
		return t.home.shows(map[string]string{rig.Studio + " people": "2", rig.Studio + " occupied": "on", rig.Studio + " quality": "good"})
	})
}

// picture is what is shown by every entity, without what changes by itself.
func (v *view) picture() map[string]string {
	shown := make(map[string]string)
	for _, e := range v.entities {
		switch {
		case e.DisabledBy != "":
			shown[e.ID] = "disabled"
		case strings.HasSuffix(e.Unique, "_last_data"), strings.HasSuffix(e.Unique, "_reason"), strings.HasSuffix(e.Unique, "_today"),
			strings.HasSuffix(e.Unique, "_started"), strings.HasSuffix(e.Unique, "_republish"):
			shown[e.ID] = "there"
			if v.states[e.ID].State == "unavailable" {
				shown[e.ID] = "unavailable"
			}
		default:
			shown[e.ID] = v.states[e.ID].State
		}
	}
	return shown
}

// like is an error unless everything is shown as in the picture.
func (t *trial) like() error {
	v, err := t.home.look()
	if err != nil {
		return err
	}
	now := v.picture()
	var wrong []string
	for id, want := range t.picture {
		if now[id] != want {
			wrong = append(wrong, fmt.Sprintf("%s is %q, was %q", id, now[id], want))
		}
	}
	for id := range maps.Keys(now) {
		if _, was := t.picture[id]; !was {
			wrong = append(wrong, id+" was not there")
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("%s", strings.Join(wrong, "\n"))
	}
	return nil
}

// remember takes a new picture.
func (t *trial) remember() {
	if v, err := t.home.look(); t.Check("everything is looked at, to be compared", err) {
		t.picture = v.picture()
	}
}
