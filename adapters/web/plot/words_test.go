package plot

import (
	"testing"
	"time"
)

// What the text alternative says is what there is to see.
func TestWordsSayTheEssentials(t *testing.T) {
	title, about := day(time.Date(2026, 3, 10, 0, 0, 0, 0, amsterdam), 24).Words()
	if want := "Boardroom <Erasmus> from 10 Mar 2026 00:00 CET to 11 Mar 2026 00:00 CET"; title != want {
		t.Errorf("title %q, want %q", title, want)
	}
	want := "Between 0 and 7 people. HVAC occupied for 3 h 54 min, of which 10 min by its off-delay. " +
		"For 1 h nothing was heard, and a kept or a policy's value stood in. " +
		"For 1 h nothing is known: no gateway ran, or it had not heard of the asset."
	if about != want {
		t.Errorf("about\n%q, want\n%q", about, want)
	}
}

// What lasts for days is not told in hundreds of hours, and one count that never changed is no range.
// Seen to break it: hours that are not rounded; a range from 1 to 1.
func TestWordsAreNoFinerThanMatters(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"less than a minute": time.Second, "59 min": 59 * time.Minute, "1 h": time.Hour, "24 h": 24 * time.Hour, "47 h 59 min": 48*time.Hour - time.Minute,
		"31 days": 31*24*time.Hour - time.Minute, "2 days 1 h": 49*time.Hour + 10*time.Minute,
	} {
		if got := Lasting(d); got != want {
			t.Errorf("%s lasts %q, want %q", d, got, want)
		}
	}
	from := time.Date(2026, 3, 10, 0, 0, 0, 0, amsterdam)
	c := &Course{From: from, Until: from.Add(time.Hour), Place: amsterdam, Runs: []Run{{from, from.Add(time.Hour)}}, Before: &Sample{At: from.Add(-time.Hour), People: people(1), Quality: "good"}}
	if _, about := c.Words(); about != "1 person all the time that there was a count." {
		t.Errorf("about %q", about)
	}
}
