package access

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

var anna = Visitor{Role: Operator, Name: "Anna", Session: true}

// Seen to break it: each limit a nanosecond longer; a look at the session not making it younger; each of the two
// limits left out.
func TestSessionsEnd(t *testing.T) {
	alive := func(s *sessions, secret string) bool {
		v, _, ok := s.find(secret)
		return ok && v == anna
	}
	synctest.Test(t, func(t *testing.T) {
		s := newSessions()
		idle, busy := s.begin(anna), s.begin(anna)
		time.Sleep(longestIdle - time.Nanosecond)
		if !alive(s, busy) {
			t.Error("it ended early")
		}
		time.Sleep(time.Nanosecond)
		if alive(s, idle) || !alive(s, busy) {
			t.Error("12 hours without a request did not end the one, or ended the other")
		}
		for range 12 * 7 * 2 {
			if time.Sleep(time.Hour); !alive(s, busy) {
				break
			}
		}
		if len(s.kept.of) != 0 {
			t.Error("ended sessions are kept")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newSessions()
		secret := s.begin(anna)
		for range 7*24 - 1 {
			if time.Sleep(time.Hour); !alive(s, secret) {
				t.Fatal("it ended early")
			}
		}
		if time.Sleep(time.Hour - time.Nanosecond); !alive(s, secret) {
			t.Error("it ended early")
		}
		if time.Sleep(time.Nanosecond); alive(s, secret) {
			t.Error("it lasts longer than 7 days")
		}
	})
}

// Seen to break it: no bound; the newest going; the session begun first going, however much it is used.
func TestSessionsAreBounded(t *testing.T) {
	s := newSessions()
	used, left := s.begin(anna), s.begin(Visitor{Name: "left"})
	for i := range 10_000 {
		last := s.begin(Visitor{Role: Viewer, Name: fmt.Sprint(i)})
		if v, _, ok := s.find(last); !ok || v.Name != fmt.Sprint(i) {
			t.Fatalf("session %d is %v, %v", i, v, ok)
		}
		if _, _, ok := s.find(used); !ok {
			t.Fatalf("session %d ended one that is in use", i)
		}
	}
	if _, _, ok := s.find(left); ok || len(s.kept.of) != maxSessions || s.kept.order.Len() != maxSessions {
		t.Errorf("%d sessions", len(s.kept.of))
	}
}

// Seen to break it: end without effect; the secret itself as the key.
func TestASessionIsKnownByItsSecretAlone(t *testing.T) {
	s := newSessions()
	secrets := map[string]bool{}
	for range 100 {
		secrets[s.begin(anna)] = true
	}
	if len(secrets) != 100 {
		t.Fatal("two sessions have one secret")
	}
	for secret := range secrets {
		if len(secret) != 43 { // 256 bits
			t.Fatalf("a secret of %d characters", len(secret))
		}
		for _, not := range []string{"", secret[1:], secret + "A", secret[:42]} {
			if _, _, ok := s.find(not); ok {
				t.Fatal("another secret is taken for it")
			}
		}
		for key := range s.kept.of {
			if _, _, ok := s.find(string(key[:])); ok {
				t.Fatal("what is kept opens a session")
			}
		}
		s.end(secret)
		if _, _, ok := s.find(secret); ok {
			t.Fatal("an ended session goes on")
		}
		break
	}
}

// What takes long, such as a live page, does not outlive the session.
//
// Seen to break it: the request's own context; a session that makes room going on; no limit of 7 days.
func TestWhatTakesLongEndsWithTheSession(t *testing.T) {
	for name, finish := range map[string]func(*Gate, http.Handler, *http.Cookie){
		"logging out":     func(_ *Gate, h http.Handler, c *http.Cookie) { answer(h, request("POST", "/logout", cookies(c))) },
		"logging in anew": func(_ *Gate, h http.Handler, c *http.Cookie) { login(h, url.Values{"password": {viewers}}, cookies(c)) },
		"too many after them": func(g *Gate, _ http.Handler, _ *http.Cookie) {
			for range maxSessions {
				g.keys.Load().sessions.begin(anna)
			}
		},
		"7 days": func(*Gate, http.Handler, *http.Cookie) { time.Sleep(longestSession) },
	} {
		synctest.Test(t, func(t *testing.T) {
			g := locked(t, Options{})
			var ended atomic.Bool
			h := handler(g)
			live := g.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				ended.Store(true)
			}), func(*http.Request) bool { return false })
			c := loggedIn(t, h, operators, "Anna")
			ctx, gone := context.WithCancel(t.Context())
			var stream sync.WaitGroup
			stream.Go(func() { answer(live, request("GET", "/live", cookies(c)).WithContext(ctx)) })
			time.Sleep(time.Hour)
			synctest.Wait()
			if ended.Load() {
				t.Errorf("%s: it ended before", name)
			}
			finish(g, h, c)
			synctest.Wait()
			if !ended.Load() {
				t.Errorf("%s: it goes on", name)
			}
			gone()
			stream.Wait()
		})
	}
}

// TestRecentIsWhatWasUsedLast compares with a list.
//
// Seen to break it: get not moving; put of a known key counting twice.
func TestRecentIsWhatWasUsedLast(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		const limit = 4
		got, want := newRecent[int, int](limit), []int{} // the keys, the one used last at the end
		use := func(key int) {
			for i, k := range want {
				if k == key {
					want = append(append([]int{}, want[:i]...), want[i+1:]...)
					break
				}
			}
		}
		for range rapid.IntRange(0, 50).Draw(r, "steps") {
			key := rapid.IntRange(0, 6).Draw(r, "key")
			switch rapid.SampledFrom([]string{"put", "get", "remove"}).Draw(r, "step") {
			case "put":
				got.put(key, key)
				use(key)
				if want = append(want, key); len(want) > limit {
					want = want[1:]
				}
			case "get":
				before := len(want)
				use(key)
				known := len(want) < before
				if known {
					want = append(want, key)
				}
				if v, ok := got.get(key); ok != known || ok && v != key {
					r.Fatalf("%d is %d, %v", key, v, ok)
				}
			case "remove":
				got.remove(key)
				use(key)
			}
			if len(got.of) != len(want) || got.order.Len() != len(want) {
				r.Fatalf("%d entries, want %d", len(got.of), len(want))
			}
		}
	})
}
