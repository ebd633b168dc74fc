package web_test

import (
	"testing"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

func TestTheBoardCountsOverrides(t *testing.T) {
	b := web.NewBoard()
	forced := func(number gateway.Number, targets ...gateway.Target) gateway.Snapshot {
		s := room(number, "Room")
		for _, target := range targets {
			s.Overrides = append(s.Overrides, gateway.Override{Target: target})
		}
		return s
	}
	for _, step := range []struct {
		shown []gateway.Snapshot
		want  int
	}{
		{[]gateway.Snapshot{forced(1)}, 0},
		{[]gateway.Snapshot{forced(1, gateway.TargetOutputs), forced(4, gateway.TargetPeople, gateway.TargetHVAC)}, 3},
		{[]gateway.Snapshot{forced(1, gateway.TargetOutputs)}, 3},
		{[]gateway.Snapshot{forced(4, gateway.TargetHVAC)}, 2},
		{[]gateway.Snapshot{forced(1), forced(4)}, 0},
	} {
		if publish(b, step.shown...); b.Overrides() != step.want {
			t.Errorf("%d overrides, want %d", b.Overrides(), step.want)
		}
	}
}
