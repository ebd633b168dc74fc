package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// EventID is an event's id as histories keep it: the 20 bytes of a KSUID; of any other id four zeros and
// 16 bytes of its SHA-256, so that it counts as made at second 0 and loses every tie. Ids of one kind
// compare as their texts do.
type EventID [20]byte

// EventIDOf returns the id in short, with or without "event_" before it.
func EventIDOf(id string) EventID {
	text := strings.TrimPrefix(id, "event_")
	if out, ok := parseKSUID(text); ok {
		return out
	}
	var out EventID
	sum := sha256.Sum256([]byte(id))
	copy(out[4:], sum[:])
	return out
}

// Minted returns the second in which the event was made, counted from the beginning of KSUIDs: 0 if the
// id is not a KSUID.
func (id EventID) Minted() uint32 {
	return uint32(id[0])<<24 | uint32(id[1])<<16 | uint32(id[2])<<8 | uint32(id[3])
}

// Compare orders ids: see [EventID].
func (id EventID) Compare(other EventID) int { return bytes.Compare(id[:], other[:]) }

// String returns the KSUID, or "~" and the digest of an id that was none.
func (id EventID) String() string {
	if id.Minted() == 0 {
		return "~" + hex.EncodeToString(id[4:])
	}
	return formatKSUID(id)
}

// ksuidLength is the length of a KSUID in base62: 32 bits of seconds and 128 random ones.
const ksuidLength = 27

// parseKSUID reads the 27 digits of a KSUID.
func parseKSUID(text string) (id EventID, ok bool) {
	if len(text) != ksuidLength {
		return id, false
	}
	var limbs [5]uint32 // 160 bits, most significant first
	for i := range len(text) {
		carry, ok := base62Digit(text[i])
		if !ok {
			return id, false
		}
		for j := len(limbs) - 1; j >= 0; j-- {
			carry += uint64(limbs[j]) * 62
			limbs[j] = uint32(carry)
			carry >>= 32
		}
		if carry != 0 {
			return id, false
		}
	}
	for i, limb := range limbs {
		id[4*i], id[4*i+1], id[4*i+2], id[4*i+3] = byte(limb>>24), byte(limb>>16), byte(limb>>8), byte(limb)
	}
	return id, true
}

// formatKSUID is the inverse of parseKSUID.
func formatKSUID(id EventID) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var limbs [5]uint32
	for i := range limbs {
		limbs[i] = uint32(id[4*i])<<24 | uint32(id[4*i+1])<<16 | uint32(id[4*i+2])<<8 | uint32(id[4*i+3])
	}
	var text [ksuidLength]byte
	for i := len(text) - 1; i >= 0; i-- {
		var remainder uint64
		for j := range limbs {
			v := remainder<<32 | uint64(limbs[j])
			limbs[j], remainder = uint32(v/62), v%62
		}
		text[i] = digits[remainder]
	}
	return string(text[:])
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
