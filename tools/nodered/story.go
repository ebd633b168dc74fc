package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"butlr-gateway/tools/internal/rig"
)

const soon = 30 * time.Second

// room is what the flow answers.
type room struct {
	Name     string
	People   *int
	Occupied *bool
	Quality  string
	Usable   bool
	Gateway  string
}

// tell is what happens, in order.
func (t *trial) tell() {
	t.Chapter("Node-RED has the flow of docs/node-red-flow.json")
	var version struct{ Version string }
	t.Check("it answers", t.get("/settings", &version))
	var nodes []struct{ Type string }
	t.Check("it has the flow", t.get("/flows", &nodes))
	t.Say("Node-RED %s, %d nodes", version.Version, len(nodes))
	t.Until("all kinds of nodes are known, and the broker is connected", soon, t.running)

	t.Chapter("A building posts events")
	t.Check("the gateway starts", t.gateway.Start())
	t.life = rig.Begin(t.gateway, map[string]int{rig.Boardroom: 4, rig.Studio: 2})
	t.Until("the boardroom has four people", soon, func() error { return t.shows(rig.Boardroom, "Boardroom Erasmus", 4, "good", true) })
	t.Check("seven are counted", t.life.Set(rig.Boardroom, 7))
	t.Until("it has seven", soon, func() error { return t.shows(rig.Boardroom, "Boardroom Erasmus", 7, "good", true) })
	t.Check("nothing more is heard of the Studio", t.life.Set(rig.Studio, -1))
	t.Until("its count is held, and not to be acted on", time.Minute, func() error { return t.shows(rig.Studio, "Studio", 2, "held", false) })

	t.Chapter("The gateway is killed")
	t.gateway.Kill()
	t.Until("nothing is to be acted on", soon, func() error { return t.shows(rig.Boardroom, "Boardroom Erasmus", 7, "good", false) })
	t.Check("it is started again", t.gateway.Start())
	t.Until("the boardroom has seven people", soon, func() error { return t.shows(rig.Boardroom, "Boardroom Erasmus", 7, "good", true) })

	t.Chapter("Node-RED is restarted")
	t.nodeRed.Stop()
	t.Check("it starts", t.nodeRed.Start())
	t.Until("the boardroom has seven people, from what the broker kept", time.Minute, func() error {
		return t.shows(rig.Boardroom, "Boardroom Erasmus", 7, "good", true)
	})
}

// running is an error unless the flow runs as it is.
func (t *trial) running() error {
	log, err := os.ReadFile(t.nodeRed.LogFile())
	if err != nil {
		return err
	}
	text := string(log)
	if !strings.Contains(text, "Started flows") || !strings.Contains(text, "Connected to broker") || strings.Contains(text, "missing types") {
		return fmt.Errorf("Node-RED says:\n%s", text)
	}
	return nil
}

// shows is an error unless the flow answers that of a room.
func (t *trial) shows(id, name string, people int, quality string, usable bool) error {
	var r room
	if err := t.get("/rooms/"+id, &r); err != nil {
		return err
	}
	if r.Name != name || r.People == nil || *r.People != people || r.Quality != quality || r.Usable != usable {
		return fmt.Errorf("it answers %+v", r)
	}
	return nil
}
