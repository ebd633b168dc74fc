package butlr_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
)

const (
	login = "/api/v2/clients/login"
	ask   = "/api/v3/graphql"
)

// TestATokenIsRenewedBeforeItEnds asks all the time: no token is ever refused, and none is thrown away early.
//
// Seen to break it: expires_in taken for milliseconds; every token used for ten minutes; no margin before the end.
func TestATokenIsRenewedBeforeItEnds(t *testing.T) {
	virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
		const asked = 300 // every 10 s, for 3000 s
		for range asked {
			if _, err := c.Subscriptions(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		if got := count(api, ask); got != asked {
			t.Errorf("%d questions were asked with %d requests: a token was refused", asked, got)
		}
		if got := api.Logins(); got != 4 { // at 0, 940, 1880 and 2820 s
			t.Errorf("%d logins in 3000 s, with tokens of 1000 s", got)
		}
	})
}

// TestATokenThatIsNotTakenIsReplacedOnce takes tokens back, as Butlr may, in both ways to say so.
//
// Seen to break it: 401 taken for a failure; UNAUTHENTICATED inside 200 taken for any other error; the token kept.
func TestATokenThatIsNotTakenIsReplacedOnce(t *testing.T) {
	for _, status := range []bool{true, false} {
		virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
			api.StatusUnauthorized = status
			for range 3 {
				api.Revoke()
				if _, err := c.Subscriptions(t.Context()); err != nil {
					t.Fatalf("with status %v: %v", status, err)
				}
			}
			if got := api.Logins(); got != 3 {
				t.Errorf("with status %v: %d logins, want 3", status, got)
			}
		})
	}
}

// TestWhoIsNotLetInDoesNotKnockOn has wrong secrets, and tokens that are good for nothing.
//
// Seen to break it: a login tried again after 401; a token that is not taken replaced for ever.
func TestWhoIsNotLetInDoesNotKnockOn(t *testing.T) {
	deny := butlrtest.Text(`{"errors":[{"message":"no","extensions":{"code":"unauthenticated"}}],"data":null}`)
	for _, test := range []struct {
		name     string
		trouble  []http.HandlerFunc
		requests int
	}{
		{"a wrong secret", []http.HandlerFunc{butlrtest.Status(401, "")}, 1},
		{"a client that is forbidden", []http.HandlerFunc{butlrtest.Status(403, "")}, 1},
		{"a login that is refused", []http.HandlerFunc{butlrtest.Status(400, "")}, 1},
		{"tokens that are never taken", []http.HandlerFunc{butlrtest.Pass, deny, butlrtest.Pass, deny}, 4},
		{"a client without the right", []http.HandlerFunc{butlrtest.Pass, butlrtest.Status(403, ""), butlrtest.Pass, butlrtest.Status(403, "")}, 4},
	} {
		virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
			api.Trouble(test.trouble...)
			_, err := c.Subscriptions(t.Context())
			if _, ok := errors.AsType[*butlr.Denied](err); !ok {
				t.Errorf("%s: got %v", test.name, err)
			}
			if got := len(api.Requests()); got != test.requests {
				t.Errorf("%s: %d requests, want %d", test.name, got, test.requests)
			}
		})
	}
}

// TestTroubleThatPasses has an API that is down for a while.
//
// Seen to break it: 429 given up on; Retry-After ignored; a date there not read; 5xx given up on; five tries made
// four; an answer that is no answer given up on.
func TestTroubleThatPasses(t *testing.T) {
	bad, page := butlrtest.Status(500, ""), butlrtest.Text("<html>Sign in to the network</html>")
	for _, test := range []struct {
		name           string
		trouble        []http.HandlerFunc
		least, atMost  time.Duration
		questions      int
		fails          bool
		asksToWait     time.Duration
		beforeTheLogin bool
	}{
		{name: "too many requests", trouble: []http.HandlerFunc{butlrtest.Status(429, "7")}, least: 7*time.Second + time.Second/2, atMost: 8 * time.Second, questions: 2},
		{name: "too many logins", trouble: []http.HandlerFunc{butlrtest.Status(429, "9")}, least: 9*time.Second + time.Second/2, atMost: 10 * time.Second, questions: 1, beforeTheLogin: true},
		{name: "until a moment", trouble: []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", time.Now().Add(20*time.Second).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
		}}, least: 19 * time.Second, atMost: 21 * time.Second, questions: 2},
		{name: "too many requests, for who knows how long", trouble: []http.HandlerFunc{butlrtest.Status(429, "soon")}, least: time.Second / 2, atMost: time.Second, questions: 2},
		{name: "one failure", trouble: []http.HandlerFunc{bad}, least: time.Second / 2, atMost: time.Second, questions: 2},
		{name: "four failures", trouble: []http.HandlerFunc{bad, page, bad, butlrtest.Text(`{}`)}, least: 15 * time.Second / 2, atMost: 15 * time.Second, questions: 5},
		{name: "five failures", trouble: []http.HandlerFunc{bad, bad, bad, bad, bad}, least: 15 * time.Second / 2, atMost: 15 * time.Second, questions: 5, fails: true},
		{name: "an hour", trouble: []http.HandlerFunc{butlrtest.Status(503, "3600")}, questions: 1, fails: true, asksToWait: time.Hour},
	} {
		virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
			if !test.beforeTheLogin {
				api.Trouble(butlrtest.Pass)
			}
			api.Trouble(test.trouble...)
			var err error
			length := took(func() { _, err = c.Subscriptions(t.Context()) })
			down, isDown := errors.AsType[*butlr.Down](err)
			if isDown != test.fails || (err != nil) != test.fails {
				t.Errorf("%s: got %v", test.name, err)
			}
			if isDown && (down.After != test.asksToWait || down.Perhaps) {
				t.Errorf("%s: it asks to wait for %v, and something may have been done: %v", test.name, down.After, down.Perhaps)
			}
			if length < test.least || length > test.atMost {
				t.Errorf("%s: it took %v, want %v to %v", test.name, length, test.least, test.atMost)
			}
			if got := count(api, ask); got != test.questions {
				t.Errorf("%s: asked %d times, want %d", test.name, got, test.questions)
			}
		})
	}
}

