package access

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

const (
	operators = "the operators' password"
	viewers   = "the viewers' password"
)

var here, elsewhere = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")

// quick has both passwords, and compares them as they are: work counts how often.
func quick(work *atomic.Int64) *passwords {
	p, err := newPasswords("", "")
	if err != nil {
		panic(err)
	}
	for role, right := range map[Role]string{Operator: operators, Viewer: viewers} {
		p.known = append(p.known, known{role, func(password string) bool {
			work.Add(1)
			return password == right
		}})
	}
	if p.known[0].role != Operator {
		p.known[0], p.known[1] = p.known[1], p.known[0]
	}
	return p
}

func newTestDoors(t *testing.T, p *passwords) (*doors, *bytes.Buffer, *prometheus.Registry) {
	t.Helper()
	log, registry := new(bytes.Buffer), prometheus.NewRegistry()
	d, err := newDoors(p, slog.New(slog.NewTextHandler(log, nil)), registry)
	if err != nil {
		t.Fatal(err)
	}
	return d, log, registry
}

// Seen to break it: looking no further than the first password that is right.
func TestTheWorkIsTheSameForEveryPassword(t *testing.T) {
	var work atomic.Int64
	p := quick(&work)
	for password, want := range map[string]Role{operators: Operator, viewers: Viewer, "wrong": Stranger, "": Stranger} {
		work.Store(0)
		if got := p.role(password); got != want || work.Load() != 2 {
			t.Errorf("%q makes a %v after %d hashes, want a %v after 2", password, got, work.Load(), want)
		}
	}
}

// Seen to break it: no guess taken; a guess not given back; guesses of all addresses counted as one; the guess
// taken only after the hash.
func TestGuessesAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var work atomic.Int64
		d, log, registry := newTestDoors(t, quick(&work))
		for range 10_000 {
			if _, err := d.try(here, "wrong guess"); err == nil {
				t.Fatal("a wrong password was taken")
			}
		}
		if work.Load() != 2*10 {
			t.Errorf("%d hashes were computed for 10 000 guesses, want those of 10", work.Load())
		}
		if _, err := d.try(here, operators); err != errLockedOut {
			t.Errorf("the right password from an address that is locked out: %v", err)
		}
		if role, err := d.try(elsewhere, operators); role != Operator || err != nil {
			t.Errorf("the right password from another address: %v, %v", role, err)
		}
		if got := strings.Count(log.String(), "\n"); got != 2 || strings.Count(log.String(), "addr=192.0.2.1") != 2 || strings.Contains(log.String(), "guess\n") {
			t.Errorf("a burst is logged as\n%s", log.String())
		}
		time.Sleep(time.Minute)
		for i := range 100 {
			if role, err := d.try(here, viewers); role != Viewer || err != nil {
				t.Fatalf("right password %d a minute later: %v, %v", i, role, err)
			}
		}
		want := `
# HELP butlr_web_passwords_total Passwords that were tried on the page and its API, by result; those that were right a few minutes ago are not counted again.
# TYPE butlr_web_passwords_total counter
butlr_web_passwords_total{result="accepted"} 2
butlr_web_passwords_total{result="busy"} 0
butlr_web_passwords_total{result="locked_out"} 9991
butlr_web_passwords_total{result="wrong"} 10
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
	})
}

// What is remembered is compared fast: it must not let an address guess fast that has no guesses left.
//
// Seen to break it: looking at what is remembered before the guesses.
func TestWhatIsRememberedIsNoWayAroundTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var work atomic.Int64
		d, _, _ := newTestDoors(t, quick(&work))
		if _, err := d.try(here, operators); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			_, _ = d.try(here, "wrong")
		}
		if _, err := d.try(here, operators); err != errLockedOut {
			t.Errorf("a remembered password from an address that is locked out: %v", err)
		}
	})
}

// Seen to break it: remembering for ever; remembering wrong passwords; one fingerprint for every address.
func TestARightPasswordIsRememberedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var work atomic.Int64
		d, _, _ := newTestDoors(t, quick(&work))
		hashes := func(from netip.Addr, password string) int64 {
			work.Store(0)
			_, _ = d.try(from, password)
			return work.Load()
		}
		for _, step := range []struct {
			from     netip.Addr
			password string
			want     int64
		}{
			{here, operators, 2}, {here, operators, 0}, {here, viewers, 2}, {here, viewers, 0}, {elsewhere, operators, 2},
			{here, "wrong", 2}, {here, "wrong", 2},
		} {
			if got := hashes(step.from, step.password); got != step.want {
				t.Errorf("%s from %s cost %d hashes, want %d", step.password, step.from, got, step.want)
			}
		}
		time.Sleep(rememberedFor - time.Nanosecond)
		if got := hashes(here, operators); got != 0 {
			t.Errorf("nearly five minutes later it cost %d hashes", got)
		}
		time.Sleep(time.Nanosecond) // from the first time on: asking does not make it longer
		if got := hashes(here, operators); got != 2 {
			t.Errorf("five minutes later it cost %d hashes", got)
		}
		for i := range 3 * maxRemembered {
			_, _ = d.try(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), operators)
		}
		if got := len(d.remembered.of); got != maxRemembered {
			t.Errorf("%d passwords are remembered", got)
		}
	})
}

// slow has one password whose hash takes a second.
func slow(most *atomic.Int64) *passwords {
	var now atomic.Int64
	p, _ := newPasswords("", "")
	p.known = []known{{Operator, func(password string) bool {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(time.Second)
		now.Add(-1)
		return password == operators
	}}}
	return p
}

// Seen to break it: three turns; places for 80 to wait; a visitor who is sent away keeping a guess less.
func TestTwoHashesAtOnceAndAShortQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var most, busy, wrong atomic.Int64
		d, _, _ := newTestDoors(t, slow(&most))
		var all sync.WaitGroup
		start := time.Now()
		for i := range 100 {
			all.Go(func() {
				switch _, err := d.try(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "wrong"); err {
				case errBusy:
					if busy.Add(1); time.Since(start) > 0 {
						t.Error("a visitor waits to be sent away")
					}
				case errWrong:
					wrong.Add(1)
				}
			})
		}
		all.Wait()
		if most.Load() != 2 || wrong.Load() != 10 || busy.Load() != 90 {
			t.Errorf("%d hashes at once, %d visitors served and %d sent away, want 2, 10 and 90", most.Load(), wrong.Load(), busy.Load())
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("the queue took %v", took)
		}
		left := 0
		for i := range 100 {
			for d.guesses.Take(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})) {
				left++
			}
		}
		if left != 90*10+10*9 { // nobody lost a guess by being sent away
			t.Errorf("%d guesses are left", left)
		}
	})
}

// Seen to break it: a turn that is waited for without end.
func TestNobodyWaitsForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := newPasswords("", "")
		p.turns <- struct{}{}
		p.turns <- struct{}{} // two hashes that take for ever
		start := time.Now()
		if _, err := p.ask("wrong"); err != errBusy || time.Since(start) != longestWait {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if len(p.places) != 0 {
			t.Error("who has gone still has a place")
		}
	})
}

// A program that begins with many requests at once costs one hash, and no guesses.
//
// Seen to break it: each request on its own.
func TestManyRequestsWithOnePasswordCostOneHash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var most, good atomic.Int64
		d, _, _ := newTestDoors(t, slow(&most))
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if role, err := d.try(here, operators); err == nil && role == Operator {
					good.Add(1)
				}
			})
		}
		all.Wait()
		if most.Load() != 1 || good.Load() != 200 {
			t.Errorf("%d hashes at once, %d of 200 requests were let in", most.Load(), good.Load())
		}
	})
}
