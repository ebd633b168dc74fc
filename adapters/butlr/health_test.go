package butlr_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
	"butlr-gateway/gateway"
)

// heard keeps what a poll told.
type heard struct {
	mu      sync.Mutex
	reports []gateway.HealthReport
	fail    error
}

func (h *heard) Health(_ context.Context, r *gateway.HealthReport) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reports = append(h.reports, *r)
	return h.fail
}

// last returns the newest report in words, and how many there were.
func (h *heard) last() (words []string, n int) {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.reports) == 0 {
		return nil, 0
	}
	r := &h.reports[len(h.reports)-1]
	for _, d := range r.Devices {
		words = append(words, fmt.Sprintf("%s %q in %s on %s: %t, heard %d", d.ID, d.Label(), d.Room, d.Floor, d.Online, d.Heartbeat))
	}
	if r.Partial {
		words = append(words, "and perhaps others")
	}
	return words, len(h.reports)
}

// pollEvery is how often the polls of the tests ask.
const pollEvery = 5 * time.Minute

// polled runs a poll beside a test.
func polled(t *testing.T, way func(*butlrtest.API) http.RoundTripper, test func(api *butlrtest.API, log *journal, to *heard)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		api, log, to := butlrtest.New(testID, testSecret), new(journal), new(heard)
		api.Furnish(aBuilding())
		poll := &butlr.HealthPoll{Client: clientOf(t, way(api), 1000, new(bytes.Buffer)), Every: pollEvery, Taker: to, Log: slog.New(slog.NewTextHandler(log, nil))}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- poll.Run(ctx) }()
		synctest.Wait()
		test(api, log, to)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func directly(api *butlrtest.API) http.RoundTripper { return api.Direct() }

// answering answers the list of sensors and that of hives with these, and leaves the login to the API.
func answering(sensors, hives string) func(*butlrtest.API) http.RoundTripper {
	return func(api *butlrtest.API) http.RoundTripper {
		return wayFunc(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == login {
				return api.Direct().RoundTrip(r)
			}
			var asked struct{ Query string }
			_ = json.NewDecoder(r.Body).Decode(&asked)
			text := sensors
			if strings.Contains(asked.Query, "hives") {
				text = hives
			}
			return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(strings.NewReader(text))}, nil
		})
	}
}

// ago is so long before now in seconds, as Butlr counts.
func ago(d time.Duration) int64 { return time.Now().Add(-d).Unix() }

// TestTheHealthIsPolled has a building whose sensors come and go.
//
// Seen to break it: the first question only after the first pause; heartbeats taken for milliseconds; the id of a sensor
// without its prefix; test devices told; a hive's fields asked for in snake_case.
func TestTheHealthIsPolled(t *testing.T) {
	polled(t, directly, func(api *butlrtest.API, log *journal, to *heard) {
		if _, n := to.last(); n != 1 {
			t.Fatalf("%d reports at the start: %s", n, log)
		}
		building := aBuilding()
		sensors := building.Sensors
		sensors[0]["is_online"], sensors[0]["last_heartbeat"] = true, ago(time.Minute)
		sensors[1]["is_online"], sensors[1]["last_heartbeat"] = false, ago(time.Hour)
		for _, s := range sensors[2:] {
			s["is_online"] = false
		}
		building.Hives = []row{
			{"id": "hive_1", "serialNumber": "H-17", "floor_id": "space_1", "isOnline": true},
			{"id": "hive_2", "serialNumber": "fake-2", "isOnline": false},
		}
		api.Furnish(building)
		time.Sleep(pollEvery)
		want := []string{
			fmt.Sprintf(`sensor_1 "Door" in  on space_1: true, heard %d`, (ago(time.Minute)-300)*1000),
			fmt.Sprintf(`sensor_2 "Ceiling" in room_2 on space_2: false, heard %d`, (ago(time.Hour)-300)*1000),
			`hive_1 "H-17" in  on space_1: true, heard 0`,
		}
		if got, n := to.last(); n != 2 || !slices.Equal(got, want) {
			t.Errorf("report %d: %s", n, cmp.Diff(want, got))
		}
		time.Sleep(10 * pollEvery)
		if _, n := to.last(); n != 12 {
			t.Errorf("%d reports", n)
		}
	})
}

