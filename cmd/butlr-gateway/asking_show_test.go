package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/store"
	"butlr-gateway/adapters/web"
	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/gateway"
)

// tenancy is a building that lives, and Butlr, which counts in it every minute and can be asked.
type tenancy struct {
	t    *testing.T
	api  *butlrtest.API
	home *building.Building

	mu      sync.Mutex
	counts  map[string]float64 // by id, field and minute since 1970
	unsent  []gateway.Event
	sensors map[gateway.AssetID][2]int // who passed, as Butlr knows until now
}

// perMinute is how many requests may be made in a minute: the first minute wants more.
const perMinute = 8

// newTenancy makes one that begins to report now. What there is in it tells a twin, over a day before.
func newTenancy(t *testing.T, rooms int) *tenancy {
	e := &tenancy{t: t, api: butlrtest.New("a-client", "the-secret-of-it"), counts: map[string]float64{}, sensors: map[gateway.AssetID][2]int{}}
	e.api.PerMinute = perMinute
	twin, err := building.New(building.Options{Rooms: rooms, Seed: 7, Start: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	var all butlrtest.Inventory
	seen := map[gateway.AssetID]bool{}
	add := func(rows *[]map[string]any, p gateway.Place, more map[string]any) {
		if p.ID == "" || seen[p.ID] {
			return
		}
		seen[p.ID] = true
		row := map[string]any{"id": string(p.ID), "name": p.Name, "customID": p.CustomID}
		for key, value := range more {
			row[key] = value
		}
		*rows = append(*rows, row)
	}
	for _, event := range twin.Advance(time.Now().Add(24 * time.Hour)) {
		p := &event.Path
		in := map[string]any{"site_id": string(p.Site.ID), "building_id": string(p.Building.ID), "floor_id": string(p.Floor.ID)}
		add(&all.Sites, p.Site, in)
		add(&all.Buildings, p.Building, in)
		add(&all.Floors, p.Floor, in)
		add(&all.Rooms, p.Room, in)
		if p.Room.ID != "" {
			in["room_id"] = string(p.Room.ID)
		}
		in["mode"], in["mac_address"] = "traffic", p.Sensor.MAC
		add(&all.Zones, p.Zone, in)
		add(&all.Sensors, p.Sensor, in)
	}
	e.api.Furnish(all)
	if e.home, err = building.New(building.Options{Rooms: rooms, Seed: 7, Start: time.Now()}); err != nil {
		t.Fatal(err)
	}
	e.api.Count(func(id, field string, minute time.Time) (float64, bool) {
		e.live()
		e.mu.Lock()
		defer e.mu.Unlock()
		n, ok := e.counts[key(id, field, minute)]
		return n, ok
	})
	return e
}

func key(id, field string, minute time.Time) string {
	return fmt.Sprint(id, " ", field, " ", minute.Unix()/60)
}

// live lets the building live until now, and Butlr count.
func (e *tenancy) live() {
	e.mu.Lock()
	defer e.mu.Unlock()
	events := e.home.Advance(time.Now())
	for i := range events {
		switch event := &events[i]; event.Type {
		case gateway.OccupancyMinute:
			id := map[gateway.Kind]gateway.AssetID{gateway.Floor: event.Path.Floor.ID, gateway.Room: event.Path.Room.ID, gateway.Zone: event.Path.Zone.ID}[event.Subject]
			e.counts[key(string(id), "", event.At.Time())] = float64(event.People)
		case gateway.Traffic:
			id := event.Path.Sensor.ID
			e.counts[key(string(id), "in", event.At.Time())] += float64(event.In)
			e.counts[key(string(id), "out", event.At.Time())] += float64(event.Out)
			e.sensors[id] = [2]int{e.sensors[id][0] + event.In, e.sensors[id][1] + event.Out}
		}
	}
	e.unsent = append(e.unsent, events...)
}

// send returns what Butlr sends now; before is forgotten what it could not send.
func (e *tenancy) send() []gateway.Event {
	e.live()
	e.mu.Lock()
	defer e.mu.Unlock()
	events := e.unsent
	e.unsent = nil
	return events
}

// passed is who passed a sensor in the minutes that Butlr knows of, from one to another that is no part of it.
func (e *tenancy) passed(id gateway.AssetID, from, until time.Time) (in, out int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for at := from; at.Before(until); at = at.Add(time.Minute) {
		in += int(e.counts[key(string(id), "in", at)])
		out += int(e.counts[key(string(id), "out", at)])
	}
	return in, out
}

// doors is who passed each sensor, as Butlr knows until now.
func (e *tenancy) doors() map[gateway.AssetID][2]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.sensors)
}

