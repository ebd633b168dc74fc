package main

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		if i := slices.Index(pairs, name); i >= 0 && i%2 == 0 {
			return pairs[i+1]
		}
		return ""
	}
}

// TestTheManagerIsToldWhileTheHubAnswers. Seen to break it: WATCHDOG=1 sent also when the hub did not answer (the
// silence is gone), READY=1 sent at once, and a look without a bound (nothing is told after the hang).
func TestTheManagerIsToldWhileTheHubAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		type told struct {
			At    time.Duration
			State string
		}
		var got []told
		m := manager{watchdog: 30 * time.Second, tell: func(state string) error {
			got = append(got, told{time.Since(begin), state})
			return nil
		}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- m.attend(ctx, func(ctx context.Context) error {
				switch at := time.Since(begin); {
				case at < 10*time.Second: // it is not there yet
					return errors.New("no hub")
				case at >= 30*time.Second && at < 50*time.Second: // it hangs
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			})
		}()
		time.Sleep(65 * time.Second)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		want := []told{
			{10 * time.Second, "READY=1\nWATCHDOG=1"}, {20 * time.Second, "WATCHDOG=1"},
			{50 * time.Second, "WATCHDOG=1"}, {60 * time.Second, "WATCHDOG=1"}, {65 * time.Second, "STOPPING=1"},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// TestAManagerThatCouldNotBeToldIsToldAgain. Seen to break it: READY=1 given up after the first try.
func TestAManagerThatCouldNotBeToldIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		m := manager{tell: func(state string) error {
			got = append(got, state)
			if len(got) == 1 {
				return errors.New("nobody there")
			}
			return nil
		}}
		ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
		defer stop()
		if err := m.attend(ctx, func(context.Context) error { return nil }); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff([]string{"READY=1\nWATCHDOG=1", "READY=1\nWATCHDOG=1", "STOPPING=1"}, got); d != "" {
			t.Error(d)
		}
	})
}

// TestTheManagerIsReadFromTheEnvironment. Seen to break it: another process' watchdog taken for ours.
func TestTheManagerIsReadFromTheEnvironment(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skip("no such sockets here: ", err)
	}
	defer func() { _ = l.Close() }()
	for _, c := range []struct {
		name string
		env  []string
		want time.Duration
	}{
		{"no watchdog", nil, 0},
		{"a watchdog", []string{"WATCHDOG_USEC", "30000000"}, 30 * time.Second},
		{"ours", []string{"WATCHDOG_USEC", "30000000", "WATCHDOG_PID", strconv.Itoa(77)}, 30 * time.Second},
		{"of another process", []string{"WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "78"}, 0},
		{"nonsense", []string{"WATCHDOG_USEC", "soon"}, 0},
	} {
		m := managerOf(environment(append(c.env, "NOTIFY_SOCKET", socket)...), 77)
		if m.watchdog != c.want {
			t.Errorf("%s: a watchdog of %v, want %v", c.name, m.watchdog, c.want)
		}
		if err := m.tell("READY=1"); err != nil {
			t.Fatal(err)
		}
		text := make([]byte, 100)
		n, err := l.Read(text)
		if err != nil || string(text[:n]) != "READY=1" {
			t.Errorf("%s: the manager got %q, %v", c.name, text[:n], err)
		}
	}
	if m := managerOf(environment(), 77); m.tell != nil {
		t.Error("a manager is told that is not there")
	}
}
