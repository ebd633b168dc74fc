package web_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// archive knows the assets that it explains.
type archive struct {
	explained map[gateway.AssetID]func() *gateway.Explanation
	moments   []int // how many assets were asked for at one moment
	fails     error
}

func (a *archive) Find(_ context.Context, name string) (gateway.AssetID, error) {
	if a.fails != nil {
		return "", a.fails
	}
	id := gateway.AssetID(name)
	if name == "custom:MH-3.12" {
		id = "room_1"
	}
	if id != "room_gone" && a.explained[id] == nil {
		return "", web.UnknownAsset{Err: fmt.Errorf("finding %s: there is none", name)}
	}
	return id, nil
}

func (a *archive) Contents(context.Context) (gateway.Contents, error) {
	return gateway.Contents{Assets: slices.Sorted(maps.Keys(a.explained)), Remembered: 2, Digest: gateway.IncrementKey{1, 2}}, a.fails
}

func (a *archive) Explain(_ context.Context, ids []gateway.AssetID, show func(*gateway.Explanation)) error {
	a.moments = append(a.moments, len(ids))
	for _, id := range ids {
		if explain := a.explained[id]; explain != nil {
			e := explain()
			show(e)
			forget(e)
		}
	}
	return a.fails
}

// forget overwrites an explanation, as the state does that it shares its memory with.
func forget(e *gateway.Explanation) {
	for i := range e.Feeds {
		clear(e.Feeds[i].History.Window)
	}
	clear(e.Points)
	clear(e.Feeds)
	clear(e.Overrides)
	if e.Members != nil {
		clear(e.Members.Missing)
	}
}

// overrider is a hub of funcs; what a test does not expect panics.
type overrider struct {
	force   func(gateway.AssetID, gateway.Override) (gateway.Override, error)
	release func(id gateway.AssetID, target gateway.Target, all bool, by gateway.Source, author string) ([]gateway.Override, error)
	reset   func(gateway.AssetID) error
}

func (o overrider) Force(_ context.Context, id gateway.AssetID, v gateway.Override) (gateway.Override, error) {
	return o.force(id, v)
}

func (o overrider) Release(_ context.Context, id gateway.AssetID, target gateway.Target, all bool, by gateway.Source, author string) ([]gateway.Override, error) {
	return o.release(id, target, all, by, author)
}

func (o overrider) ResetEstimate(_ context.Context, id gateway.AssetID, _ string) error {
	return o.reset(id)
}

