package mqtt

import (
	"testing"
	"time"

	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/adapters/mqtt/internal/homeassistant"
	"butlr-gateway/gateway"
)

// What Home Assistant shows of an asset is what its state says, whether known or not, and unknown where the
// state does not have it.
//
// Seen to break it: a measure under another key than in the state; "default(none)" left out of a template;
// the reason not cut; the quality's options without one of them.
func TestHomeAssistantShowsTheState(t *testing.T) {
	g := &discovery.Gateway{Place: discovery.Place{Prefix: "homeassistant", Form: discovery.Devices}, ID: "1a2b3c4d", Root: "butlr", Commands: true}
	everything := gateway.Measures(1<<gateway.MeasureCount - 1)
	forced := meetingRoom()
	forced.Overrides = []gateway.Override{{Target: gateway.TargetOutputs, Value: 0, Author: "somebody", Reason: longReason()}}
	forced.Quality, forced.Reason = gateway.Forced, gateway.Reason{Code: gateway.ReasonForced, By: &forced.Overrides[0]}
	snapshots := snapshots()
	snapshots["long reason"] = forced
	for q := range gateway.Quality(gateway.QualityCount) {
		s := meetingRoom()
		s.Quality = q
		snapshots["quality "+q.String()] = s
	}
	for name, s := range snapshots {
		t.Run(name, func(t *testing.T) {
			payload := string(appendState(nil, &s, time.UTC))
			d := g.Of(discovery.Asset{Asset: s.Asset, Has: everything, Aggregate: true, Via: g.SelfNode()})
			shown := shown(t, g, &d, payload)
			for m := range gateway.Measure(gateway.MeasureCount) {
				want := "unknown"
				if r := s.Reading(m); s.Has.Has(m) && r.Known {
					want = string(appendScalar(nil, m, r))
				}
				if got := shown[m.String()]; got != want {
					t.Errorf("%s is shown as %q, want %q", m, got, want)
				}
			}
			if shown["quality"] != s.Quality.String() || shown["override"] != overrideOf(&s) || (shown["last_data"] == "unknown") != (s.At == 0) {
				t.Errorf("shown are %q", shown)
			}
		})
	}
}

func longReason() string {
	var text []rune
	for range 400 {
		text = append(text, 'ü')
	}
	return string(text)
}

// What it shows of the gateway is what the gateway's own state says.
//
// Seen to break it: the key of the start left out of the state.
func TestHomeAssistantShowsTheGateway(t *testing.T) {
	g := &discovery.Gateway{Place: discovery.Place{Prefix: "homeassistant", Form: discovery.Devices}, ID: "1a2b3c4d", Root: "butlr"}
	o := testOptions()
	sum := gateway.Summary{Assets: 3}
	self := g.Self()
	show := func() map[string]string {
		return shown(t, g, &self, string(appendGateway(nil, &o, o.Clock(), &sum)))
	}
	if got := show(); got["alarms"] != "0" || got["problem"] != "OFF" || got["assets"] != "3" || got["started"] != "2026-11-23T07:15:03.000Z" {
		t.Errorf("shown are %q", got)
	}
	o.Alarms.Raise(gateway.BrokerDown, `a "broker"`)
	if got := show(); got["alarms"] != "1" || got["problem"] != "ON" {
		t.Errorf("with an alarm shown are %q", got)
	}
}

// shown returns what is shown for each entity of a device that reads its state.
func shown(t *testing.T, g *discovery.Gateway, d *discovery.Device, payload string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	steps := g.Steps(d, nil)
	for _, m := range steps.Say() {
		entities, faults := homeassistant.Parse(g.Prefix, m.Topic, m.Payload)
		if len(faults) > 0 {
			t.Fatalf("%s: %q", m.Topic, faults)
		}
		for _, e := range entities {
			if e.Text("value_template") == "" {
				continue
			}
			text, err := e.Show(payload)
			if err != nil {
				t.Error(err)
			}
			all[e.Text("unique_id")[len(d.Node)+1:]] = text
		}
	}
	return all
}
