package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// endpoint is a target, as a transport: what comes is noted by host.
type endpoint struct {
	mu     sync.Mutex
	came   map[string][]string
	header http.Header
	answer func(request *http.Request) (*http.Response, error) // nil takes everything
	busy   map[string]bool
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	if e.busy[r.Host] {
		panic("two requests at once")
	}
	if e.busy == nil {
		e.came, e.busy = map[string][]string{}, map[string]bool{}
	}
	e.busy[r.Host] = true
	answer := e.answer
	e.mu.Unlock()
	response, err := answered(http.StatusNoContent), error(nil)
	if answer != nil {
		response, err = answer(r)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy[r.Host], e.header = false, r.Header
	if err == nil && response.StatusCode < 300 {
		e.came[r.Host] = append(e.came[r.Host], string(body))
	}
	return response, err
}

func (e *endpoint) answers(f func(*http.Request) (*http.Response, error)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = f
}

func (e *endpoint) got(host string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.came[host])
}

func answered(code int, header ...string) *http.Response {
	w := httptest.NewRecorder()
	for i := 0; i+1 < len(header); i += 2 {
		w.Header().Set(header[i], header[i+1])
	}
	w.WriteHeader(code)
	return w.Result()
}

var errDown = errors.New("connect: connection refused")

func down(*http.Request) (*http.Response, error) { return nil, errDown }

// hang answers when the request is given up.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// running is a relay that runs, with what it takes to run it again.
type running struct {
	t       *testing.T
	options Options
	relay   *Relay
	logs    *bytes.Buffer
	metrics *prometheus.Registry
	stop    context.CancelFunc
	ended   chan struct{}
}

func run(t *testing.T, to http.RoundTripper, targets ...Target) *running {
	t.Helper()
	r := &running{t: t, options: Options{Dir: t.TempDir(), Targets: targets, Transport: to}}
	r.start()
	return r
}

func (r *running) start() {
	r.t.Helper()
	r.logs, r.metrics = new(bytes.Buffer), prometheus.NewRegistry()
	r.options.Log, r.options.Metrics = slog.New(slog.NewTextHandler(r.logs, nil)), r.metrics
	relay, err := Open(r.options)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.relay, r.stop, r.ended = relay, stop, make(chan struct{})
	go func() {
		defer close(r.ended)
		_ = relay.Run(ctx)
	}()
}

func (r *running) end() {
	r.t.Helper()
	r.stop()
	<-r.ended
	if err := r.relay.Close(); err != nil {
		r.t.Error(err)
	}
}

func theTarget() Target {
	return Target{Name: "app", URL: "https://app.example.org/hook", QueueMax: 8 << 20}
}

const appHost = "app.example.org"

// A target that is down for an hour, in which the gateway is started again, gets every body once and in order
// within the longest pause after it is back. What comes meanwhile follows.
//
// Seen to break it: the cursor not noted; a body that fails taken as done; a pause that doubles without end.
func TestATargetThatWasDownGetsEverythingOnceInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &endpoint{answer: down}
		r := run(t, to, theTarget())
		var want []string
		minute := func() {
			for room := range 3 {
				body := fmt.Sprintf(`{"room":%d,"minute":%d}`, room, len(want)/3)
				r.relay.Forward([]byte(body), false)
				want = append(want, body)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		for m := range 60 {
			if m == 30 {
				r.end()
				r.start()
			}
			minute()
		}
		if s := r.relay.Status()[0]; s.Health != Failing || s.Why != errDown.Error() || s.Delivered != 0 || s.Waiting == 0 || s.Failures < 5 || s.Failures > 30 {
			t.Errorf("after an hour without it: %+v", s)
		}
		to.answers(nil)
		for range 6 {
			minute()
		}
		if got := to.got(appHost); !slices.Equal(got, want) {
			t.Errorf("%d bodies came, want these %d in order", len(got), len(want))
		}
		if s := r.relay.Status()[0]; s.Health != Passing || s.Why != "" || int(s.Delivered) != len(want) || s.Waiting != 0 || s.Dropped != 0 || !s.Oldest.IsZero() {
			t.Errorf("in the end: %+v", s)
		}
		if n := strings.Count(r.logs.String(), "\n"); n != 2 {
			t.Errorf("%d lines were logged, want one for the trouble and one for its end:\n%s", n, r.logs)
		}
		r.end()
	})
}

