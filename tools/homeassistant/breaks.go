package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"butlr-gateway/tools/internal/rig"
)

// kill ends the gateway as a power cut would, and starts it again.
func (t *trial) kill() {
	t.Chapter("The gateway is killed")
	t.remember()
	t.gateway.Kill()
	t.Until("every entity is unavailable, and the connection is off", soon, func() error {
		v, err := t.home.look()
		if err != nil {
			return err
		}
		for id, shown := range v.picture() {
			if want := map[bool]string{true: "off", false: "unavailable"}[strings.HasSuffix(id, "_connection")]; shown != want && shown != "disabled" {
				return fmt.Errorf("%s is %s", id, shown)
			}
		}
		return nil
	})
	t.Check("it is started again", t.gateway.Start())
	t.Until("everything is shown as before", soon, t.like)
}

// restartHome restarts Home Assistant while the building lives on.
func (t *trial) restartHome() {
	t.Chapter("Home Assistant is restarted")
	t.home.Stop()
	t.Check("meanwhile nine people are counted in the boardroom", t.life.Set(rig.Boardroom, 9))
	t.Check("it is started again", t.home.Start())
	for id, shown := range map[string]string{
		"boardroom_erasmus_people": "9", "boardroom_erasmus_utilisation": "75", "air_handler_3_people": "9", "air_handler_3_utilisation": "75",
		"maas_house_people": "11", "maas_house_utilisation": "91.7", "rotterdam_campus_people": "11", "rotterdam_campus_utilisation": "91.7",
	} {
		t.picture["sensor."+id] = shown
	}
	t.Until("it shows nine, eleven in the building, and everything else as before", soon, t.like)
	t.home.Kill()
	t.Check("killed, it is started again", t.home.Start())
	t.Until("everything is shown as before", soon, t.like)
}

// emptyBroker restarts the broker, which then knows nothing.
func (t *trial) emptyBroker() {
	t.Chapter("The broker is restarted, and has forgotten everything")
	t.broker.Kill()
	t.Check("it is started again", t.broker.Start())
	t.Until("everything is shown as before", soon, t.like)

	t.gateway.Stop()
	t.home.Stop()
	t.broker.Kill()
	t.Check("everything ends; the broker starts, empty", t.broker.Start())
	t.Check("then Home Assistant", t.home.Start())
	t.Until("what it has kept is unavailable", soon, func() error {
		return t.home.shows(map[string]string{rig.Boardroom + " people": "unavailable", rig.Boardroom + " occupied": "unavailable"})
	})
	t.Check("then the gateway", t.gateway.Start())
	t.Until("everything is shown as before", soon, t.like)
}

// rename has Butlr call the boardroom something else.
func (t *trial) rename() {
	t.Chapter("A room is renamed in Butlr")
	rig.Rename(rig.Boardroom, "Boardroom Spinoza")
	t.Until("its device has the new name", soon, func() error {
		v, err := t.home.look()
		if err != nil {
			return err
		}
		if d := v.of(rig.Boardroom); d == nil || d.Name != "Boardroom Spinoza" {
			return fmt.Errorf("it is %v", d)
		}
		return nil
	})
	t.Until("there is no second entity, and every entity has the id that it had", soon, t.like)
	v, err := t.home.look()
	if err == nil {
		s, _ := v.shows(rig.Boardroom, "people")
		t.Say("%s is now called %q; areas: %s", s.ID, s.text("friendly_name"), strings.Join(slices.Sorted(maps.Values(v.areas)), ", "))
		if _, found := v.areaNamed("Boardroom Spinoza"); found {
			err = fmt.Errorf("there is one called Boardroom Spinoza")
		}
	}
	t.Check("there is no new area", err)
}
