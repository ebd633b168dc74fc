package access

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// At most so many hashes are computed at once, and so many visitors wait for their turn: what strangers
// cost is bounded, in memory and in time.
const (
	atOnce      = 2
	mayWait     = 8
	longestWait = 5 * time.Second
)

// errBusy says that too many log in at once.
var errBusy = errors.New("too many are logging in at this moment")

// BadPassword says why a password of the configuration cannot be used. It has nothing of the password in it.
type BadPassword struct {
	Key     string // of [web], such as "viewer_password"
	Message string // what it is or has, to be read after the key
	Hint    string // what to do
}

func (b BadPassword) Error() string { return "[web] " + b.Key + " " + b.Message + ": " + b.Hint }

// passwords tell roles.
type passwords struct {
	known  []known
	places chan struct{} // of those who wait or are being looked at
	turns  chan struct{} // of those who are being looked at
}

type known struct {
	role    Role
	matches func(password string) bool
}

// newPasswords takes a password as the configuration has it, a plain one or a hash, or "" for none.
func newPasswords(operator, viewer string) (*passwords, error) {
	p := &passwords{places: make(chan struct{}, atOnce+mayWait), turns: make(chan struct{}, atOnce)}
	for _, given := range []struct {
		role      Role
		key, text string
	}{{Operator, "password", operator}, {Viewer, "viewer_password", viewer}} {
		if given.text == "" {
			continue
		}
		hash, err := hashOf(given.key, given.text)
		if err != nil {
			return nil, err
		}
		if given.role == Viewer && p.operates() && (viewer == operator || !isHash(viewer) && p.role(viewer) == Operator || !isHash(operator) && hash.matches(operator)) {
			return nil, BadPassword{given.key, "is the same as password", "give viewers another one: the password tells who may change something"}
		}
		p.known = append(p.known, known{given.role, hash.matches})
	}
	return p, nil
}

// isHash tells whether a password of the configuration is given as a hash.
func isHash(text string) bool { return strings.HasPrefix(text, hashPrefix) }

func hashOf(key, text string) (*Hash, error) {
	if !isHash(text) {
		return new(NewHash(text)), nil
	}
	const makeOne = `make one with "butlr-gateway password"`
	hash, err := ParseHash(text)
	if err != nil {
		return nil, BadPassword{key, err.Error(), makeOne}
	}
	if hash.cheap() {
		return nil, BadPassword{key, fmt.Sprintf("is a hash that costs too little to guess, with m=%d and t=%d", hash.memory, hash.passes), makeOne}
	}
	return &hash, nil
}

// any tells whether there is a password.
func (p *passwords) any() bool { return len(p.known) > 0 }

// operates tells whether there is a password with which one may change something.
func (p *passwords) operates() bool { return len(p.known) > 0 && p.known[0].role == Operator }

// role returns what a password makes of a visitor. The work is the same for every password: that of
// operators, that of viewers, and a wrong one.
func (p *passwords) role(password string) Role {
	role := Stranger
	for _, k := range p.known {
		if k.matches(password) {
			role = max(role, k.role)
		}
	}
	return role
}

// ask is role, in turn. Its error is errBusy.
func (p *passwords) ask(password string) (Role, error) {
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	default:
		return Stranger, errBusy
	}
	wait := time.NewTimer(longestWait)
	defer wait.Stop()
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-wait.C:
		return Stranger, errBusy
	}
	return p.role(password), nil
}

// CheckPasswords tells whether [New] would take these passwords; its error is a [BadPassword].
func CheckPasswords(operator, viewer string) error {
	_, err := newPasswords(operator, viewer)
	return err
}
