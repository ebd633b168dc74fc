package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What a new hash costs: RFC 9106, section 4, second recommended option has 3 passes over 64 MiB with 4
// lanes. Here it is 19 MiB, the least memory that OWASP's password storage cheat sheet recommends, and one
// lane, because the gateway may be a small ARM board and two are computed at a time; the passes, the salt
// of 128 bits and the key of 256 are the RFC's. It takes 35 ms on a server, and some 0.3 s on such a board.
const (
	usualMemory = 19 << 10 // KiB
	usualPasses = 3
	usualLanes  = 1
	usualSalt   = 16 // bytes
	usualKey    = 32 // bytes
)

// Bounds of what is read: more would keep the machine from its work.
const (
	mostMemory = 256 << 10 // KiB
	mostPasses = 32
	mostLanes  = 16
	leastSalt  = 8 // bytes: RFC 9106, section 3.1
	leastKey   = 16
	mostBytes  = 64
)

// The least cost that is accepted of a hash made elsewhere: OWASP's recommendations go from 46 MiB with 1
// pass to 7 MiB with 5, which is the least product.
const (
	leastMemory = 7 << 10         // KiB
	leastCost   = leastMemory * 5 // KiB × passes
)

// hashPrefix begins every password that is given as a hash.
const hashPrefix = "$argon2id$"

// Hash is a password as argon2id keeps it (RFC 9106): from it nobody learns the password but by guessing.
type Hash struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
	salt   []byte
	key    []byte
}

// NewHash returns the hash of a password, with a new salt.
func NewHash(password string) Hash {
	h := Hash{memory: usualMemory, passes: usualPasses, lanes: usualLanes, salt: make([]byte, usualSalt)}
	_, _ = rand.Read(h.salt) // it cannot fail
	h.key = h.derive(password, usualKey)
	return h
}

func (h *Hash) derive(password string, length int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.lanes, uint32(length))
}

// matches tells whether the password is that of the hash. It takes the same time for every password.
func (h *Hash) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.derive(password, len(h.key)), h.key) == 1
}

// cheap tells whether guessing costs less than is recommended.
func (h *Hash) cheap() bool { return h.memory < leastMemory || h.memory*h.passes < leastCost }

// String returns the hash in the form of the password hashing competition (PHC string format), as in
// "$argon2id$v=19$m=19456,t=3,p=1$SALT$KEY": the text for [web] password.
func (h Hash) String() string {
	base := base64.RawStdEncoding
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d$%s$%s", hashPrefix, argon2.Version, h.memory, h.passes, h.lanes,
		base.EncodeToString(h.salt), base.EncodeToString(h.key))
}

// ParseHash reads what String returns, and what other programs make in that form. Its errors have nothing
// of the text in them.
func ParseHash(text string) (Hash, error) {
	rest, ok := strings.CutPrefix(text, hashPrefix)
	fields := strings.Split(rest, "$")
	if !ok || len(fields) != 4 {
		return Hash{}, errors.New("does not have the form $argon2id$v=19$m=…,t=…,p=…$SALT$HASH")
	}
	if fields[0] != "v="+strconv.Itoa(argon2.Version) {
		return Hash{}, errors.New("is of another version of argon2 than 19")
	}
	var h Hash
	var err error
	if h.memory, h.passes, h.lanes, err = parseCost(fields[1]); err != nil {
		return Hash{}, err
	}
	if h.salt, err = parseBytes("salt", fields[2], leastSalt); err != nil {
		return Hash{}, err
	}
	h.key, err = parseBytes("hash", fields[3], leastKey)
	return h, err
}

// parseCost reads "m=19456,t=3,p=1".
func parseCost(text string) (memory, passes uint32, lanes uint8, err error) {
	fields := strings.Split(text, ",")
	if len(fields) != 3 {
		return 0, 0, 0, errors.New("does not have m, t and p, in this order, between the third and the fourth $")
	}
	var numbers [3]uint32
	for i, p := range []struct {
		name string
		most uint64
	}{{"m", mostMemory}, {"t", mostPasses}, {"p", mostLanes}} {
		digits, ok := strings.CutPrefix(fields[i], p.name+"=")
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n < 1 || n > p.most || strconv.FormatUint(n, 10) != digits {
			return 0, 0, 0, fmt.Errorf("does not have %s as a number from 1 to %d", p.name, p.most)
		}
		numbers[i] = uint32(n)
	}
	if numbers[0] < 8*numbers[2] { // RFC 9106, section 3.1
		return 0, 0, 0, errors.New("has m below 8 times p")
	}
	return numbers[0], numbers[1], uint8(numbers[2]), nil
}

func parseBytes(what, text string, least int) ([]byte, error) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // which the decoder passes over
		return nil, fmt.Errorf("has a %s that is not in base64 without padding", what)
	}
	if len(b) < least || len(b) > mostBytes {
		return nil, fmt.Errorf("has a %s of %d bytes, and from %d to %d are taken", what, len(b), least, mostBytes)
	}
	return b, nil
}