// TestHealthTakesAnything has what Butlr may answer where nobody documented what it does.
//
// Seen to break it: milliseconds taken for seconds; the list that is missing taken for an empty one; a part of an answer
// taken for the whole; a list of hives that fails taken for a failure of all; an address as it was spelled.
func TestHealthTakesAnything(t *testing.T) {
	t.Parallel()
	const none = `{"data":{"hives":{"data":[]}}}`
	for _, test := range []struct {
		sensors, hives string
		want           []string
	}{
		{`{"data":{"sensors":{"data":[]}}}`, none, nil},
		{`{"data":{"sensors":{"data":null}}}`, none, []string{"and perhaps others"}},
		{`{"data":{"sensors":{"data":[{"id":"sensor_1","is_online":null,"last_heartbeat":1773133200}]}}}`, none, []string{`sensor_1 "sensor_1" in  on : true, heard 1773133200000`}},
		{`{"data":{"sensors":{"data":[{"id":"sensor_1","is_online":null,"last_heartbeat":null}]}}}`, none, []string{"and perhaps others"}},
		{`{"data":{"sensors":{"data":[{"id":"1","is_online":true,"last_heartbeat":"1773133200","room_id":"","floor_id":null,"mac_address":"0A:01"}]}}}`, none, []string{`sensor_1 "0a-01" in  on : true, heard 1773133200000`}},
		{`{"data":{"sensors":{"data":[{"id":"1","is_online":false,"last_heartbeat":1773133200000,"room_id":7}]}}}`, none, []string{`sensor_1 "sensor_1" in  on : false, heard 0`}},
		{`{"data":{"sensors":{"data":[{"id":"1","is_online":"yes","last_heartbeat":0}]}}}`, none, []string{"and perhaps others"}},
		{`{"data":{"sensors":{"data":[null,{"id":"","is_online":true},{"id":"1","is_online":true}]}}}`, none, []string{`sensor_1 "sensor_1" in  on : true, heard 0`, "and perhaps others"}},
		{`{"data":{"sensors":{"data":[{"id":"1","is_online":true},null]}},"errors":[{"message":"a resolver failed"}]}`, none, []string{`sensor_1 "sensor_1" in  on : true, heard 0`, "and perhaps others"}},
		{`{"data":{"sensors":{"data":[{"id":"1","is_online":true}]}}}`, `{"errors":[{"message":"Cannot query field hives"}]}`, []string{`sensor_1 "sensor_1" in  on : true, heard 0`, "and perhaps others"}},
		{`{"data":{"sensors":{"data":[{"id":"sensor_1","is_online":true,"last_heartbeat":-5}]}}}`, none, []string{`sensor_1 "sensor_1" in  on : true, heard 0`}},
	} {
		polled(t, answering(test.sensors, test.hives), func(_ *butlrtest.API, _ *journal, to *heard) {
			if got, n := to.last(); n != 1 || !slices.Equal(got, test.want) {
				t.Errorf("%s\n%d reports: %s", test.sensors, n, cmp.Diff(test.want, got))
			}
		})
	}
}

// TestHealthOfAnAPIThatIsDown has an API that is down for three hours, and then answers in part for as long: each is
// told once, and its end. While it is down nothing is reported.
//
// Seen to break it: told each time; a report of nothing while it is down; an end not told.
func TestHealthOfAnAPIThatIsDown(t *testing.T) {
	const tries = 5 // of each question
	polled(t, directly, func(api *butlrtest.API, log *journal, to *heard) {
		building := aBuilding()
		building.Sensors[0]["is_online"], building.Sensors[1]["is_online"] = true, false
		api.Furnish(building)
		time.Sleep(pollEvery)
		_, before := to.last()
		log.Reset()
		down := make([]http.HandlerFunc, 36*tries)
		for i := range down {
			down[i] = butlrtest.Status(503, "")
		}
		api.Trouble(down...)
		asked := len(api.Requests())
		time.Sleep(3 * time.Hour)
		if _, n := to.last(); n != before || log.lines() != 1 || !strings.Contains(log.String(), "cannot be asked") {
			t.Errorf("%d reports while it is down:\n%s", n-before, log)
		}
		if n := len(api.Requests()) - asked; n > 36*tries {
			t.Errorf("it was asked %d times", n)
		}
		log.Reset()
		time.Sleep(time.Hour)
		if _, n := to.last(); n == before || log.lines() != 1 || !strings.Contains(log.String(), "can be asked again") {
			t.Errorf("%d reports after that:\n%s", n-before, log)
		}
	})
	building := aBuilding()
	polled(t, directly, func(api *butlrtest.API, log *journal, to *heard) {
		log.Reset()
		building.Sensors[0]["is_online"] = true // of the others nothing is known
		api.Furnish(building)
		time.Sleep(3 * time.Hour)
		if got, _ := to.last(); log.lines() != 0 || !slices.Contains(got, "and perhaps others") {
			t.Errorf("it goes on as it was: %q\n%s", got, log)
		}
		building.Sensors[1]["is_online"] = true
		api.Furnish(building)
		time.Sleep(pollEvery)
		if got, _ := to.last(); log.lines() != 1 || !strings.Contains(log.String(), "of all sensors and hives again") || slices.Contains(got, "and perhaps others") {
			t.Errorf("the answers are whole again: %q\n%s", got, log)
		}
	})
}

// TestHealthIsNotTakenUp has a hub that is busy: the next report comes all the same.
//
// Seen to break it: a pause before the first question.
func TestHealthIsNotTakenUp(t *testing.T) {
	polled(t, directly, func(_ *butlrtest.API, _ *journal, to *heard) {
		to.mu.Lock()
		to.fail = errors.New("too many senders are waiting")
		to.mu.Unlock()
		time.Sleep(3 * pollEvery)
		if _, n := to.last(); n != 4 {
			t.Errorf("%d reports", n)
		}
	})
}