// Both ends are started again within an hour: the gateway twice, the target once it is back and has taken some. The
// queue, which the bodies of that hour nearly fill, stays within its limit all the while; every body comes once, and those of
// each room in order.
//
// Seen to break it: the cursor not read at the start; what is done with left on disk.
func TestBothEndsAreStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, target := &endpoint{answer: down}, theTarget()
		target.QueueMax = 1 << 20
		r := run(t, to, target)
		const rooms = 3
		var want [rooms][]string
		minute := 0
		pass := func() {
			t.Helper()
			for room := range rooms {
				body := fmt.Sprintf(`{"room":%d,"minute":%d,"filling":"%s"}`, room, minute, strings.Repeat("x", 5000))
				r.relay.Forward([]byte(body), false)
				want[room] = append(want[room], body)
			}
			minute++
			time.Sleep(time.Minute)
			synctest.Wait()
			size := 0
			for _, text := range contents(t, r.options.Dir) {
				size += len(text)
			}
			if size > 1<<20+cursorSize {
				t.Errorf("after %d minutes there are %d bytes on disk", minute, size)
			}
		}
		for range 60 {
			if pass(); minute == 20 || minute == 50 {
				r.end()
				r.start()
			}
		}
		if n := len(to.got(appHost)); n != 0 {
			t.Fatalf("%d bodies came while it was down", n)
		}
		taken := 0
		to.answers(func(*http.Request) (*http.Response, error) { // it is back, and is started again after 50 bodies
			if taken++; taken > 50 {
				return nil, errDown
			}
			return answered(http.StatusOK), nil
		})
		for range 10 {
			pass()
		}
		if n := len(to.got(appHost)); n != 50 {
			t.Fatalf("%d bodies came, want 50", n)
		}
		r.end()
		to.answers(nil)
		r.start()
		for range 6 {
			pass()
		}
		var got [rooms][]string
		for _, body := range to.got(appHost) {
			var room int
			if _, err := fmt.Sscanf(body, `{"room":%d`, &room); err != nil {
				t.Fatal(err)
			}
			got[room] = append(got[room], body)
		}
		for room := range rooms {
			if !slices.Equal(got[room], want[room]) {
				t.Errorf("of room %d %d bodies came, want these %d in order", room, len(got[room]), len(want[room]))
			}
		}
		if s := r.relay.Status()[0]; s.Dropped != 0 || s.Waiting != 0 || s.Health != Passing {
			t.Errorf("in the end: %+v", s)
		}
		size := 0
		for _, text := range contents(t, r.options.Dir) {
			size += len(text)
		}
		if size > 1<<20/8 {
			t.Errorf("%d bytes are left on disk, and nothing waits", size)
		}
		r.end()
	})
}

// A target that answers costs nobody else anything, also when it never does; a gateway that stops waits a moment.
//
// Seen to break it: one goroutine for all targets; requests without a deadline; no limit when it stops.
func TestATargetThatHangsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &endpoint{}
		to.answers(func(r *http.Request) (*http.Response, error) {
			if r.Host == appHost {
				return hang(r)
			}
			return answered(http.StatusOK), nil
		})
		other := theTarget()
		other.Name, other.URL = "other", "https://other.example.org/hook"
		r := run(t, to, theTarget(), other)
		start := time.Now()
		for i := range 100 {
			r.relay.Forward(fmt.Appendf(nil, "%d", i), false)
		}
		synctest.Wait()
		if got := to.got("other.example.org"); len(got) != 100 || time.Since(start) != 0 {
			t.Errorf("the other target got %d bodies after %v", len(got), time.Since(start))
		}
		time.Sleep(answerLimit)
		synctest.Wait()
		if s := r.relay.Status()[0]; s.Health != Failing || s.Why != "it does not answer within 30s" {
			t.Errorf("the one that hangs: %+v", s)
		}
		time.Sleep(longestPause)
		begin := time.Now()
		r.end()
		if took := time.Since(begin); took > stopLimit {
			t.Errorf("it took %v to stop", took)
		}
	})
}

