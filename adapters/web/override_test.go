package web_test

import (
	"strings"
	"testing"
	"time"

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

func TestThePageShowsAClockInDoubtAndLostSites(t *testing.T) {
	for _, c := range []struct {
		sum    gateway.Summary
		say    []string
		silent []string
	}{
		{gateway.Summary{}, nil, []string{"not trusted", "silent"}},
		{gateway.Summary{ClockDoubt: "it shows <1970>"}, []string{"clock is not trusted, so that ages count from arrival: it shows &lt;1970&gt;."}, []string{"silent"}},
		{gateway.Summary{SitesLost: 1, SiteLost: "Rotterdam"}, []string{"A site is silent, and its loss policies are in force: Rotterdam."}, []string{"others", "not trusted"}},
		{gateway.Summary{SitesLost: 3, SiteLost: "Rotterdam\u202e"}, []string{"3 sites are silent", `Rotterdam\u202e, and others.`}, nil},
	} {
		b := web.NewBoard()
		b.Publish(&gateway.Update{Summary: c.sum})
		_, page := get(t, serve(t, b, reporter(hub{}, gateway.NewAlarms(nil))), "", "/")
		for _, want := range c.say {
			if !strings.Contains(page, want) {
				t.Errorf("%+v: the page does not say %q", c.sum, want)
			}
		}
		for _, not := range c.silent {
			if strings.Contains(page, not) {
				t.Errorf("%+v: the page says %q", c.sum, not)
			}
		}
	}
}

func TestThePageShowsWhatIsForcedAndUntilWhen(t *testing.T) {
	b := web.NewBoard()
	until := gateway.TimestampOf(morning.Add(3 * time.Hour))
	here, far := room(0, "Boardroom"), room(1, "Tokyo")
	here.Overrides = []gateway.Override{
		{Target: gateway.TargetOutputs, Value: 1, Source: gateway.FromOperator, Author: "anna", Reason: "fire <drill>\u202e", Until: until},
		{Target: gateway.TargetLighting, Value: 0, Source: gateway.FromController, Until: until},
		{Target: gateway.TargetPeople, Value: 12, Source: gateway.FromMessage, Author: "scheduler", Until: until},
	}
	far.Asset.Site = "site_tokyo"
	far.Overrides = []gateway.Override{{Target: gateway.TargetOutputs, Value: 0, Source: gateway.FromController, Until: until}}
	publish(b, here, far)
	_, page := get(t, serve(t, b, reporter(hub{}, gateway.NewAlarms(nil))), "", "/")
	for _, want := range []string{
		"; 4 overrides in force.",
		`>forced occupied until 10 Mar 2026 12:00 UTC by anna (operator): fire &lt;drill&gt;\u202e<`,
		">lighting forced vacant until 10 Mar 2026 12:00 UTC by controller<",
		">people forced to 12 until 10 Mar 2026 12:00 UTC by scheduler (message)<",
		">forced vacant until 10 Mar 2026 21:00 JST by controller<", "people 3 at 18:00:00",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	publish(b, room(0, "Boardroom"), room(1, "Tokyo"))
	if _, page = get(t, serve(t, b, reporter(hub{}, gateway.NewAlarms(nil))), "", "/"); strings.Contains(page, "overrid") {
		t.Error("the page speaks of overrides though there is none")
	}
}
