package peers

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// Guesses at a secret that an address has: ten at once, ten in a minute.
const (
	Burst      = 10
	GuessEvery = time.Minute / Burst
)

// maxGuessers is how many addresses are remembered. Whoever has more of them has more guesses than that
// anyway.
const maxGuessers = 4096

// Guesses counts the wrong secrets of each address, an IPv6 network of 64 bits taken for one. Its memory
// is bounded: of too many addresses the one that guessed longest ago is forgotten, so that nobody can use
// up the guesses of another.
type Guesses struct {
	mu    sync.Mutex
	of    map[netip.Addr]*list.Element // of *guesser
	order list.List                    // who guessed last is first
}

// guesser is an address that guessed.
type guesser struct {
	from netip.Addr
	full time.Time // when it will have all of its guesses again
}

// NewGuesses returns guesses of nobody yet.
func NewGuesses() *Guesses { return &Guesses{of: make(map[netip.Addr]*list.Element)} }

// Left tells whether the address has a guess left.
func (g *Guesses) Left(from netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.of[Network(from)]
	return e == nil || e.Value.(*guesser).left(time.Now())
}

// Take takes one guess of the address, and tells whether it had one left.
func (g *Guesses) Take(from netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, who := time.Now(), g.find(Network(from))
	if !who.left(now) {
		return false
	}
	if who.full.Before(now) {
		who.full = now
	}
	who.full = who.full.Add(GuessEvery)
	return true
}

// GiveBack returns a guess that was taken and proved right.
func (g *Guesses) GiveBack(from netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e := g.of[Network(from)]; e != nil {
		who := e.Value.(*guesser)
		who.full = who.full.Add(-GuessEvery)
	}
}

// find returns what is known of a network, which is now the last that guessed.
func (g *Guesses) find(from netip.Addr) *guesser {
	if e := g.of[from]; e != nil {
		g.order.MoveToFront(e)
		return e.Value.(*guesser)
	}
	if g.order.Len() < maxGuessers {
		who := &guesser{from: from}
		g.of[from] = g.order.PushFront(who)
		return who
	}
	oldest := g.order.Back()
	who := oldest.Value.(*guesser)
	delete(g.of, who.from)
	*who = guesser{from: from}
	g.of[from] = oldest
	g.order.MoveToFront(oldest)
	return who
}

func (w *guesser) left(now time.Time) bool {
	return w.full.Sub(now) <= (Burst-1)*GuessEvery
}