// What each answer means. Of two bodies the first gets that answer once.
//
// Seen to break it: 408 as any 4xx; a redirect as taken; Retry-After not heeded.
func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		code   int
		header []string
		health Health
		why    string
		pause  time.Duration // at least
	}{
		{code: 200, health: Passing},
		{code: 204, health: Passing},
		{code: 301, header: []string{"Location", "https://elsewhere.example.org/"}, health: Failing, why: "it answers 301 Moved Permanently: correct the url, redirects are not followed", pause: firstPause / 2},
		{code: 307, header: []string{"Location", "https://elsewhere.example.org/"}, health: Failing, why: "it answers 307 Temporary Redirect: correct the url, redirects are not followed", pause: firstPause / 2},
		{code: 400, health: Refusing, why: "it answers 400 Bad Request"},
		{code: 401, health: Refusing, why: "it answers 401 Unauthorized"},
		{code: 408, health: Failing, why: "it answers 408 Request Timeout", pause: firstPause / 2},
		{code: 413, health: Refusing, why: "it answers 413 Request Entity Too Large"},
		{code: 429, header: []string{"Retry-After", "60"}, health: Failing, why: "it answers 429 Too Many Requests", pause: time.Minute},
		{code: 500, health: Failing, why: "it answers 500 Internal Server Error", pause: firstPause / 2},
		{code: 503, header: []string{"Retry-After", "-3"}, health: Failing, why: "it answers 503 Service Unavailable", pause: firstPause / 2},
		{code: 503, header: []string{"Retry-After", "86400"}, health: Failing, why: "it answers 503 Service Unavailable", pause: firstPause / 2},
	} {
		t.Run(fmt.Sprint(test.code, test.header), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := &endpoint{}
				first := true
				to.answers(func(r *http.Request) (*http.Response, error) {
					if r.Host != appHost {
						t.Errorf("a request went to %s", r.Host)
					}
					if first {
						first = false
						return answered(test.code, test.header...), nil
					}
					return answered(http.StatusOK), nil
				})
				r := run(t, to, theTarget())
				r.relay.Forward([]byte("first"), false)
				synctest.Wait()
				s := r.relay.Status()[0]
				if s.Health != test.health || s.Why != test.why {
					t.Errorf("%v: %q, want %v: %q", s.Health, s.Why, test.health, test.why)
				}
				start := time.Now()
				r.relay.Forward([]byte("second"), false)
				want := []string{"first", "second"}
				switch test.health {
				case Refusing:
					want = want[1:]
					if s.Refused != 1 {
						t.Errorf("%d are counted as refused", s.Refused)
					}
				case Failing:
					for r.relay.Status()[0].Delivered == 0 {
						time.Sleep(10 * time.Millisecond)
					}
					if took := time.Since(start); took < test.pause || took > test.pause+firstPause {
						t.Errorf("the pause was %v, want %v", took, test.pause)
					}
				}
				synctest.Wait()
				if got := to.got(appHost); !slices.Equal(got, want) {
					t.Errorf("%q came, want %q", got, want)
				}
				r.end()
			})
		})
	}
}