// boardroom is an explanation with something in every part of it.
func boardroom() *gateway.Explanation {
	at := gateway.TimestampOf(morning)
	minute := time.Minute
	return &gateway.Explanation{
		Asset: &gateway.Asset{
			ID: "room_1", Kind: gateway.Room, Number: 3, Name: "Boardroom", Given: "Board <room>", CustomID: "MH-3.12",
			Parent: "space_3", Path: []string{"Campus", "Level 3"}, Capacity: 12, Site: "site_1",
			Facts: &gateway.Facts{At: at - 3_600_000, Capacity: 10, Tags: []string{"lab", "quiet"}},
		},
		Quality: gateway.Forced, Number: 3, Heard: true, Age: 90 * time.Second, OffDelay: 1500 * time.Millisecond,
		Traffic: &gateway.TrafficExplanation{
			In: 40, Out: 42, At: at, Net: -2, Since: at.Add(-time.Hour), Reset: true, Lacks: true, More: 1,
			Sensors: []gateway.SensorExplanation{{ID: "sensor_1", Name: "Door", In: 40, Out: 42, At: at}},
		},
		Settings: []gateway.SettingExplanation{{Key: "evidence", Value: "both", From: "[class.room]"}},
		Points: []gateway.PointExplanation{
			{Measure: gateway.Occupied, Reading: gateway.Reading{Value: 1, At: at, Known: true, Quality: gateway.Forced}, Reason: "forced by operator", Code: gateway.ReasonForced},
			{Measure: gateway.Motion, Reading: gateway.Reading{}, Reason: "nothing known", Code: gateway.ReasonNoData, Doubt: "it has no PIR"},
			{Measure: gateway.TrafficIn, Reading: gateway.Reading{Value: 40, At: at, Known: true, Quality: gateway.Good}},
		},
		Feeds: []gateway.FeedExplanation{{
			Feed: gateway.PeopleFeed, Counts: true, Chosen: true, Life: "live", Rule: "minute", Freshness: "its own silence", Newest: at, StaleAt: at.Add(5 * minute), DeadAt: at.Add(15 * minute),
			History: gateway.History{
				Window: []gateway.Entry{{At: at.Add(-minute), ID: gateway.EventIDOf("x"), Value: 2}, {At: at, ID: gateway.EventIDOf("event_3nprwZCAqYdJzGI97efWqGm0pXn"), Value: 3}},
				Before: gateway.Before{
					LastPositive: at.Add(-40 * minute), FirstClear: at.Add(-39 * minute), Newest: at.Add(-31 * minute), Day: at.Add(-9 * time.Hour), Peak: 6, Minutes: 31,
					LastMinute: int64(at.Add(-40*minute)) / minute.Milliseconds(),
					Output:     gateway.Past{At: at.Add(-30 * minute), On: [3]bool{true, true, false}, Since: [3]gateway.Timestamp{at.Add(-50 * minute)}},
				},
			},
		}, {Feed: gateway.MotionFeed, Life: "never", Rule: "change"}},
		Overrides: []gateway.Override{{
			Asset: 3, Target: gateway.TargetOutputs, Value: 1, Source: gateway.FromOperator, Author: "anna", Reason: "fire drill", Since: at, Until: at.Add(time.Hour),
		}},
		Site: gateway.SiteExplanation{
			ID: "site_1", Name: "Campus", Newest: at, MinuteFeeds: 4, Heartbeat: true, Starts: [2]gateway.Timestamp{at, 0}, Minutes: "00ff", Silence: gateway.Silence{From: at.Add(-3 * time.Hour), To: at.Add(-2 * time.Hour)},
			Hours: "Mon-Fri 06:00-20:00", InUse: true, Timezone: "Europe/Amsterdam",
		},
	}
}

// level is an explanation of an aggregate.
func level() *gateway.Explanation {
	return &gateway.Explanation{
		Asset: &gateway.Asset{ID: "space_3", Kind: gateway.Floor, Number: 2}, Number: 2, Quality: gateway.Uncertain,
		Members: &gateway.MembersExplanation{
			Total: 3, Itself: true, Qualities: [gateway.QualityCount]int{gateway.Good: 2, gateway.Held: 1}, Coverage: 667, Missing: []string{"custom:MH-3.99"}, More: 1,
			Members: []gateway.MemberExplanation{
				{ID: "space_3", Name: "Level 3", Itself: true, Occupied: gateway.Reading{Value: 1, Known: true}, Quality: gateway.Good, Reason: "people 3"},
				{ID: "room_2", Name: "Hall", Occupied: gateway.Reading{}, People: gateway.Reading{Value: 4, Known: true}, Quality: gateway.Held, Reason: "nothing since"},
			},
		},
	}
}

func newDesk(o overrider) (*web.Desk, *archive) {
	a := &archive{explained: map[gateway.AssetID]func() *gateway.Explanation{"room_1": boardroom, "space_3": level}}
	return &web.Desk{Archive: a, Overrider: o, Now: func() gateway.Timestamp { return gateway.TimestampOf(morning) }}, a
}

