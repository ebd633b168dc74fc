package building

import (
	"math/rand/v2"
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// Chaos sends what a source sends as badly as Butlr's delivery allows: in any order, some of it late,
// some of it twice, and counts preceded by others that they correct. Whoever merges rightly believes
// the same in the end.
type Chaos struct {
	source Source
	random *rand.Rand
	mint   *mint
	late   []message // in no order
}

// How bad it is.
const (
	longestDelay   = 3 * time.Minute
	lateShare      = 0.2
	twiceShare     = 0.15
	correctedShare = 0.1
	mintedBefore   = 3 * time.Second // an id of what is corrected was made so long before its correction
)

// NewChaos returns a bad delivery of what source sends.
func NewChaos(source Source, seed uint64) *Chaos {
	return &Chaos{source: source, random: rand.New(rand.NewPCG(seed, 3)), mint: newMint(^seed)}
}

// Advance returns what arrives by then.
func (c *Chaos) Advance(to time.Time) []gateway.Event {
	for _, e := range c.source.Advance(to) {
		c.late = append(c.late, message{c.arrival(to), e})
		if c.random.Float64() < twiceShare {
			c.late = append(c.late, message{c.arrival(to), e})
		}
		if e.Type == gateway.Occupancy && c.random.Float64() < correctedShare {
			c.late = append(c.late, message{c.arrival(to), c.corrected(e)})
		}
	}
	return c.take(func(m message) bool { return !m.sent.After(to) })
}

// Rest returns everything that is still late.
func (c *Chaos) Rest() []gateway.Event {
	return c.take(func(message) bool { return true })
}

func (c *Chaos) take(arrived func(message) bool) []gateway.Event {
	var out []gateway.Event
	c.late = slices.DeleteFunc(c.late, func(m message) bool {
		if arrived(m) {
			out = append(out, m.event)
			return true
		}
		return false
	})
	c.random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (c *Chaos) arrival(now time.Time) time.Time {
	if c.random.Float64() >= lateShare {
		return now
	}
	return now.Add(time.Duration(c.random.Int64N(int64(longestDelay))))
}

// corrected returns another count of the same moment whose id was made before, so that e corrects it.
func (c *Chaos) corrected(e gateway.Event) gateway.Event {
	minted := MintedAt(e.ID)
	e.ID = c.mint.id("event_", minted.Add(-mintedBefore))
	e.People += 1 + c.random.IntN(3)
	return e
}

// MintedAt returns when an id was made.
func MintedAt(id string) time.Time {
	return time.Unix(ksuidEpoch+int64(gateway.EventIDOf(id).Minted()), 0)
}
