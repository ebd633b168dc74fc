package gateway

import (
	"slices"
	"testing"
	"time"
)

// Where people and motion must both say so, what the output did when people was last live is not kept for longer than
// motion's window. Then what is held of people is on where it may have been: on rather than off.
//
// Seen to break it: heldAt answering what is left of the window alone.
func TestWhatBothHeldIsOnWhereItMayHaveBeen(t *testing.T) {
	for _, c := range []struct {
		name    string
		before  Event // of motion, until 09:12
		modelOn bool
	}{
		{"it was on", refMotion("room_a", "08:30:00"), true},
		{"it may have been", refNoMotion("room_a", "08:30:00"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := DefaultRules()
			rules.State.Evidence = EvidenceBoth
			rules.State.OnDelay[LightingOutput], rules.State.OnLoss[LightingOutput] = 5*time.Minute, PolicyHold
			events := slices.Concat([]Event{c.before, refNoMotion("room_a", "09:12:00"), refPeople("room_a", 0, "09:11:00")},
				refEveryMinute("09:00:00", "09:10:00", func(at string) Event { return refPeople("room_a", 2, at) }),
				refRhythm("08:30:00", "12:30:00"),
				[]Event{refMotion("room_a", "10:30:00"), refNoMotion("room_a", "10:32:00"), refMotion("room_a", "11:30:00"),
					refNoMotion("room_a", "11:32:00"), refMotion("room_a", "12:30:00")})
			slices.SortStableFunc(events, func(a, b Event) int { return int(a.At - b.At) })
			p := begin(t, rules, newDisk(), referenceClock("08:00:00"))
			model := newReference(rules, referenceClock("08:00:00"), 0)
			for _, e := range events {
				p.take(t, e.At, e)
				model.apply(e.At, e)
			}
			now := referenceClock("12:31:00")
			if got := p.shows(now)["room_a"].Readings[Lighting]; got.Value != 1 || got.Quality != Substituted {
				t.Errorf("lighting %d %s, want 1 substituted", got.Value, got.Quality)
			}
			if got := model.show(now, "room_a").Readings[Lighting].Value == 1; got != c.modelOn {
				t.Errorf("of all events lighting is on: %v, want %v", got, c.modelOn)
			}
		})
	}
}
