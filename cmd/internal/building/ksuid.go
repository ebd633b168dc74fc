package building

import (
	"math/rand/v2"
	"time"
)

// mint makes Butlr's ids: a prefix and a KSUID, 32 bits of seconds since 1 400 000 000 and 128 random
// bits in 27 characters of base 62.
type mint struct {
	random *rand.Rand
}

const (
	ksuidEpoch = 1_400_000_000
	base62     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func newMint(seed uint64) *mint { return &mint{rand.New(rand.NewPCG(seed, 2))} }

// id returns a new id that was made at that time.
func (m *mint) id(prefix string, at time.Time) string {
	return KSUID(prefix, at, m.random.Uint64(), m.random.Uint64())
}

// KSUID returns the id that a time and 128 random bits make.
func KSUID(prefix string, at time.Time, high, low uint64) string {
	limbs := [5]uint32{uint32(at.Unix() - ksuidEpoch), uint32(high >> 32), uint32(high), uint32(low >> 32), uint32(low)}
	var text [27]byte
	for i := len(text) - 1; i >= 0; i-- {
		var rest uint64
		for j := range limbs {
			rest = rest<<32 | uint64(limbs[j])
			limbs[j] = uint32(rest / 62)
			rest %= 62
		}
		text[i] = base62[rest]
	}
	return prefix + string(text[:])
}
