package gateway

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// scenarioWaits are after how long something may change, by any of the rules.
func scenarioWaits(rules *Rules) []time.Duration {
	waits := []time.Duration{time.Second, 24 * time.Hour}
	add := func(s *Settings) {
		waits = append(waits, s.StaleAfter, (s.StaleAfter+s.DeadAfter)/2, s.DeadAfter, s.DeadAfter+s.HoldMax, s.MaxLatch,
			s.LightingMaxLatch, s.LatchCheck, s.ChangeUncertainAfter)
		for o := range OutputCount {
			waits = append(waits, s.OnDelay[o], s.OffDelay[o], s.MaxLatch+s.OffDelay[o])
		}
	}
	add(&rules.State)
	if room := rules.For("room_2", Room, "site_1", ""); room.DeadAfter != rules.State.DeadAfter {
		add(&room)
	}
	return waits
}

// drawMoments draws when to look at a building: around the moments when something may change. They are in
// order, and none is before the first arrival.
func drawMoments(t *rapid.T, rules Rules, history []timedEvent, count int) (moments []Timestamp) {
	if len(history) == 0 {
		return nil
	}
	middle := (rules.State.StaleAfter + rules.State.DeadAfter) / 2
	waits := append(scenarioWaits(&rules), 0, 0, 0, 0, 0, 0, middle, middle)
	for range count {
		e := rapid.SampledFrom(history).Draw(t, "look after")
		from := rapid.SampledFrom([]Timestamp{e.Arrival, e.Event.At}).Draw(t, "from")
		nudge := Timestamp(rapid.IntRange(-1, 1).Draw(t, "nudge"))
		moments = append(moments, max(history[0].Arrival, from.Add(drawDuration(t, "wait", waits...))+nudge))
	}
	slices.Sort(moments)
	return moments
}

// drawStart draws when the gateway started, around the events, and when the process before was last alive.
func drawStart(t *rapid.T, history []timedEvent) (start, lastAlive Timestamp) {
	if len(history) == 0 || rapid.Bool().Draw(t, "first start") {
		return 0, 0
	}
	start = rapid.SampledFrom(history).Draw(t, "start near").Arrival
	start = start.Add(drawDuration(t, "start after", 0, 3*time.Minute, 17*time.Minute, time.Hour))
	return start, start.Add(-drawDuration(t, "down for", time.Second, 3*time.Minute, 20*time.Minute, 10*time.Hour))
}

// drawRestarts draws some more starts after the first.
func drawRestarts(t *rapid.T, history []timedEvent) (starts []Start) {
	at, alive := drawStart(t, history)
	for at != 0 && len(starts) < 3 {
		starts = append(starts, Start{alive, at})
		alive = at.Add(drawDuration(t, "ran for", time.Second, 4*time.Minute, 30*time.Minute, 6*time.Hour))
		if rapid.Bool().Draw(t, "last start") {
			break
		}
		at = alive.Add(drawDuration(t, "down again for", time.Second, 3*time.Minute, 20*time.Minute, 10*time.Hour))
	}
	return starts
}

// What is drawn reaches every quality and every reason that the model knows.
func TestScenariosReachEverything(t *testing.T) {
	var qualities, people [QualityCount]int
	var codes [len(referenceCodes)]int
	life := rapid.Custom(func(t *rapid.T) int {
		rules := drawRules(t)
		history := drawHistory(t, rules, historyOptions{Lateness: 20 * time.Minute, Duplicates: true})
		r := newReference(rules, 0, 0)
		start, lastAlive := drawStart(t, history)
		for _, now := range drawMoments(t, rules, history, 6) {
			if now >= start {
				r.restart(start, lastAlive)
			}
			for len(history) > 0 && history[0].Arrival <= now {
				r.apply(history[0].Arrival, history[0].Event)
				history = history[1:]
			}
			for _, id := range r.ids() {
				s := r.show(now, id)
				qualities[s.Quality]++
				people[s.Readings[People].Quality]++
				for o := range Output(OutputCount) {
					if s.Has.Has(o.Measure()) {
						codes[s.Codes[o]]++
					}
				}
			}
		}
		return len(r.events)
	})
	for seed := range 600 {
		life.Example(seed)
	}
	for q := Never; q < Forced; q++ {
		if qualities[q] < 10 || people[q] < 10 {
			t.Errorf("%s: %d assets, people of %d", q, qualities[q], people[q])
		}
	}
	for code := ReasonPeople; code < ReasonOutOfService; code++ {
		if code != ReasonForced && codes[code] < 5 {
			t.Errorf("code %d, %s: %d outputs", code, referenceCodes[code], codes[code])
		}
	}
	t.Log(qualities, people, codes)
}

// Histories keep to what was asked of them.
//
// Seen to break it: lateness added to what is late already; duplicates that come before the event.
func TestScenarioHistoriesKeepToTheirOptions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := historyOptions{
			Lateness:   drawDuration(t, "lateness bound", 0, time.Minute, 29*time.Minute),
			Ahead:      drawDuration(t, "ahead bound", 0, 2*time.Minute),
			Longest:    drawDuration(t, "longest", 0, 30*time.Minute),
			Shuffled:   rapid.Bool().Draw(t, "shuffled"),
			Duplicates: rapid.Bool().Draw(t, "duplicates"),
		}
		history := drawHistory(t, drawRules(t), o)
		first := make(map[string]Timestamp)
		for i, e := range history {
			if i > 0 && e.Arrival < history[i-1].Arrival {
				t.Fatalf("%s arrives after %s", e, history[i-1])
			}
			what := timedEvent{e.Event.At, e.Event}.String()
			if _, again := first[what]; !again {
				first[what] = e.Arrival
				if late := e.Arrival.Sub(e.Event.At); late < -o.Ahead || late > o.Lateness && !o.Shuffled {
					t.Fatalf("%s with %+v", e, o)
				}
			}
			if o.Longest > 0 && e.Event.At.Sub(history[0].Event.At) > 2*o.Longest+o.Lateness {
				t.Fatalf("%s begins a long time after %s", e, history[0])
			}
		}
	})
}
