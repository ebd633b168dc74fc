package main

import (
	"fmt"
	"strings"
	"time"

	"butlr-gateway/tools/internal/rig"
)

// customised makes the boardroom what a person wants it to be.
func (t *trial) customised() {
	t.Chapter("A person gives things names of their own")
	v, err := t.home.look()
	if err == nil {
		err = t.home.tell(
			command{map[string]any{
				"type": "config/entity_registry/update", "entity_id": "sensor.boardroom_erasmus_people",
				"new_entity_id": "sensor.chairs_taken", "name": "Chairs taken", "icon": "mdi:chair-rolling",
			}, nil},
			command{map[string]any{"type": "config/entity_registry/update", "entity_id": v.find(rig.Boardroom, "hvac").ID, "disabled_by": nil}, nil},
			command{map[string]any{"type": "config/device_registry/update", "device_id": v.of(rig.Boardroom).ID, "name_by_user": "The big room"}, nil},
			command{map[string]any{"type": "config/area_registry/create", "name": "Top floor"}, nil},
			command{map[string]any{"type": "config/device_registry/update", "device_id": v.of(rig.Focus).ID, "area_id": "top_floor"}, nil},
		)
	}
	t.Check("an entity and its id, a disabled one, a device, an area", err)
	t.Until("the entity that was enabled shows its state", time.Minute, func() error {
		return t.home.shows(map[string]string{rig.Boardroom + " hvac": "on", rig.Boardroom + " people": "9"})
	})
	t.remember()
}

// custom is an error unless what a person has set is still so.
func (t *trial) custom() error {
	v, err := t.home.look()
	if err != nil {
		return err
	}
	e, room, focus := v.find(rig.Boardroom, "people"), v.of(rig.Boardroom), v.of(rig.Focus)
	switch {
	case e == nil || room == nil || focus == nil:
		return fmt.Errorf("it is gone")
	case e.ID != "sensor.chairs_taken" || e.Name != "Chairs taken":
		return fmt.Errorf("the entity is %s, %q", e.ID, e.Name)
	case room.NameByUser != "The big room" || v.areas[focus.Area] != "Top floor":
		return fmt.Errorf("the device is %q, the area %q", room.NameByUser, v.areas[focus.Area])
	}
	return nil
}

// forms announces everything in the other form, and back.
func (t *trial) forms() {
	for _, form := range []string{"component", "device"} {
		t.Chapter("discovery = \"" + form + "\"")
		t.gateway.Stop()
		t.gateway.Discovery = form
		t.Check("the gateway is restarted", t.gateway.Start())
		t.settled(form)
	}
	t.Chapter("discovery = \"component\" while Home Assistant is not running, and back")
	for _, form := range []string{"component", "device"} {
		t.home.Stop()
		t.gateway.Stop()
		t.gateway.Discovery = form
		t.Check("the gateway is restarted, "+form, t.gateway.Start())
		t.Until("the broker keeps the new form only", soon, func() error { return t.keeps(form) })
		t.Check("Home Assistant is started", t.home.Start())
		t.settled(form)
	}
}

// settled looks whether everything is as it was, in the one form only.
func (t *trial) settled(form string) {
	t.Until("the broker keeps the new form only", soon, func() error { return t.keeps(form) })
	t.Until("every entity is there as before, none twice", soon, t.like)
	t.Until("and what a person has set", soon, t.custom)
}

// keeps is an error unless the broker keeps announcements in that form, and none in the other.
func (t *trial) keeps(form string) error {
	kept, err := t.broker.Retained("homeassistant/#")
	if err != nil {
		return err
	}
	whole, parts := 0, 0
	for topic := range kept {
		if strings.HasPrefix(topic, "homeassistant/device/") {
			whole++
		} else if strings.HasSuffix(topic, "/config") {
			parts++
		}
	}
	if (whole > 0) != (form == "device") || (parts > 0) != (form == "component") {
		return fmt.Errorf("it keeps %d whole documents and %d of single entities", whole, parts)
	}
	return nil
}

// commandsOff takes the overrides away, and gives them back.
func (t *trial) commandsOff() {
	t.Chapter("commands = false")
	for _, on := range []bool{false, true} {
		t.gateway.Stop()
		t.gateway.Commands = on
		t.Check(fmt.Sprintf("the gateway is restarted, commands = %t", on), t.gateway.Start())
		t.Until(fmt.Sprintf("overrides and the button are there: %t", on), soon, func() error {
			v, err := t.home.look()
			if err != nil {
				return err
			}
			if there := v.find(rig.Boardroom, "override") != nil; there != on || (v.find("", "republish") != nil) != on {
				return fmt.Errorf("the override is there: %t", there)
			}
			return nil
		})
	}
	// What was gone comes back with an id of today's names.
	delete(t.picture, "select.boardroom_erasmus_override")
	if v, err := t.home.look(); t.Check("everything can be looked at", err) {
		if e := v.find(rig.Boardroom, "override"); e != nil {
			t.picture[e.ID] = "automatic"
			t.Say("the boardroom's is %s now", e.ID)
		}
	}
	t.Until("everything is shown as before", soon, t.like)
}

// retire takes a zone and a group out of service.
func (t *trial) retire() {
	t.Chapter("A zone and a group are taken out of service")
	out, err := t.gateway.Command("points", "apply", "--retire", rig.Table)
	t.Check("the zone is retired", err)
	t.Say("%s", out)
	t.Until("its device is gone", soon, func() error { return t.gone(rig.Table) })
	t.gateway.Stop()
	t.gateway.Groups = false
	t.Check("the group is removed from the configuration", t.gateway.Start())
	_, err = t.gateway.Command("points", "apply")
	t.Check("points apply", err)
	t.Until("its device is gone", soon, func() error { return t.gone(rig.AirHandler) })
	t.Until("everything else is as before", soon, func() error {
		for id := range t.picture {
			if strings.Contains(id, "table_north") || strings.Contains(id, "air_handler_3") {
				delete(t.picture, id)
			}
		}
		return t.like()
	})
}

// gone is an error while Home Assistant has a device, or an entity, of an asset.
func (t *trial) gone(asset string) error {
	v, err := t.home.look()
	if err != nil {
		return err
	}
	if v.of(asset) != nil || v.find(asset, "quality") != nil {
		return fmt.Errorf("%s is still there", asset)
	}
	return nil
}

// off takes everything back.
func (t *trial) off() {
	t.Chapter("discovery = \"off\"")
	t.gateway.Stop()
	t.gateway.Discovery = "off"
	t.Check("the gateway is restarted", t.gateway.Start())
	t.Until("no entity and no device stays", soon, func() error { return t.count(0, 0) })
	kept, err := t.broker.Retained("homeassistant/+/#")
	if err == nil && len(kept) > 0 {
		err = fmt.Errorf("it keeps %d messages", len(kept))
	}
	t.Check("the broker keeps no announcement", err)
}
