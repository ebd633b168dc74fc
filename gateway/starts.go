package gateway

import (
	"slices"
	"time"
)

// What was missed while no gateway ran, nobody saw: from when one was last alive until the grace of the next is
// over. How long that grace is, is each asset's own question, and with it which of the starts were one outage: a
// gateway that stopped in its grace had not seen what was missed before either.

// startsKept is how many starts are remembered: a silence that lasted longer is taken for a loss.
const startsKept = 16

// begun notes when a process started, and when the one before was last alive. Starts that are one outage to every
// asset are kept as one.
func (s *State) begun(alive, now Timestamp) {
	starts := slices.Clone(s.starts)
	if n := len(starts); n > 0 && alive <= starts[n-1].At.Add(s.extremes.StartupGrace) {
		alive = min(alive, starts[n-1].Alive)
		starts = starts[:n-1]
	}
	s.starts = append(starts, Start{alive, now})
	s.starts = s.starts[max(0, len(s.starts)-startsKept):]
}

// outage returns when the outage began that ended with the newest but so many of the starts, and how many starts
// it had: those before, too, whose gateway stopped in its grace.
func (s *State) outage(newest int, grace time.Duration) (alive Timestamp, starts int) {
	i := len(s.starts) - 1 - newest
	for alive = s.starts[i].Alive; i > 0 && alive <= s.starts[i-1].At.Add(grace); i-- {
		alive = min(alive, s.starts[i-1].Alive)
	}
	return alive, len(s.starts) - newest - i
}

// aliveBefore returns when a gateway was last alive before this process, and not in its grace.
func (s *State) aliveBefore(grace time.Duration) Timestamp {
	alive, _ := s.outage(0, grace)
	return alive
}

// wasDown tells whether a feed was dead, until a moment, only while no gateway was running, or one had only just
// started: then its policy turned nothing on.
func (s *State) wasDown(dead, until Timestamp, grace time.Duration) bool {
	for n := 0; n < len(s.starts); {
		ended := s.starts[len(s.starts)-1-n].At.Add(grace)
		alive, starts := s.outage(n, grace)
		if dead >= alive && until <= ended {
			return true
		}
		n += starts
	}
	return false
}
