package peers_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/internal/peers"
)

// Seen to break it: a burst of 9; not waiting for full to come back to now, so that patience saves guesses up.
func TestGuessesAreATokenBucket(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		pauses := rapid.SliceOfN(rapid.IntRange(0, 90_000), 1, 60).Draw(r, "milliseconds between")
		synctest.Test(t, func(*testing.T) {
			g, from := peers.NewGuesses(), netip.MustParseAddr("192.0.2.1")
			want := rate.NewLimiter(rate.Every(time.Minute/10), 10)
			for i, pause := range pauses {
				time.Sleep(time.Duration(pause) * time.Millisecond)
				left, taken, allowed := g.Left(from), g.Take(from), want.Allow()
				if taken != allowed || left != taken {
					r.Fatalf("guess %d: taken %v, left %v, want %v", i, taken, left, allowed)
				}
			}
		})
	})
}

// Seen to break it: GiveBack without effect; giving back twice.
func TestAGuessThatWasRightCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, from := peers.NewGuesses(), netip.MustParseAddr("192.0.2.1")
		for range 100 {
			if !g.Take(from) {
				t.Fatal("right answers used the guesses up")
			}
			g.GiveBack(from)
		}
		for i := range peers.Burst {
			if !g.Take(from) {
				t.Fatalf("only %d guesses are left", i)
			}
		}
		g.GiveBack(from)
		if !g.Take(from) || g.Take(from) {
			t.Error("one right answer did not give back one guess")
		}
	})
}

// Seen to break it: one table slot for all; forgetting the newest instead of the oldest.
func TestNobodyUsesUpTheGuessesOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := peers.NewGuesses()
		attacker := netip.MustParseAddr("192.0.2.1")
		for range peers.Burst {
			g.Take(attacker)
		}
		address := netip.MustParseAddr("10.0.0.0")
		for i := range 20_000 {
			if address = address.Next(); !g.Take(address) {
				t.Fatalf("address %d has no guess", i)
			}
			if i%1000 == 0 && g.Take(attacker) {
				t.Fatal("who goes on guessing was forgotten")
			}
		}
	})
}

// Seen to break it: Network returning the address.
func TestAnIPv6NetworkIsOnePeer(t *testing.T) {
	g := peers.NewGuesses()
	for range peers.Burst {
		g.Take(netip.MustParseAddr("2001:db8:1:2::1"))
	}
	if g.Left(netip.MustParseAddr("2001:db8:1:2:ffff::9")) {
		t.Error("a network has guesses for each address")
	}
	if !g.Left(netip.MustParseAddr("2001:db8:1:3::1")) {
		t.Error("one network takes the guesses of another")
	}
}

// Seen to break it: telling every time; counting what was told.
func TestTheLogTellsOncePerPause(t *testing.T) {
	p, now := peers.NewPauses[string](time.Minute), time.Now()
	for i := range 5 {
		if _, tell := p.Tell("wrong", now.Add(time.Duration(i)*time.Second)); tell != (i == 0) {
			t.Errorf("time %d: told %v", i, tell)
		}
	}
	if _, tell := p.Tell("other", now); !tell {
		t.Error("one key is told instead of another")
	}
	if more, tell := p.Tell("wrong", now.Add(time.Minute)); !tell || more != 4 {
		t.Errorf("a minute later: told %v with %d more, want 4", tell, more)
	}
}
