package acme

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	requestLimit  = 30 * time.Second
	longestAnswer = 1 << 20         // bytes
	longestPoll   = 4 * time.Second // that the authority may have us wait between two looks at one order, so that a stop is soon
	longestQuiet  = 24 * time.Hour  // that the authority may have us wait before we ask anything again
	tries         = 3               // of one request, where the authority itself failed
)

// authority is the way to the one who issues. It sees every request, also those that autocert makes by itself, ends them
// when the gateway ends, leaves the authority alone for as long as it wants, and remembers what it refused and why:
// autocert says only that no way is left.
type authority struct {
	host string
	next http.RoundTripper
	ctx  context.Context
	stop context.CancelFunc

	mu       sync.Mutex
	answered bool             // since forgetReach
	quiet    time.Time        // nothing is asked before
	problems map[string]noted // the newest, by the kind of proof that it is about; "" is none
	away     error            // why the last request had no answer
	other    error            // what else an order failed for
}

// noted is a problem and when it was told.
type noted struct {
	problem
	at time.Time
}

// problem is why an authority refuses (RFC 7807), in an answer of its own or in what it tells of an order.
type problem struct {
	Type       string   `json:"type"`
	Detail     string   `json:"detail"`
	Error      *problem `json:"error"`
	Challenges []struct {
		Type  string   `json:"type"`
		Error *problem `json:"error"`
	} `json:"challenges"`
}

const problemPrefix = "urn:ietf:params:acme:error:"

func newAuthority(host string, next http.RoundTripper) *authority {
	a := &authority{host: host, next: next, problems: make(map[string]noted)}
	a.ctx, a.stop = context.WithCancel(context.Background())
	return a
}

func (a *authority) stopped() bool { return a.ctx.Err() != nil }

// RoundTrip implements [http.RoundTripper].
func (a *authority) RoundTrip(r *http.Request) (*http.Response, error) {
	if wait := a.quietFor(); wait > 0 {
		return nil, fmt.Errorf("it asked to be left alone for another %s", wait.Round(time.Second))
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel() // the whole answer is read before
	defer context.AfterFunc(a.ctx, cancel)()
	answer, text, err := a.ask(r.WithContext(ctx))
	if err != nil {
		a.missed(err)
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	a.heard(answer, text)
	return answer, nil
}

// ask returns an answer and the whole of its body.
func (a *authority) ask(r *http.Request) (*http.Response, []byte, error) {
	answer, err := a.next.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	return answer, text, err
}

// missed remembers why a request had no answer; that the gateway ends is no reason to tell.
func (a *authority) missed(err error) {
	if a.stopped() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away = err
}

// heard remembers what an answer says of refusals and of patience.
func (a *authority) heard(answer *http.Response, text []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answered, a.away = true, nil
	wait := patience(answer.Header.Get("Retry-After"))
	if answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusServiceUnavailable {
		a.quiet = time.Now().Add(min(wait, longestQuiet))
	} else if wait > longestPoll {
		answer.Header.Set("Retry-After", strconv.Itoa(int(longestPoll/time.Second)))
	}
	if answer.StatusCode >= http.StatusInternalServerError { // which has more words at times
		a.note("", &problem{Type: problemPrefix + "serverInternal", Detail: answer.Status})
	}
	var told problem
	if !strings.Contains(answer.Header.Get("Content-Type"), "json") || json.Unmarshal(text, &told) != nil {
		return
	}
	a.note("", &told)
	a.note("", told.Error)
	for _, c := range told.Challenges {
		a.note(c.Type, c.Error)
	}
}

// note keeps a problem that a person should know. Those of nonces are part of the protocol's life.
func (a *authority) note(proof string, p *problem) {
	if p == nil || !strings.HasPrefix(p.Type, problemPrefix) || p.Type == problemPrefix+"badNonce" {
		return
	}
	a.problems[proof] = noted{*p, time.Now()}
}

// patience reads Retry-After (RFC 9110, section 10.2.3); 0 if it says nothing.
func patience(text string) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(seconds, int(longestQuiet/time.Second)))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// backOff says how long one request waits before it is tried again; not more than a few times, and not at all where the
// authority asked for quiet. It is a [acme.Client.RetryBackoff].
func (a *authority) backOff(n int, _ *http.Request, _ *http.Response) time.Duration {
	if n > tries || a.quietFor() > 0 || a.stopped() {
		return -1
	}
	return time.Duration(n) * time.Second
}

// quietFor returns for how long the authority wants to be left alone.
func (a *authority) quietFor() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return max(0, time.Until(a.quiet))
}

// forgetReach begins to watch whether the authority answers.
func (a *authority) forgetReach() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answered = false
}

// reached tells whether the authority answered anything since forgetReach.
func (a *authority) reached() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.answered || time.Now().Before(a.quiet)
}

// blame keeps an error that the authority did not tell of itself.
func (a *authority) blame(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.other = err
}

// forget forgets what went wrong, once something has gone right.
func (a *authority) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away, a.other = nil, nil
	clear(a.problems)
}
