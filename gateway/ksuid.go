package gateway

import "strings"

// ksuidEpoch is where the seconds of a KSUID begin, in UNIX seconds.
const ksuidEpoch = 1_400_000_000

// ksuidLength is the length of a KSUID in base62: 32 bits of seconds and 128 random ones.
const ksuidLength = 27

// MintedSecond returns the UNIX second in which an event id was made: 0 if the id is not a KSUID, with
// or without "event_" before it. A correction is minted after what it corrects.
func MintedSecond(eventID string) int64 {
	text := strings.TrimPrefix(eventID, "event_")
	if len(text) != ksuidLength {
		return 0
	}
	var limbs [5]uint32 // 160 bits, most significant first
	for i := range len(text) {
		carry, ok := base62Digit(text[i])
		if !ok {
			return 0
		}
		for j := len(limbs) - 1; j >= 0; j-- {
			carry += uint64(limbs[j]) * 62
			limbs[j] = uint32(carry)
			carry >>= 32
		}
		if carry != 0 {
			return 0
		}
	}
	return int64(limbs[0]) + ksuidEpoch
}

func base62Digit(c byte) (uint64, bool) {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0'), true
	case c >= 'A' && c <= 'Z':
		return uint64(c-'A') + 10, true
	case c >= 'a' && c <= 'z':
		return uint64(c-'a') + 36, true
	}
	return 0, false
}
