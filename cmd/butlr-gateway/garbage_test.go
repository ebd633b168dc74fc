package main

import "testing"

// TestMoreGarbageMayLieWhereMoreIsMade: what is collected every 8 s of a campus that is busy would be collected many times
// a second of one where only 16 MB may lie there.
//
// Seen to break it: the rate not looked at; no bound above; a rate that is forgotten at once; one that never falls.
func TestMoreGarbageMayLieWhereMoreIsMade(t *testing.T) {
	const mb = 1 << 20
	var g garbage
	for _, c := range []struct {
		what           string
		live, made     uint64 // in an interval
		least, percent int    // at the most
		intervals      int
	}{
		{"nothing is known", 0, 0, 100, 100, 1},
		{"a small gateway", 10 * mb, 2 * mb, 100, 100, 3},
		{"a quiet campus", 400 * mb, 1 * mb, 4, 5, 20},
		{"a campus", 200 * mb, 1 * mb, 7, 8, 20},
		{"a busy campus", 200 * mb, 12 * mb, 23, 25, 1},
		{"a flood", 200 * mb, 200 * mb, 48, 48, 1},
		{"a moment without", 200 * mb, 0, 48, 48, 1},
		{"it is over", 200 * mb, 0, 7, 8, 20},
	} {
		for range c.intervals {
			g.bound(c.live, g.made+c.made)
		}
		if g.percent < c.least || g.percent > c.percent {
			t.Errorf("%s: %d %%, want %d to %d", c.what, g.percent, c.least, c.percent)
		}
	}
	if g.bound(200<<20, g.made) {
		t.Error("told as another one though it is the same")
	}
}