func TestForcing(t *testing.T) {
	at := gateway.TimestampOf(morning)
	for _, c := range []struct {
		name  string
		order web.ForceOrder
		want  gateway.Override
	}{
		{"all outputs", web.ForceOrder{Asset: "room_1", Target: "occupied", Value: new(1), For: "2h", Reason: "fire drill", Author: "anna"},
			gateway.Override{Target: gateway.TargetOutputs, Value: 1, Source: gateway.FromOperator, Author: "anna", Reason: "fire drill", Until: at.Add(2 * time.Hour)}},
		{"one output, for as long as usual", web.ForceOrder{Asset: "custom:MH-3.12", Target: "ventilation", Value: new(0)},
			gateway.Override{Target: gateway.TargetVentilation, Source: gateway.FromOperator}},
		{"people, for as long as possible", web.ForceOrder{Asset: "room_1", Target: "people", Value: new(65534), For: "720h"},
			gateway.Override{Target: gateway.TargetPeople, Value: 65534, Source: gateway.FromOperator, Until: at.Add(30 * 24 * time.Hour)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			desk, _ := newDesk(overrider{force: func(id gateway.AssetID, o gateway.Override) (gateway.Override, error) {
				if diff := cmp.Diff(c.want, o); id != "room_1" || diff != "" {
					t.Errorf("%s (-want +got):\n%s", id, diff)
				}
				o.Since, o.Until = at, at.Add(time.Hour)
				return o, nil
			}})
			forced, err := desk.Force(t.Context(), c.order)
			if err != nil {
				t.Fatal(err)
			}
			want := web.Override{
				Author: c.want.Author, Reason: c.want.Reason, Source: "operator", Target: c.order.Target, Value: *c.order.Value,
				Since: web.Moment(at), Until: web.Moment(at.Add(time.Hour)),
			}
			beside := []web.Override{}
			if all := boardroom().Overrides[0]; c.want.Target != all.Target {
				beside = append(beside, web.OverrideOf(&all))
			}
			if diff := cmp.Diff(&web.Forced{Asset: "room_1", Override: want, Beside: beside}, forced); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// What is not in order changes nothing: the hub of these orders panics when it is asked for anything.
func TestOrdersThatCannotBeCarriedOut(t *testing.T) {
	desk, _ := newDesk(overrider{})
	good := web.ForceOrder{Asset: "room_1", Target: "occupied", Value: new(1)}
	for name, edit := range map[string]func(*web.ForceOrder){
		"asset is missing":           func(o *web.ForceOrder) { o.Asset = "" },
		`target "motion" is none`:    func(o *web.ForceOrder) { o.Target = "motion" },
		`target "" is none`:          func(o *web.ForceOrder) { o.Target = "" },
		"value is missing":           func(o *web.ForceOrder) { o.Value = nil },
		"value 2 is not possible":    func(o *web.ForceOrder) { o.Value = new(2) },
		"value -1 is not possible":   func(o *web.ForceOrder) { o.Target, o.Value = "people", new(-1) },
		"value 65535 is not":         func(o *web.ForceOrder) { o.Target, o.Value = "people", new(65535) },
		`for "721h" is not possible`: func(o *web.ForceOrder) { o.For = "721h" },
		`for "0s" is not possible`:   func(o *web.ForceOrder) { o.For = "0s" },
		`for "-1h" is not possible`:  func(o *web.ForceOrder) { o.For = "-1h" },
		`for "long" is not possible`: func(o *web.ForceOrder) { o.For = "long" },
		"the reason is too long":     func(o *web.ForceOrder) { o.Reason = strings.Repeat("x", 257) },
		"the reason is too long, or": func(o *web.ForceOrder) { o.Reason = "\xff" },
		"the author is too long":     func(o *web.ForceOrder) { o.Author = strings.Repeat("x", 65) },
	} {
		order := good
		edit(&order)
		_, err := desk.Force(t.Context(), order)
		if _, bad := errors.AsType[web.BadOrder](err); !bad || !strings.Contains(err.Error(), name) {
			t.Errorf("%v; want a bad order that says %q", err, name)
		}
	}
	good.Asset = "room_9"
	if _, err := desk.Force(t.Context(), good); !unknown(err) {
		t.Errorf("forcing what is not there: %v", err)
	}
	if _, err := desk.Release(t.Context(), web.ReleaseOrder{Asset: "room_9"}); !unknown(err) {
		t.Errorf("releasing what is not there: %v", err)
	}
	if _, err := desk.ResetEstimate(t.Context(), web.ResetOrder{Asset: "room_9"}); !unknown(err) {
		t.Errorf("resetting what is not there: %v", err)
	}
	if _, err := desk.Release(t.Context(), web.ReleaseOrder{Asset: "room_1", Target: "motion"}); err == nil {
		t.Error("releasing a target that is none was accepted")
	}
	for _, gone := range []string{"room_9", "room_gone"} {
		if _, err := desk.Explain(t.Context(), gone); !unknown(err) {
			t.Errorf("explaining %s: %v", gone, err)
		}
	}
}

func unknown(err error) bool {
	_, ok := errors.AsType[web.UnknownAsset](err)
	return ok
}

func TestReleasing(t *testing.T) {
	for target, want := range map[string]struct {
		target gateway.Target
		all    bool
	}{"": {gateway.TargetOutputs, true}, "occupied": {gateway.TargetOutputs, false}, "people": {gateway.TargetPeople, false}} {
		desk, _ := newDesk(overrider{release: func(id gateway.AssetID, got gateway.Target, all bool, by gateway.Source, author string) ([]gateway.Override, error) {
			if id != "room_1" || got != want.target || all != want.all || by != gateway.FromOperator || author != "anna" {
				t.Errorf("target %q releases %s of %s, all %v, by %s, %s", target, got, id, all, by, author)
			}
			return []gateway.Override{{Target: gateway.TargetPeople, Value: 4}}, nil
		}})
		got, err := desk.Release(t.Context(), web.ReleaseOrder{Asset: "custom:MH-3.12", Target: target, Author: "anna"})
		if err != nil {
			t.Fatal(err)
		}
		still := boardroom().Overrides[0]
		want := &web.Released{Asset: "room_1", Ended: []web.Override{{Source: "controller", Target: "people", Value: 4}}, Still: []web.Override{web.OverrideOf(&still)}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("target %q (-want +got):\n%s", target, diff)
		}
	}
}

func TestAnOrderThatTakesTooLongMayBeDone(t *testing.T) {
	desk, _ := newDesk(overrider{force: func(gateway.AssetID, gateway.Override) (gateway.Override, error) {
		return gateway.Override{}, context.DeadlineExceeded
	}})
	_, err := desk.Force(t.Context(), web.ForceOrder{Asset: "room_1", Target: "occupied", Value: new(1)})
	if err == nil || !strings.Contains(err.Error(), "may or may not be done") || !strings.Contains(err.Error(), "state dump room_1") {
		t.Errorf("%v", err)
	}
}

func TestADumpIsInTheOrderOfTheContentsAndBrief(t *testing.T) {
	desk, a := newDesk(overrider{})
	clear(a.explained)
	for n := range 100 {
		id := gateway.AssetID(fmt.Sprintf("room_%d", n))
		a.explained[id] = func() *gateway.Explanation {
			return &gateway.Explanation{Asset: &gateway.Asset{ID: id, Kind: gateway.Room}}
		}
	}
	last, seen := gateway.AssetID(""), 0
	err := desk.Dump(t.Context(), func(e *web.Explanation) error {
		if e.Asset <= last {
			t.Errorf("%s comes after %s", e.Asset, last)
		}
		last = e.Asset
		seen++
		return nil
	})
	if err != nil || seen != 100 {
		t.Errorf("%d assets, %v", seen, err)
	}
	for _, n := range a.moments {
		if n > 32 {
			t.Errorf("%d assets hold up the gateway at one moment", n)
		}
	}
	stop := errors.New("stop")
	if err := desk.Dump(t.Context(), func(*web.Explanation) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an end that the reader wants: %v", err)
	}
}
