package butlr_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
	"butlr-gateway/gateway"
)

func (g *ground) reconcile() *butlr.Reconcile {
	return &butlr.Reconcile{Client: g.client, Hub: g.hub, Gaps: g.gaps, Back: 10 * time.Minute, Clock: time.Now, Log: g.log}
}

// event is what Butlr sends of a place on the floor, now.
func (g *ground) event(id gateway.AssetID, t gateway.EventType) gateway.Event {
	place := gateway.Place{ID: id, Name: "name of " + string(id)}
	e := gateway.Event{ID: fmt.Sprint(id, time.Now()), Type: t, Subject: id.Kind(), At: gateway.TimestampOf(time.Now()), People: 1, Path: gateway.Path{
		Site: gateway.Place{ID: "site_1", Name: "Rotterdam"}, Building: gateway.Place{ID: "building_1"}, Floor: gateway.Place{ID: "space_1"},
	}}
	switch id.Kind() {
	case gateway.Room:
		e.Path.Room = place
	case gateway.Sensor:
		e.Path.Sensor, e.People, e.In = place, 0, 2
	}
	return e
}

// everyMinute has Butlr send what it sends every minute, until a moment.
func (g *ground) everyMinute(until string) {
	for g.until(time.Now().Format(time.TimeOnly)); time.Now().Format(time.TimeOnly) < until; time.Sleep(time.Minute) {
		if err := g.sent(g.event("room_a", gateway.Occupancy), g.event("room_b", gateway.Occupancy)); err != nil {
			g.t.Error(err)
		}
	}
	g.until(until)
}

// reports counts the questions for counts of people, and for who passed.
func (g *ground) reports() (people, traffic int) {
	for _, r := range g.Requests() {
		if r.Path == report && strings.Contains(r.Body, `"traffic"`) {
			traffic++
		} else if r.Path == report {
			people++
		}
	}
	return people, traffic
}

// TestGapsAreFilled has the gateway run without Butlr for a while, and Butlr come back: people of the last minutes are
// asked for, of what people were told of before, as events that say where they come from; and nothing is asked for while
// all is well.
//
// Seen to break it: no gap noticed; one noticed every minute; rooms asked for that only move; further back; names
// blanked; no mark; the end of the window taken in; asked at the start without anything to ask for.
func TestGapsAreFilled(t *testing.T) {
	onGround(t, gateway.DefaultRules(), func(t *testing.T, g *ground) {
		r := g.reconcile()
		g.run(r.Run)
		g.everyMinute("09:20:00")
		if err := g.sent(g.event("room_moves", gateway.MotionStarted)); err != nil {
			t.Fatal(err)
		}
		if people, traffic := g.reports(); people+traffic != 0 || g.said.lines() != 0 {
			t.Errorf("there were %d and %d questions, and it was said:\n%s", people, traffic, g.said)
		}
		for _, minute := range []string{"09:39", "09:40", "09:45", "09:49", "09:50"} {
			for _, id := range []string{"room_a", "room_moves"} {
				g.counted(id+"  "+minute, 4)
			}
		}
		g.until("09:50:30") // Butlr was silent
		if err := g.sent(g.event("room_b", gateway.Occupancy)); err != nil {
			t.Fatal(err)
		}
		g.until("09:50:40")
		if got, want := g.seen("room_a", 4), "09:49 4 reconciled accepted, 09:45 4 reconciled accepted, 09:40 4 reconciled accepted, 09:19 1  accepted"; got != want {
			t.Errorf("seen was %q\nwant %q", got, want)
		}
		if got := g.seen("room_moves", 9); strings.Contains(got, "reconciled") {
			t.Errorf("of what only moves, seen was %s", got)
		}
		if s := g.shown("room_a"); s.Readings[gateway.People].Value != 4 || s.Asset.Name != "name of room_a" {
			t.Errorf("it is %v, with %v people", s.Asset, s.Readings[gateway.People])
		}
		if s := r.Status(); s.Counts != 3 || s.After != "a silence of Rotterdam" || s.Why != "" {
			t.Errorf("the status is %+v", s)
		}
		people, _ := g.reports()
		g.everyMinute("10:20:00")
		if after, _ := g.reports(); after != people {
			t.Errorf("there were %d questions while all was well", after-people)
		}
	})
}

// TestSilenceThatMeansNothingIsNoGap has a site in which nothing is told every minute: nobody asks each time it speaks.
//
// Seen to break it: the heartbeat not looked at.
func TestSilenceThatMeansNothingIsNoGap(t *testing.T) {
	onGround(t, gateway.DefaultRules(), func(t *testing.T, g *ground) {
		g.run(g.reconcile().Run)
		for range 20 {
			time.Sleep(7 * time.Minute)
			if err := g.sent(g.event("room_a", gateway.OccupancyMinute)); err != nil {
				t.Fatal(err)
			}
		}
		if people, traffic := g.reports(); people+traffic != 0 {
			t.Errorf("there were %d questions", people+traffic)
		}
	})
}

