package main

import (
	"fmt"
	"time"

	"butlr-gateway/tools/internal/rig"
)

const (
	lights      = "light.boardroom_lights"
	ventilation = "fan.boardroom_ventilation"
)

// automations runs those of the guide.
func (t *trial) automations() {
	t.Chapter("The automations of docs/home-assistant.md")
	t.Until("Home Assistant has loaded three", soon, func() error {
		v, err := t.home.look()
		if err != nil {
			return err
		}
		loaded := 0
		for id, s := range v.states {
			if len(id) > 11 && id[:11] == "automation." && s.State == "on" {
				loaded++
			}
		}
		if loaded != 3 {
			return fmt.Errorf("there are %d", loaded)
		}
		return nil
	})
	t.ventilate()
	t.lightsOff()
	t.lightsStay()
	t.notify()
	t.Check("four people are in the boardroom", t.life.Set(rig.Boardroom, 4))
	t.Until("everything is shown as before", soon, func() error {
		return t.home.shows(map[string]string{rig.Boardroom + " people": "4", rig.Boardroom + " occupied": "on", rig.Studio + " quality": "good"})
	})
}

func (t *trial) ventilate() {
	t.Check("seven people are in the boardroom", t.life.Set(rig.Boardroom, 7))
	t.Until("its ventilation runs at 90 %", soon, func() error {
		v, err := t.home.look()
		if err != nil {
			return err
		}
		fan := v.states[ventilation]
		if fan.text("percentage") != "90" {
			return fmt.Errorf("it is %s at %s", fan.State, fan.text("percentage"))
		}
		return nil
	})
}

// lit is an error unless the lights are on, or off.
func (t *trial) lit(want string) error {
	v, err := t.home.look()
	if err != nil {
		return err
	}
	if got := v.states[lights].State; got != want {
		return fmt.Errorf("they are %s", got)
	}
	return nil
}

func (t *trial) lightsOn() {
	t.Check("its lights are switched on", t.home.call("light.turn_on", map[string]any{"entity_id": lights}))
	t.Until("they are on", soon, func() error { return t.lit("on") })
}

func (t *trial) lightsOff() {
	t.lightsOn()
	t.Check("everybody leaves the boardroom", t.life.Set(rig.Boardroom, 0))
	t.Until("its lights go off when it is vacant", soon, func() error { return t.lit("off") })
}

// lightsStay looks at what must not switch them off.
func (t *trial) lightsStay() {
	t.Check("somebody comes back", t.life.Set(rig.Boardroom, 1))
	t.Until("the boardroom is occupied", soon, func() error {
		return t.home.shows(map[string]string{rig.Boardroom + " occupied": "on"})
	})
	t.lightsOn()
	t.Check("nothing more is heard of it, for now", t.life.Set(rig.Boardroom, -1))
	t.Check("its state is overwritten with one that nobody can know",
		t.broker.Publish("butlr/room/"+rig.Boardroom+"/state", `{"occupied":null,"people":null,"quality":"held","override":"automatic"}`, true))
	t.Until("it is unknown", 4*time.Second, func() error {
		return t.home.shows(map[string]string{rig.Boardroom + " occupied": "unknown"})
	})
	t.gateway.Kill()
	t.Until("the gateway is killed: it is unavailable", soon, func() error {
		return t.home.shows(map[string]string{rig.Boardroom + " occupied": "unavailable"})
	})
	time.Sleep(2 * time.Second) // nothing may happen
	t.Check("the lights are still on", t.lit("on"))
	t.Check("the gateway is started again", t.gateway.Start())
	t.Check("the room is heard of again", t.life.Set(rig.Boardroom, 1))
	t.Until("the room is occupied again", soon, func() error {
		return t.home.shows(map[string]string{rig.Boardroom + " occupied": "on", rig.Boardroom + " quality": "good"})
	})
	t.Check("the lights are still on", t.lit("on"))
}

// notify lets the Studio fall silent.
func (t *trial) notify() {
	t.Check("nothing more is heard of the Studio", t.life.Set(rig.Studio, -1))
	t.Until("its quality is held after 20 s", time.Minute, func() error {
		return t.home.shows(map[string]string{rig.Studio + " quality": "held", rig.Studio + " people": "2"})
	})
	t.Until("Home Assistant says so", soon, func() error {
		var said []struct{ Title, Message string }
		err := t.home.tell(command{map[string]any{"type": "persistent_notification/get"}, &said})
		for _, n := range said {
			if n.Title == "Studio" && n.Message == "Its quality is held." {
				return err
			}
		}
		return fmt.Errorf("there is %v, %w", said, err)
	})
	t.Check("it is heard again", t.life.Set(rig.Studio, 2))
}
