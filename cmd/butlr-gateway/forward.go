package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"butlr-gateway/adapters/capture"
	"butlr-gateway/adapters/relay"
	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// This file is the part of wire.go and serve.go that is about what leaves the gateway as it came: the relay and
// recordings.

// openRelay opens what passes accepted bodies on. Without it a building is served all the same.
func (s *service) openRelay(context.Context) (err error) {
	if len(s.config.Forward) == 0 {
		return nil
	}
	if s.relay, err = relay.Open(relayOptions(s)); err != nil {
		s.relayTrouble = err.Error()
		s.log.Error("nothing is passed on", "err", err)
		return nil
	}
	s.closers = append(s.closers, s.relay.Close)
	return nil
}

func relayOptions(s *service) relay.Options {
	o := relay.Options{Dir: filepath.Join(string(s.config.Gateway.StateDir), "relay"), Log: s.log, Metrics: s.metrics}
	for _, name := range slices.Sorted(maps.Keys(s.config.Forward)) {
		f := s.config.Forward[name]
		o.Targets = append(o.Targets, relay.Target{
			Name: name, URL: string(f.URL), HeaderName: f.HeaderName, HeaderValue: f.HeaderValue.Reveal(),
			Username: f.Username, Password: f.Password.Reveal(), QueueMax: int64(f.QueueMax),
		})
	}
	return o
}

func recorderOptions(s *service) capture.Options {
	return capture.Options{Dir: filepath.Join(string(s.config.Gateway.StateDir), "capture"), Log: s.log}
}

// forward is told of every body that was accepted.
func (s *service) forward(body []byte, events []gateway.Event) {
	s.recorder.Take(body, events)
	if s.relay == nil {
		return
	}
	secret := false
	for i := range events {
		secret = secret || events[i].Type == gateway.Detected
	}
	s.relay.Forward(body, secret)
}

// passing is what the gateway tells commands of what leaves it as it came.
type passing struct {
	Forward []forwardTold `json:"forward"`
	Trouble string        `json:"forward_trouble"` // why nothing is passed on; "" if it is
	Capture captureTold   `json:"capture"`
}

// forwardTold is how it is with one target.
type forwardTold struct {
	Name      string     `json:"name"`
	URL       string     `json:"url"`
	State     string     `json:"state"` // untried, passing, refusing, failing
	Why       string     `json:"why"`
	Since     web.Moment `json:"since"`
	Delivered uint64     `json:"delivered"` // bodies since the start, as the other counts
	Refused   uint64     `json:"refused"`
	Dropped   uint64     `json:"dropped"`
	Damaged   uint64     `json:"damaged"`
	Failures  uint64     `json:"failures"` // requests
	Waiting   int64      `json:"waiting_bytes"`
	Oldest    web.Moment `json:"oldest"` // when the oldest body that waits came
}

// captureTold is how it is with recording.
type captureTold struct {
	On     bool       `json:"on"`
	Until  web.Moment `json:"until"`
	Path   string     `json:"path"`
	Bodies int        `json:"bodies"`
	Missed int        `json:"missed"`
	Why    string     `json:"why"` // it ended before its time
}

func (s *service) passing() passing {
	told := passing{Forward: []forwardTold{}, Trouble: s.relayTrouble, Capture: captured(s.recorder.Status())}
	if s.relay == nil {
		return told
	}
	for _, t := range s.relay.Status() {
		told.Forward = append(told.Forward, forwardTold{
			Name: t.Name, URL: t.URL, State: t.Health.String(), Why: t.Why, Since: momentOf(t.Since), Delivered: t.Delivered,
			Refused: t.Refused, Dropped: t.Dropped, Damaged: t.Damaged, Failures: t.Failures, Waiting: t.Waiting, Oldest: momentOf(t.Oldest),
		})
	}
	return told
}

func captured(s capture.Status) captureTold {
	return captureTold{On: s.On, Until: momentOf(s.Until), Path: s.Path, Bodies: s.Bodies, Missed: s.Missed, Why: s.Why}
}

func momentOf(t time.Time) web.Moment {
	if t.IsZero() {
		return 0
	}
	return web.Moment(gateway.TimestampOf(t))
}

// passingRoutes are what commands ask for about that, on the control socket.
func (s *service) passingRoutes() map[string]http.Handler {
	answer := func(w http.ResponseWriter, told any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(told) // an error says that whoever asked has gone
	}
	return map[string]http.Handler{
		"GET /api/v1/passing": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, s.passing()) }),
		"POST /api/v1/capture": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var order captureOrder
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&order); err != nil {
				http.Error(w, "reading the order: "+err.Error(), http.StatusBadRequest)
				return
			}
			if !order.On {
				answer(w, captured(s.recorder.End()))
				return
			}
			status, err := s.recorder.Begin(time.Duration(order.Seconds) * time.Second)
			if err != nil {
				http.Error(w, err.Error(), http.StatusUnprocessableEntity)
				return
			}
			answer(w, captured(status))
		}),
	}
}

// Passing asks what leaves the gateway as it came.
func (r remote) Passing(ctx context.Context) (*passing, error) {
	return fetch[passing](ctx, r, "passing")
}

// printPassing tells how it is with each target, and of a recording that goes on or broke off.
func printPassing(w io.Writer, p *passing) {
	if p.Trouble != "" {
		fmt.Fprintf(w, "  %-11s nothing is passed on: %s\n", "FORWARD", printable(p.Trouble))
	}
	for i := range p.Forward {
		printForward(w, &p.Forward[i])
	}
	switch c := &p.Capture; {
	case c.On:
		fmt.Fprintf(w, "  %-11s until %s, %d bodies so far in %s (\"capture off\" ends it)\n", "recording",
			localTime(c.Until), c.Bodies, printable(c.Path))
	case c.Why != "":
		fmt.Fprintf(w, "  %-11s ended before its time: %s\n", "RECORDING", printable(c.Why))
	}
}

func printForward(w io.Writer, t *forwardTold) {
	label, state := "forward", t.State
	switch t.State {
	case relay.Failing.String():
		label, state = "FORWARD", "FAILING"
	case relay.Refusing.String():
		label, state = "FORWARD", "REFUSING"
	}
	waits := "nothing waits"
	if t.Waiting > 0 {
		waits = bytesInWords(uint64(t.Waiting)) + " wait"
		if t.Oldest != 0 {
			waits += ", the oldest since " + localTime(t.Oldest)
		}
	}
	fmt.Fprintf(w, "  %-11s %s (%s): %s since %s, %d delivered, %d refused, %d dropped; %s\n", label, t.Name, t.URL, state,
		localTime(t.Since), t.Delivered, t.Refused, t.Dropped, waits)
	if t.Why != "" {
		fmt.Fprintf(w, "  %-11s   %s\n", "", printable(t.Why))
	}
	if t.Damaged > 0 {
		fmt.Fprintf(w, "  %-11s   %d places of its queue could not be read: look at the disk\n", "", t.Damaged)
	}
}

func localTime(m web.Moment) string {
	return gateway.Timestamp(m).Time().Local().Format(time.DateTime)
}
