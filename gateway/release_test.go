package gateway_test

import (
	"testing"

	"butlr-gateway/gateway"
)

// Whoever releases everything releases what he may, and is told of the rest.
//
// Seen to break it: Release returning at the first override that stays.
func TestReleasingEverythingLeavesOnlyWhatAGreaterSourceForced(t *testing.T) {
	s := newState(t, gateway.DefaultRules())
	s.All(now("09:00:00"))
	apply(t, s, now("09:00:01"), people("room_a", 0, "09:00:00"))
	for target, source := range map[gateway.Target]gateway.Source{gateway.TargetHVAC: gateway.FromOperator, gateway.TargetVentilation: gateway.FromController} {
		if _, err := s.Force(now("09:00:02"), "room_a", gateway.Override{Target: target, Value: 1, Source: source}); err != nil {
			t.Fatal(err)
		}
	}
	ended, err := s.Release(now("09:00:03"), "room_a", 0, true, gateway.FromController, "plc")
	if len(ended) != 1 || err == nil {
		t.Errorf("ended %d, %v; want 1, and to be told of the operator's", len(ended), err)
	}
	s.Batch()
	s.Settle(now("09:00:03"))
	got := show(t, s, now("09:00:04"), "room_a")
	if got.Reading(gateway.HVAC).Quality != gateway.Forced || got.Reading(gateway.Ventilation).Quality == gateway.Forced {
		t.Errorf("hvac %s, ventilation %s; want only the first forced", got.Reading(gateway.HVAC).Quality, got.Reading(gateway.Ventilation).Quality)
	}
}
