package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"butlr-gateway/adapters/internal/peers"
)

// What is wrong with a password that was not accepted, in words for whoever gave it.
var (
	errWrong     = errors.New("the password is wrong")
	errLockedOut = errors.New("too many wrong passwords came from this address: try again in a minute")
)

// A password that was right is known again for a while, so that a program that asks every second costs a
// hash every few minutes.
const (
	rememberedFor = 5 * time.Minute
	maxRemembered = 256
)

// doorPause is how often the log tells of wrong passwords at the most, and of addresses that are locked out.
const doorPause = time.Minute

// doors are where passwords are tried: those of the login page, and those that come with a request.
//
// An address without guesses left is turned away before anything else, also with a right password, and even
// if that is remembered: what is remembered is compared fast, and would let it guess as fast.
type doors struct {
	passwords *passwords
	guesses   *peers.Guesses
	same      singleflight.Group // requests that come at once with the same password cost one hash
	key       [sha256.Size]byte  // of the fingerprints; another one in each process

	mu         sync.Mutex
	remembered *recent[fingerprint, remembered]

	results map[string]prometheus.Counter
	pauses  *peers.Pauses[string]
	log     *slog.Logger
}

// fingerprint stands for a password from an address.
type fingerprint [sha256.Size]byte

type remembered struct {
	role  Role
	until time.Time
}

// The results of trying a password.
const (
	accepted  = "accepted"
	wrong     = "wrong"
	lockedOut = "locked_out"
	busy      = "busy"
)

func newDoors(p *passwords, log *slog.Logger, registry prometheus.Registerer) (*doors, error) {
	d := &doors{
		passwords: p, guesses: peers.NewGuesses(), remembered: newRecent[fingerprint, remembered](maxRemembered),
		results: make(map[string]prometheus.Counter), pauses: peers.NewPauses[string](doorPause), log: log,
	}
	_, _ = rand.Read(d.key[:]) // it cannot fail
	tried := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "butlr_web_passwords_total", Help: "Passwords that were tried on the page and its API, by result; those that were right a few minutes ago are not counted again.",
	}, []string{"result"})
	for _, result := range []string{accepted, wrong, lockedOut, busy} {
		d.results[result] = tried.WithLabelValues(result)
	}
	if registry == nil {
		return d, nil
	}
	if err := registry.Register(tried); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	return d, nil
}

// try returns the role of whoever gives a password, at least [Viewer]; or errWrong, errLockedOut or errBusy.
func (d *doors) try(from netip.Addr, password string) (Role, error) {
	if !d.guesses.Left(from) {
		return Stranger, d.tell(lockedOut, from, errLockedOut)
	}
	print := d.fingerprint(from, password)
	if role := d.recall(print); role != Stranger {
		return role, nil
	}
	role, err, _ := d.same.Do(string(print[:]), func() (any, error) { return d.look(from, print, password) })
	return role.(Role), err
}

// look takes a guess of the address, and gives it back unless it was wrong.
func (d *doors) look(from netip.Addr, print fingerprint, password string) (Role, error) {
	if role := d.recall(print); role != Stranger { // somebody else has just looked
		return role, nil
	}
	if !d.guesses.Take(from) {
		return Stranger, d.tell(lockedOut, from, errLockedOut)
	}
	role, err := d.passwords.ask(password)
	switch {
	case err != nil:
		d.guesses.GiveBack(from)
		return Stranger, d.tell(busy, from, err)
	case role == Stranger:
		return Stranger, d.tell(wrong, from, errWrong)
	}
	d.guesses.GiveBack(from)
	d.results[accepted].Inc()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remembered.put(print, remembered{role, time.Now().Add(rememberedFor)})
	return role, nil
}

// recall returns the role of a password that was right a while ago.
func (d *doors) recall(print fingerprint) Role {
	d.mu.Lock()
	defer d.mu.Unlock()
	known, ok := d.remembered.get(print)
	if !ok {
		return Stranger
	}
	if !time.Now().Before(known.until) {
		d.remembered.remove(print)
		return Stranger
	}
	return known.role
}

func (d *doors) fingerprint(from netip.Addr, password string) (f fingerprint) {
	address := peers.Network(from).As16()
	sum := hmac.New(sha256.New, d.key[:])
	sum.Write(address[:])
	sum.Write([]byte(password))
	sum.Sum(f[:0])
	return f
}

// tell counts a password that was not accepted, and logs the first of a burst: the address, never what was typed.
func (d *doors) tell(result string, from netip.Addr, err error) error {
	d.results[result].Inc()
	if more, tell := d.pauses.Tell(result, time.Now()); tell {
		d.log.Warn("login refused", "reason", err.Error(), "addr", from.String(), "more_since_last", more)
	}
	return err
}
