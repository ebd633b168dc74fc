// Package level makes topic levels of ids that may hold anything.
package level

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"butlr-gateway/gateway"
)

const maxLength = 64 // bytes

// hashed begins the level of an id that cannot be one.
const hashed = "h-"

// Path returns the two levels under which what concerns an asset lies: its kind and its own.
func Path(kind gateway.Kind, id gateway.AssetID) string { return kind.String() + "/" + Of(kind, id) }

// Of returns the topic level of an asset: Butlr's id or the group's key as it is if it consists of
// letters, digits, "_" and "-" only, else a hash of it. Two assets of a kind never share one: an id that
// looks like a hash is hashed too.
func Of(kind gateway.Kind, id gateway.AssetID) string {
	level := string(id)
	if kind == gateway.Group {
		level = strings.TrimPrefix(level, "group:")
	}
	if Is(level) && !looksHashed(level) {
		return level
	}
	sum := sha256.Sum256([]byte(level))
	return hashed + hex.EncodeToString(sum[:16])
}

// Is tells whether a text can be a level as it is.
func Is(s string) bool {
	if s == "" || len(s) > maxLength {
		return false
	}
	for _, c := range []byte(s) {
		if !IsByte(c) {
			return false
		}
	}
	return true
}

// IsByte tells whether a level may hold this byte.
func IsByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}

func looksHashed(level string) bool {
	digits, found := strings.CutPrefix(level, hashed)
	if !found || len(digits) != 32 {
		return false
	}
	return strings.Trim(digits, "0123456789abcdef") == ""
}