// Secrets are sent, and stand nowhere else, whatever goes wrong; detections are on no disk.
//
// Seen to break it: the options of a target logged as they are; detections stored.
func TestSecretsAreOnlySent(t *testing.T) {
	const canary, found = "canary-0123456789-secret", "where-somebody-stands"
	synctest.Test(t, func(t *testing.T) {
		to := &endpoint{}
		target := theTarget()
		target.HeaderName, target.HeaderValue, target.Username, target.Password = "x-api-key", canary, "app", canary
		r := run(t, to, target)
		r.relay.Forward([]byte(`{"a":1}`), false)
		synctest.Wait()
		if to.header.Get("X-Api-Key") != canary || !strings.HasPrefix(to.header.Get("Authorization"), "Basic ") || to.header.Get("Content-Type") != "application/json" {
			t.Errorf("sent with %v", to.header)
		}
		for _, answer := range []func(*http.Request) (*http.Response, error){
			down, hang, func(*http.Request) (*http.Response, error) { return answered(403), nil },
		} {
			to.answers(answer)
			r.relay.Forward([]byte(`{"b":1}`), false)
			time.Sleep(time.Hour)
		}
		to.answers(down)
		r.relay.Forward([]byte(found), true)
		time.Sleep(time.Second)
		r.options.Log.Info("as somebody might", "target", target, "value", fmt.Sprintf("%v %+v %#v %v", target, target, target, []Target{target}))
		status := fmt.Sprintf("%+v", r.relay.Status())
		families, err := r.metrics.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string]string{"the log": r.logs.String(), "the status": status, "the metrics": fmt.Sprint(families)} {
			if strings.Contains(text, canary) {
				t.Errorf("%s tells a secret:\n%s", what, text)
			}
		}
		for path, text := range contents(t, r.options.Dir) {
			if strings.Contains(text, canary) || strings.Contains(text, found) {
				t.Errorf("%s tells a secret", path)
			}
		}
		to.answers(nil)
		time.Sleep(longestPause)
		if got := to.got(appHost); got[len(got)-1] != found {
			t.Errorf("the detections did not come: %q", got)
		}
		r.end()
	})
}

// What was handed over when the gateway stops is there at its next start, but for detections.
//
// Seen to break it: what waits in the buffer not stored at the end.
func TestWhatWasHandedOverSurvivesAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &endpoint{answer: down}
		r := &running{t: t, options: Options{
			Dir: t.TempDir(), Targets: []Target{theTarget()}, Transport: to, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		}}
		stopping, err := Open(r.options)
		if err != nil {
			t.Fatal(err)
		}
		stopping.Forward([]byte("stored"), false)
		stopping.Forward([]byte("where somebody stands"), true)
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if err := errors.Join(stopping.Run(stopped), stopping.Close()); err != nil {
			t.Fatal(err)
		}
		to.answers(nil)
		r.start()
		synctest.Wait()
		if got := to.got(appHost); !slices.Equal(got, []string{"stored"}) {
			t.Errorf("%q came", got)
		}
		r.end()
	})
}

// A queue whose target is gone for good is told of, and touched by nobody.
func TestAQueueWithoutATargetIsToldOf(t *testing.T) {
	r := run(t, &endpoint{answer: down}, theTarget())
	r.relay.Forward([]byte(`{}`), false)
	r.end()
	before := contents(t, r.options.Dir)
	r.options.Targets = nil
	r.start()
	r.end()
	if path := filepath.Join(r.options.Dir, "app"); !strings.Contains(r.logs.String(), path) {
		t.Errorf("not told of:\n%s", r.logs)
	}
	if after := contents(t, r.options.Dir); len(after) != len(before) {
		t.Errorf("%d files are left of %d", len(after), len(before))
	}
}

// A queue that is full drops the oldest, once told and every body counted, within its limit; what is left comes.
//
// Seen to break it: told for each body.
func TestAFullQueueDropsTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &endpoint{answer: down}
		target := theTarget()
		target.QueueMax = 1 << 20
		r := run(t, to, target)
		var want []string
		for i := range 30 {
			body := fmt.Sprintf("%d%s", i, strings.Repeat("x", 100_000))
			want = append(want, body)
			r.relay.Forward([]byte(body), false)
			synctest.Wait()
		}
		size := 0
		for _, text := range contents(t, r.options.Dir) {
			size += len(text)
		}
		dropped := int(r.relay.Status()[0].Dropped)
		if size > 1<<20+cursorSize || dropped < 20 || strings.Count(r.logs.String(), "dropped") != 1 {
			t.Errorf("%d bytes on disk, %d dropped\n%s", size, dropped, r.logs)
		}
		to.answers(nil)
		time.Sleep(longestPause)
		synctest.Wait()
		dropped = int(r.relay.Status()[0].Dropped)
		if got := to.got(appHost); !slices.Equal(got, want[dropped:]) {
			t.Errorf("%d came, want the last %d", len(got), len(want)-dropped)
		}
		r.end()
	})
}