// TestAnAPIThatDoesNotAnswerIsNotWaitedForForEver has one that takes questions and says nothing.
//
// Seen to break it: no deadline.
func TestAnAPIThatDoesNotAnswerIsNotWaitedForForEver(t *testing.T) {
	virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
		hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		api.Trouble(butlrtest.Pass, hang, hang, hang, hang, hang)
		var err error
		length := took(func() { _, err = c.Subscriptions(t.Context()) })
		if _, ok := errors.AsType[*butlr.Down](err); !ok || length > 3*time.Minute {
			t.Errorf("after %v: %v", length, err)
		}
	})
}

// TestAnswersAreBounded has an answer that never ends.
//
// Seen to break it: all of it read.
func TestAnswersAreBounded(t *testing.T) {
	api := butlrtest.New(testID, testSecret)
	sent := 0
	c := clientOf(t, wayFunc(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == login {
			return api.Direct().RoundTrip(r)
		}
		return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(endless{&sent})}, nil
	}), 10, new(bytes.Buffer))
	_, err := c.Subscriptions(t.Context())
	if err == nil || !strings.Contains(err.Error(), "more than 64 MiB") {
		t.Errorf("got %v", err)
	}
	if sent > 65<<20 {
		t.Errorf("%d MiB were read", sent>>20)
	}
}

// endless is a body of spaces.
type endless struct{ sent *int }

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	*e.sent += len(p)
	if *e.sent > 128<<20 {
		return 0, errors.New("the test has seen enough")
	}
	return len(p), nil
}

// TestItIsNotSentElsewhere has an API that redirects: another host would see the token.
//
// Seen to break it: redirects followed.
func TestItIsNotSentElsewhere(t *testing.T) {
	for _, first := range [][]http.HandlerFunc{nil, {butlrtest.Pass}} {
		virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
			api.Trouble(append(first, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://evil.example/canary")
				w.WriteHeader(http.StatusTemporaryRedirect)
			})...)
			_, err := c.Subscriptions(t.Context())
			if err == nil || !strings.Contains(err.Error(), "sends elsewhere, to https://evil.example, which is not followed") || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v", err)
			}
			if got := len(api.Requests()); got != len(first)+1 {
				t.Errorf("%d requests", got)
			}
		})
	}
}

// TestAsOftenAsItMay asks after quiet minutes: then nobody waits.
//
// Seen to break it: the oldest request left where it was.
func TestAsOftenAsItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clientOf(t, butlrtest.New(testID, testSecret).Direct(), 4, new(bytes.Buffer))
		for range 3 {
			if waited := took(func() {
				for range 3 { // and a login
					if _, err := c.Subscriptions(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}); waited > 0 {
				t.Errorf("it waited for %v", waited)
			}
			time.Sleep(time.Minute)
		}
	})
}

// TestNeverMoreThanItMay asks in bursts, by several at once: in no minute are there more requests than there may be.
//
// Seen to break it: the minute made 50 s; the login not counted.
func TestNeverMoreThanItMay(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		most := rapid.IntRange(1, 8).Draw(r, "most")
		bursts := rapid.SliceOfN(rapid.IntRange(1, 6), 1, 6).Draw(r, "bursts")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 90), len(bursts), len(bursts)).Draw(r, "pauses")
		var api *butlrtest.API
		synctest.Test(t, func(t *testing.T) {
			api = butlrtest.New(testID, testSecret)
			c := clientOf(t, api.Direct(), most, new(bytes.Buffer))
			for i, n := range bursts {
				var all sync.WaitGroup
				for range n {
					all.Go(func() {
						if _, err := c.Subscriptions(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				time.Sleep(time.Duration(pauses[i]) * time.Second)
			}
		})
		requests := api.Requests()
		for i := most; i < len(requests); i++ {
			if gap := requests[i].At.Sub(requests[i-most].At); gap < time.Minute {
				r.Fatalf("requests %d to %d are %v apart, with %d a minute", i-most, i, gap, most)
			}
		}
	})
}
