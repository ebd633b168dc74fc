package gateway

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Which silences a site knows of, of what it heard of in any order.

// silencesOf returns the newest silence that is longer than a loss takes, of all moments at which a site said
// something: told as a site remembers them, to the minute and the second.
func silencesOf(heard []Timestamp, loss time.Duration) (newest Silence) {
	up := func(t Timestamp) Timestamp { return (t + second - 1) / second * second }
	heard = slices.Sorted(slices.Values(heard))
	for i := 1; i < len(heard); i++ {
		s := Silence{up(heard[i-1]), up(heard[i])}
		if heard[i-1].Minute() != heard[i].Minute() && s.length() > loss {
			newest = s
		}
	}
	return newest
}

// Of every loss that the rules know a site has the newest silence that is one, however late events tell it that
// it said something after all. What it keeps of them is as much as there are losses at most, and it finds it anew.
//
// Seen to break it: a silence left as it was when what is late shortens it; silences not settled when their minutes
// are remembered no longer; silences kept that are the newest to no loss.
func TestTheNewestSilenceOfEveryLossIsKnown(t *testing.T) {
	t.Parallel()
	losses := []time.Duration{2 * time.Minute, 8 * time.Minute, 15 * time.Minute, 30 * time.Minute, 3 * time.Hour}
	rapid.Check(t, func(t *rapid.T) {
		l := siteLife{minutes: make([]byte, 2*31), losses: losses}
		clock, heard := referenceClock("09:00:00"), []Timestamp(nil)
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			clock = clock.Add(drawDuration(t, "pause", 0, time.Second, time.Minute, 3*time.Minute, 10*time.Minute, 16*time.Minute, 40*time.Minute, 5*time.Hour))
			at := clock
			if rapid.Bool().Draw(t, "late") {
				at = at.Add(-time.Duration(rapid.IntRange(0, 1500).Draw(t, "seconds late")) * time.Second)
			}
			at += Timestamp(rapid.SampledFrom([]int{0, 0, 1, 59_999}).Draw(t, "a little later"))
			l.hear(at)
			heard = append(heard, at)
			clock = max(clock, at)
			for _, loss := range losses {
				if got, want := l.lastBeyond(loss), silencesOf(heard, loss); got != want {
					t.Fatalf("the silence beyond %s: got %s to %s, want %s to %s", loss, got.From.Time(), got.To.Time(), want.From.Time(), want.To.Time())
				}
			}
			known := l.silences
			if l.findSilences(); len(known) > len(losses) || !slices.Equal(known, l.silences) {
				t.Fatalf("silences %v, found anew %v", known, l.silences)
			}
		}
	})
}

// heardAgain is what a site with other rules takes up of one that was heard of at some moments.
func heardAgain(minutes int, losses []time.Duration, clocks ...string) *siteLife {
	old := siteLife{minutes: make([]byte, 2*31), losses: []time.Duration{15 * time.Minute}}
	for _, clock := range clocks {
		old.hear(referenceClock(clock))
	}
	saved := old.export(0)
	l := &siteLife{minutes: make([]byte, 2*minutes), losses: losses}
	l.restore(&saved)
	return l
}

// The rules may be others after a restart: what was no loss is one, and minutes may be remembered for longer or
// not for as long.
//
// Seen to break it: silences not found anew at a start; minutes that are remembered no more taken for silent, and
// those that were not remembered.
func TestOtherRulesFindOtherSilences(t *testing.T) {
	at := func(clock string) Timestamp { return referenceClock(clock) }
	eight := []time.Duration{8 * time.Minute, 15 * time.Minute}
	l := heardAgain(31, eight, "09:00:00", "09:10:00", "09:12:00")
	if got, want := l.lastBeyond(eight[0]), (Silence{at("09:00:00"), at("09:10:00")}); got != want {
		t.Errorf("with a shorter dead_after: got %v, want %v", got, want)
	}
	l = heardAgain(10, eight, "08:20:00", "08:27:00", "08:34:00", "08:41:00", "08:48:00", "08:55:00", "09:02:00", "09:07:00", "09:12:00", "09:14:00")
	l.hear(at("09:16:00"))
	l.hear(at("09:13:00"))
	if l.silences != nil {
		t.Errorf("with fewer minutes: got %v, want none", l.silences)
	}
	ten := []time.Duration{8 * time.Minute, 10 * time.Minute}
	l = heardAgain(241, ten, "08:00:00", "08:07:00", "08:14:00", "08:21:00", "08:28:00", "08:35:00", "08:42:00")
	l.hear(at("08:03:00")) // nobody knows what else was said then
	l.hear(at("09:00:00"))
	l.hear(at("08:51:00"))
	if got, want := l.silences, []Silence{{at("08:51:00"), at("09:00:00")}}; !slices.Equal(got, want) {
		t.Errorf("with more minutes: got %v, want %v", got, want)
	}
}

// What a site said before a moment that a wrong clock had admitted is forgotten, and no silence is told there.
//
// Seen to break it: what was said before taken for silence.
func TestWhatIsForgottenWasNoSilence(t *testing.T) {
	at := func(clock string) Timestamp { return referenceClock(clock) }
	losses := []time.Duration{15 * time.Minute}
	l := siteLife{minutes: make([]byte, 2*31), losses: losses}
	for _, clock := range []string{"08:00:00", "08:30:00", "08:40:00", "08:50:00", "09:00:00", "33:00:00"} {
		l.hear(at(clock))
	}
	l.forget(at("10:00:00"), at("09:00:00"))
	l.hear(at("08:41:00"))
	l.hear(at("09:01:00"))
	l.hear(at("08:40:00"))
	if got, want := l.silences, []Silence{{at("08:00:00"), at("08:30:00")}}; !slices.Equal(got, want) {
		t.Errorf("silences: got %v, want %v", got, want)
	}
	if l.heard != at("09:01:00") {
		t.Errorf("heard of at %s", l.heard.Time())
	}
}