// TestEventsThatWereTurnedAwayAreAskedFor has the disk full for less than a silence: Butlr gave up meanwhile.
//
// Seen to break it: only silences noticed; noticed while it lasts; noticed again later.
func TestEventsThatWereTurnedAwayAreAskedFor(t *testing.T) {
	onGround(t, gateway.DefaultRules(), func(t *testing.T, g *ground) {
		r := g.reconcile()
		g.run(r.Run)
		g.everyMinute("09:10:00")
		g.mu.Lock()
		g.broken = errors.New("disk full")
		g.mu.Unlock()
		if err := g.sent(g.event("room_a", gateway.Occupancy)); !errors.Is(err, gateway.ErrNotStored) {
			t.Fatal(err)
		}
		g.until("09:11:00")
		g.mu.Lock()
		g.broken = nil
		g.mu.Unlock()
		if people, _ := g.reports(); people != 0 {
			t.Errorf("there were %d questions while nothing could be stored", people)
		}
		g.counted("room_b  09:10", 7)
		g.everyMinute("09:40:00")
		if people, _ := g.reports(); people != 1 || r.Status().After != "events were turned away" || r.Status().Counts != 1 {
			t.Errorf("there were %d questions, and it is %+v", people, r.Status())
		}
	})
}

// TestReconcilingWaitsForTheAPI has the API down when it is needed: that is told once, and tried again; who polls a
// client for hours is not asked every second.
//
// Seen to break it: given up after the first; told every time; tried every second; the window that of the beginning.
func TestReconcilingWaitsForTheAPI(t *testing.T) {
	onGround(t, gateway.DefaultRules(), func(t *testing.T, g *ground) {
		g.everyMinute("09:05:00")
		for range 4000 {
			g.Trouble(butlrtest.Status(503, ""))
		}
		r := g.reconcile()
		g.run(r.Run)
		g.everyMinute("12:00:00")
		if n := len(g.Requests()); n > 250 || g.said.lines() != 1 || !strings.Contains(r.Status().Why, "503") {
			t.Errorf("it asked %d times, and said:\n%s", n, g.said)
		}
		g.Untrouble()
		g.counted("room_a  09:03", 9)
		g.counted("room_a  09:04", 9)
		g.counted("room_a  11:58", 3)
		g.everyMinute("12:12:00")
		if s := r.Status(); s.Why != "" || s.Counts != 1 || s.After != "the start" || g.said.lines() != 2 {
			t.Errorf("it is %+v, and said:\n%s", s, g.said)
		}
	})
}

// TestTrafficIsComparedAndNotCorrected has people pass while Butlr's events go astray: the difference is told, for the
// minutes that this process can tell of, and the totals stay.
//
// Seen to break it: totals corrected; compared at once; minutes before the start compared; the ways exchanged; a match
// called a difference.
func TestTrafficIsComparedAndNotCorrected(t *testing.T) {
	onGround(t, gateway.DefaultRules(), func(t *testing.T, g *ground) {
		g.everyMinute("09:05:00")
		r := g.reconcile()
		if err := g.sent(g.event("sensor_1", gateway.Traffic), g.event("sensor_2", gateway.Traffic)); err != nil {
			t.Fatal(err)
		}
		g.run(r.Run)
		g.counted("sensor_1 in 09:05", 2)
		g.counted("sensor_2 in 09:05", 2)
		g.everyMinute("09:20:00")
		g.counted("sensor_1 in 09:32", 5)
		g.counted("sensor_1 out 09:33", 3)
		g.until("09:38:20")
		g.everyMinute("09:42:00")
		if got := r.Status().Traffic; strings.Contains(got, "differs") {
			t.Errorf("it is compared before Butlr can have sent what it kept: %s", got)
		}
		g.everyMinute("09:50:00")
		want := "traffic differs and is not corrected: 0 in, 0 out were counted here and 5 in, 3 out by Butlr at 2 sensors from 09:28 to 09:38 UTC " +
			"(name of sensor_1 0 in, 0 out here and 5 in, 3 out at Butlr)"
		if got := r.Status().Traffic; got != want || !strings.Contains(g.said.String(), "traffic differs and is not corrected") {
			t.Errorf("it is %q\nwant %q\nsaid was:\n%s", got, want, g.said)
		}
		if got := g.total("sensor_1"); got != "2/0" {
			t.Errorf("%s passed, want 2/0", got)
		}
		g.until("10:00:00")
		g.counted("sensor_1 in 10:00", 2)
		if err := g.sent(g.event("sensor_1", gateway.Traffic)); err != nil { // after a silence
			t.Fatal(err)
		}
		g.until("10:04:30")
		if err := g.sent(g.event("room_a", gateway.Occupancy)); err != nil { // and another, which has the minute in it
			t.Fatal(err)
		}
		g.until("10:20:00")
		if got, want := r.Status().Traffic, "traffic is as Butlr has it: 2 in, 0 out at 2 sensors from 09:55 to 10:05 UTC"; got != want {
			t.Errorf("it is %q\nwant %q", got, want)
		}
	})
}