// served is a gateway that serves the tenancy, with everything but ports.
type served struct {
	*tenancy
	store *store.Store
	board *web.Board
	image *modbus.Image
	hub   *gateway.Hub
	gaps  *butlr.Gaps
	said  strings.Builder
	clock gateway.Clock
	stops []func()
}

func (e *tenancy) serve(dir string, polls bool) *served {
	s := &served{tenancy: e, board: web.NewBoard(), gaps: butlr.NewGaps()}
	begun := time.Now()
	s.clock = func() gateway.Instant { return gateway.Instant{Wall: time.Now(), Mono: time.Since(begun)} }
	log := slog.New(slog.NewTextHandler(&s.said, nil))
	alarms := gateway.NewAlarms(log)
	rules := gateway.DefaultRules()
	rules.Polled = polls
	var err error
	if s.store, err = store.Open(e.t.Context(), store.Options{Dir: dir}); err != nil {
		e.t.Fatal(err)
	}
	if s.image, err = modbus.NewImage(modbus.ImageOptions{Clock: s.clock, Alarms: alarms, Start: s.clock(), Boot: 1}); err != nil {
		e.t.Fatal(err)
	}
	state, err := gateway.NewState(rules, s.store.Saved(), s.clock())
	if err != nil {
		e.t.Fatal(err)
	}
	if s.hub, err = gateway.NewHub(gateway.HubOptions{State: state, Journal: s.store, Sinks: []gateway.Sink{s.board, s.image, s.gaps}, Clock: s.clock, Alarms: alarms}); err != nil {
		e.t.Fatal(err)
	}
	client, err := butlr.New(butlr.Options{
		URL: "https://api.butlr.io", ClientID: butlr.NewSecret("a-client"), ClientSecret: butlr.NewSecret("the-secret-of-it"), PerMinute: perMinute, Transport: e.api.Direct(), Log: log,
	})
	if err != nil {
		e.t.Fatal(err)
	}
	s.hub.Start(e.t.Context())
	s.run(s.hub.Run)
	if polls {
		s.run((&butlr.Poll{
			Client: client, Hub: s.hub, Memory: s.store.Table(pollTable), Takes: func(i *butlr.Inventory) []butlr.Place { return i.Places }, Clock: time.Now,
			Every: time.Minute, Horizon: rules.Horizon, Patience: rules.State.DeadAfter, Alarms: alarms, Log: log,
		}).Run)
	} else {
		s.run((&butlr.Reconcile{Client: client, Hub: s.hub, Gaps: s.gaps, Back: 10 * time.Minute, Clock: time.Now, Log: log}).Run)
	}
	return s
}

func (s *served) run(part func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := part(ctx); err != nil {
			s.t.Error(err)
		}
	}()
	s.stops = append(s.stops, func() { cancel(); <-done })
}

func (s *served) end() {
	for i := len(s.stops) - 1; i >= 0; i-- {
		s.stops[i]()
	}
	if err := s.store.Close(); err != nil {
		s.t.Error(err)
	}
}

// hear takes what Butlr sends for so long, and forgets what it sent before.
func (s *served) hear(length time.Duration) {
	s.send()
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(10 * time.Second) {
		if err := s.hub.Ingest(s.t.Context(), s.send()); err != nil {
			s.t.Error(err)
		}
	}
	synctest.Wait()
}

// people compares what is read of every place, on the page and by a controller, with what Butlr counted, and returns how
// many places there are. What is shown must be of a minute that ended at most so long ago.
func (s *served) people(age time.Duration) (places int) {
	s.live()
	for _, e := range s.board.All(s.clock()) {
		k := e.Asset.Kind
		if k != gateway.Floor && k != gateway.Room && k != gateway.Zone {
			continue
		}
		places++
		r := e.Readings[gateway.People]
		s.mu.Lock()
		want, known := s.counts[key(string(e.Asset.ID), "", r.At.Time())]
		s.mu.Unlock()
		if old := time.Since(r.At.Time()) - time.Minute; !known || old > age || r.Value != int64(want) || r.Quality > gateway.Uncertain {
			s.t.Errorf("%s: %s has %d people of %s, %s; Butlr counted %v (%v), and it is %s old", time.Now().Format(time.TimeOnly), e.Asset.ID, r.Value, r.At.Time().Format(time.TimeOnly), r.Quality, want, known, old)
		}
		for _, v := range s.image.Block(e.Asset.Number, modbus.MapOptions{UnitID: 1}) {
			if v.Name == "people" && int64(v.Words[0]) != int64(want) {
				s.t.Errorf("a controller reads %v of %s, want %v", v.Words, e.Asset.ID, want)
			}
		}
	}
	return places
}

