package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"butlr-gateway/tools/internal/rig"
)

// overrides chooses what the Focus Room shall be, and looks at what controllers read then.
func (t *trial) overrides() {
	t.Chapter("An override, chosen in Home Assistant")
	t.Check("motion has ended in the Focus Room", t.gateway.Post(rig.Motion(rig.Focus, false)))
	choose := func(what, occupied, quality string) {
		err := t.home.call("select.select_option", map[string]any{"entity_id": "select.focus_room_3_09_override", "option": what})
		t.Check("Home Assistant is told: "+what, err)
		t.Until(fmt.Sprintf("it shows %s, occupied %s, quality %s", what, occupied, quality), soon, func() error {
			return t.home.shows(map[string]string{
				rig.Focus + " override": what, rig.Focus + " occupied": occupied, rig.Focus + " quality": quality,
			})
		})
		t.Until("the room's registers say the same", soon, func() error { return t.registers(occupied, quality) })
	}
	choose("vacant", "off", "forced")
	choose("occupied", "on", "forced")
	block, err := t.block()
	if t.Check("they are read over Modbus", err) {
		t.Say("%s", block)
	}
	choose("automatic", "on", "good") // the off-delay runs since motion ended
}

// block reads the registers of the Focus Room as a controller does, decoded.
func (t *trial) block() (string, error) {
	list, err := t.gateway.Command("points", "list")
	if err != nil {
		return "", err
	}
	// NUMBER  UNIT  ADDRESS  INPUT  HOLDING  KIND …
	for line := range strings.Lines(list) {
		if words := strings.Fields(line); len(words) > 4 && strings.Contains(line, rig.Focus) {
			return t.gateway.Command("read", "--target", fmt.Sprintf("127.0.0.1:%d", t.gateway.ModbusPort), words[2], "16")
		}
	}
	return "", fmt.Errorf("the Focus Room is not in the list:\n%s", list)
}

func (t *trial) registers(occupied, quality string) error {
	block, err := t.block()
	if err != nil {
		return err
	}
	value := map[string]string{"on": "1", "off": "0"}[occupied]
	pattern := `(?m)^\d+ +\d+ +` + value + ` +occupied [^$]*^\d+ +\d+ +\d +quality +` + quality + ` `
	if !regexp.MustCompile(pattern).MatchString(block) {
		return fmt.Errorf("want occupied %s, quality %s:\n%s", value, quality, block)
	}
	return nil
}

// republish presses the button.
func (t *trial) republish() {
	t.Chapter("The button that has everything published again")
	topics := make(chan map[string]string, 1)
	go func() {
		heard, _ := t.broker.Next("butlr/site/+/state", 15*time.Second)
		topics <- heard
	}()
	time.Sleep(2 * time.Second) // mosquitto_sub must have subscribed
	t.Check("it is pressed", t.home.call("button.press", map[string]any{"entity_id": "button.maas_house_publish_everything_again"}))
	var err error
	if len(<-topics) == 0 {
		err = fmt.Errorf("nothing was published")
	}
	t.Check("the site is published again although nothing changed", err)
}
