package access

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Other passwords turn out whoever came in with those of before, also who has only been looking on: their sessions
// open nothing any more, nor does a password that was right a moment ago. Passwords that cannot be used change nothing.
//
// Seen to break it: what takes long going on; a password remembered as before; guesses given back.
func TestOtherPasswordsTurnEverybodyOut(t *testing.T) {
	const others, guests = "another password of theirs", "one for those who look"
	synctest.Test(t, func(t *testing.T) {
		g := locked(t, Options{})
		h := handler(g)
		anna := loggedIn(t, h, operators, "Anna")
		var ended atomic.Int64
		live := g.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			ended.Add(1)
		}), func(*http.Request) bool { return false })
		var streams sync.WaitGroup
		for _, who := range []func(*http.Request){cookies(anna), basic("script", operators)} {
			streams.Go(func() { answer(live, request("GET", "/api/v1/live", who)) })
		}
		asked := func(what string, want int, who func(*http.Request)) {
			t.Helper()
			if w := answer(h, request("GET", "/api/v1/assets", who)); w.Code != want {
				t.Errorf("%s: %d, want %d", what, w.Code, want)
			}
		}
		synctest.Wait()
		for name, bad := range map[string][2]string{"the same for both": {others, others}, "a cheap hash": {"$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", ""}} {
			if _, err := g.Change(bad[0], bad[1]); err == nil {
				t.Errorf("%s: no error", name)
			} else if _, ok := errors.AsType[BadPassword](err); !ok {
				t.Errorf("%s: %v", name, err)
			}
		}
		apply, err := g.Change(others, guests)
		if err != nil {
			t.Fatal(err)
		}
		asked("a session while others are only looked at", http.StatusOK, cookies(anna))
		asked("a password while others are only looked at", http.StatusOK, basic("", viewers))
		if ended.Load() != 0 {
			t.Error("somebody was turned out too soon")
		}
		for range 9 { // of ten guesses
			asked("a wrong one", http.StatusUnauthorized, basic("", "wrong"))
		}
		apply()
		streams.Wait()
		asked("the session of before", http.StatusUnauthorized, cookies(anna))
		asked("the new password of viewers", http.StatusOK, basic("", guests))
		asked("the password of before", http.StatusUnauthorized, basic("", operators))
		asked("one guess too many, whatever the passwords were", http.StatusTooManyRequests, basic("", "wrong"))
	})
	t.Run("from none", func(t *testing.T) {
		g := newTestGate(t, Options{})
		apply, err := g.Change(others, "")
		if err != nil {
			t.Fatal(err)
		}
		apply()
		if w := answer(handler(g), request("GET", "/api/v1/assets")); w.Code != http.StatusUnauthorized {
			t.Errorf("without a password where there is one now: %d", w.Code)
		}
	})
}