// TestOutage has the gateway stopped for twenty minutes while the building lives: after the restart it shows what Butlr
// counted without any event of Butlr's, and tells who passed meanwhile. After a restart of a moment nothing differs.
//
// Seen to break it: nothing asked for at the start; the minutes before the start compared, which the process before had
// counted.
func TestOutage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 3, 10, 8, 5, 0, 0, time.UTC)))
		e := newTenancy(t, 12)
		e.api.FlatReports = true
		s := e.serve(dir, false)
		s.hear(40 * time.Minute)
		s.end()
		time.Sleep(20 * time.Minute)

		s = e.serve(dir, false)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if places := s.people(2 * time.Minute); places < 15 {
			t.Errorf("only %d places were told", places)
		}
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if text := s.said.String(); !strings.Contains(text, "traffic differs and is not corrected: 0 in, 0 out were counted here and ") || !strings.Contains(text, "motion cannot be asked for") {
			t.Errorf("it was said:\n%s", text)
		}
		s.hear(15 * time.Minute)
		s.end()

		s = e.serve(dir, false)
		s.hear(7 * time.Minute)
		if text := s.said.String(); strings.Contains(text, "traffic differs") {
			t.Errorf("after a restart of a moment it was said:\n%s", text)
		}
		s.end()
		if over := e.api.Minutes(perMinute); over != nil {
			t.Errorf("too many requests: %v", over)
		}
	})
}

// TestPullDay has a gateway to which nothing is sent, for a day and a night: all along people and who passed are as in the
// building, two minutes late at the most; nobody knows of motion.
//
// Seen to break it: minutes taken that are not over; requests that do not wait for their turn.
func TestPullDay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 3, 10, 4, 0, 0, 0, time.UTC)))
		e := newTenancy(t, 6)
		s := e.serve(dir, true)
		begun := time.Now()
		for range 24 * 3 {
			time.Sleep(20*time.Minute + 7*time.Second)
			synctest.Wait()
			s.people(2 * time.Minute)
			s.passages(begun)
		}
		in := 0
		for _, b := range s.board.All(s.clock()) {
			if b.Has.Has(gateway.Motion) || b.Quality > gateway.Uncertain {
				t.Errorf("%s: motion is %v, and it is %s", b.Asset.ID, b.Readings[gateway.Motion], b.Quality)
			}
		}
		for id, passed := range e.doors() {
			if got := s.total(id); got != passed {
				t.Errorf("%s: %v passed, want %v", id, got, passed)
			}
			in += passed[0]
		}
		if in < 20 {
			t.Errorf("only %d people came in all day", in)
		}
		s.end()
		if over := e.api.Minutes(perMinute); over != nil || e.api.Logins() < 50 {
			t.Errorf("too many requests: %v, or too few tokens: %d", over, e.api.Logins())
		}
	})
}

// total is who passed a sensor since the beginning.
func (s *served) total(id gateway.AssetID) [2]int {
	for _, e := range s.board.All(s.clock()) {
		if e.Asset.ID == id {
			return [2]int{int(e.Readings[gateway.TrafficIn].Value), int(e.Readings[gateway.TrafficOut].Value)}
		}
	}
	return [2]int{}
}

// passages compares who passed each sensor with what Butlr counted until two minutes ago, and until now.
func (s *served) passages(begun time.Time) {
	from, now := begun.Truncate(time.Minute), time.Now().Truncate(time.Minute)
	for id := range s.doors() {
		got := s.total(id)
		leastIn, leastOut := s.passed(id, from, now.Add(-2*time.Minute))
		mostIn, mostOut := s.passed(id, from, now.Add(time.Minute))
		if got[0] < leastIn || got[0] > mostIn || got[1] < leastOut || got[1] > mostOut {
			s.t.Errorf("%s: %v passed %s, want %d to %d in and %d to %d out", time.Now().Format(time.TimeOnly), got, id, leastIn, mostIn, leastOut, mostOut)
		}
	}
}
