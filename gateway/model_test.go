package gateway

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// modelEpoch is Mono 0 of the histories' processes.
var modelEpoch = TimestampOf(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))

// modelInstant is a moment at which both clocks are right.
func modelInstant(t Timestamp) Instant { return Instant{Wall: t.Time(), Mono: t.Sub(modelEpoch)} }

// P4: whatever is kept, the outputs, their qualities and every other reading are those of a model that
// keeps every event for ever.
//
// Seen to break it: arrival wins; an occupancy dropped because its id was seen; one of the three times dropped;
// a latch that people do not end; raw people in use although they are stale; an on-delay while the output is
// on; the feed of people that was in use before left out of that; hours, or the end of hold, ignored; a silence of
// the site not noticed, or by the dead_after of the site alone; starts that are one outage to some asset kept as one
// for all; the deadlines of a delay counted
// from when a run began.
func TestStateIsAsTheReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		rules := drawRules(r)
		likeTheReference(r, rules, drawHistory(r, rules, historyOptions{Lateness: 25 * time.Minute, Duplicates: true}))
	})
}

// The same where every output has an on-delay that is not over at once, so that what was on before matters.
//
// Seen to break it: revisions dropped without remembering where the outputs stood; a feed that was dead only while
// the gateway was down taken for one whose policy had turned something on.
func TestOnDelaysAreAsTheReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		rules := drawRulesOfOneRoom(r)
		rules.State.Evidence = rapid.SampledFrom([]Evidence{EvidenceEither, EvidenceEither, EvidencePeople, EvidenceBoth}).Draw(r, "evidence with people")
		for o := range Output(OutputCount) {
			rules.State.OnDelay[o] = drawDuration(r, "long on-delay", time.Minute, 3*time.Minute, 7*time.Minute)
			rules.State.OffDelay[o] = drawDuration(r, "short off-delay", 90*time.Second, 6*time.Minute, 10*time.Minute)
		}
		likeTheReference(r, rules, drawHistory(r, rules, historyOptions{Steps: 20, Lateness: 25 * time.Minute}))
	})
}

// likeTheReference lets a history happen, and compares what is shown on the way.
func likeTheReference(r *rapid.T, rules Rules, history []timedEvent) {
	if len(history) == 0 {
		return
	}
	start := history[0].Arrival.Add(-time.Hour)
	s, err := NewState(rules, &Saved{}, modelInstant(start))
	if err != nil {
		r.Fatal(err)
	}
	model := newReference(rules, start, 0)
	starts, up := drawRestarts(r, history), Timestamp(0)
	for i, d := range history {
		for len(starts) > 0 && d.Arrival > starts[0].Alive { // it is down, loses nothing, and nobody looks until it starts
			up = starts[0].At
			s.clock.started = modelInstant(up).Mono
			s.begun(starts[0].Alive, up)
			model.restart(up, starts[0].Alive)
			starts = starts[1:]
		}
		if err := s.Apply(modelInstant(d.Arrival), []Event{d.Event}); err != nil {
			r.Fatal(err)
		}
		s.Batch()
		s.Settle(modelInstant(d.Arrival))
		model.apply(d.Arrival, d.Event)
		if next := i + 1; d.Arrival < up || next < len(history) && history[next].Arrival == d.Arrival {
			continue
		}
		compareModel(r, s, model, d.Arrival)
		compareModel(r, s, model, d.Arrival.Add(drawDuration(r, "later", 0, time.Second, time.Minute, 5*time.Minute, 15*time.Minute, time.Hour, 26*time.Hour)))
	}
}

func compareModel(r *rapid.T, s *State, ref *reference, now Timestamp) {
	defer func() {
		if !r.Failed() {
			return
		}
		for _, e := range ref.events {
			r.Log(timedEvent{e.At, e})
		}
		for _, a := range s.assets {
			var to []AssetID
			for _, m := range a.memberOf {
				to = append(to, m.aggregate.about.ID)
			}
			found, missing := []AssetID{}, []string{}
			if a.sum != nil {
				found, missing = ref.membersOf(a.about.ID)
			}
			x := s.Explain(modelInstant(now), a.about.ID)
			r.Logf("%s in %v; members %v missing %v; %s; %v", a.about.ID, to, found, missing, a.shown.quality, x.Overrides)
			r.Logf("      %+v; last loss %v", *a.settings, x.Site.Silence)
			for _, f := range x.Feeds {
				r.Logf("   %s counts %v chosen %v %s by %s newest %s stale %s dead %s, %v %+v", f.Feed, f.Counts, f.Chosen, f.Life, f.Rule, f.Newest.Time(), f.StaleAt.Time(), f.DeadAt.Time(), len(f.History.Window), f.History.Before)
			}
		}
	}()
	s.All(modelInstant(now))
	for _, a := range slices.SortedStableFunc(slices.Values(s.assets), func(a, b *asset) int { return one(a.sum != nil) - one(b.sum != nil) }) {
		var got Snapshot
		s.evaluate(a, now, &got)
		want := ref.show(now, a.about.ID)
		for m := range Measure(MeasureCount) {
			g, w := got.Readings[m], want.Readings[m]
			if got.Has.Has(m) != want.Has.Has(m) || g.Known != w.Known || g.Known && g.Value != w.Value || g.Quality != w.Quality {
				r.Fatalf("at %s: %s of %s: got %+v, want %+v (%s)", now.Time().Format(time.DateTime), m, a.about.ID, g, w, got.Reason.Text(time.UTC))
			}
		}
		if got.Quality != want.Quality || got.Coverage != want.Coverage || got.Estimate != want.Estimate {
			r.Fatalf("at %s: %s: got %s, coverage %d, estimate %v; want %s, %d, %v", now.Time().Format(time.DateTime), a.about.ID, got.Quality, got.Coverage, got.Estimate, want.Quality, want.Coverage, want.Estimate)
		}
		if code := want.Codes[HVACOutput]; got.Has.Has(HVAC) && got.Reason.Code != code && a.settings.Evidence != EvidenceBoth {
			r.Fatalf("at %s: %s: reason %d %q, want %d", now.Time().Format(time.DateTime), a.about.ID, got.Reason.Code, got.Reason.Text(time.UTC), code)
		}
	}
}
