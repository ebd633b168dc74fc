package butlr_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"butlr-gateway/adapters/butlr/butlrtest"
	"butlr-gateway/gateway"
)

// polledRules are those of pull mode.
func polledRules() gateway.Rules {
	rules := gateway.DefaultRules()
	rules.Polled = true
	return rules
}

// TestPollTakesEachMinuteOnce has people and traffic of a few minutes: they come with the names that Butlr has, once
// each, and only when a minute is over. Who passes an entrance in a room counts for the room and for the floor.
//
// Seen to break it: a minute taken that is not over; the minute counted in which polling began; zeros taken, so that
// what comes later is a duplicate; what was taken told again every time; an entrance counted for its room alone; names left
// out; the id without its minute.
func TestPollTakesEachMinuteOnce(t *testing.T) {
	onGround(t, polledRules(), func(t *testing.T, g *ground) {
		g.counted("sensor_1 in 09:00", 64) // before polling began, or partly
		g.run(g.poll().Run)
		g.counted("room_a  09:01", 2)
		g.counted("sensor_1 in 09:01", 1)
		g.counted("sensor_2 in 09:01", 4)
		g.until("09:01:50")
		g.counted("sensor_1 in 09:01", 3)
		g.counted("sensor_1 out 09:01", 1)
		if a := g.asset("room_a"); a != nil {
			t.Errorf("before the minute is over it is known: %s", g.seen("room_a", 9))
		}
		g.until("09:02:25")
		if got := g.total("sensor_1"); got != "3/1" {
			t.Errorf("%s passed the door, want 3/1", got)
		}
		g.counted("room_a  09:02", 3)
		g.counted("sensor_1 in 09:03", 2)
		g.counted("sensor_2 out 09:02", 0)
		g.until("09:06:00")
		g.counted("sensor_2 out 09:02", 5) // late: nobody had passed
		g.until("09:08:00")
		for id, want := range map[gateway.AssetID]string{
			"room_a": "09:03 2/0 polled accepted, 09:02 3 polled accepted, 09:01 3/1 polled accepted, 09:01 2 polled accepted", "room_b": "09:02 0/5 polled accepted, 09:01 4/0 polled accepted",
			"sensor_1": "09:03 2/0 polled accepted, 09:01 3/1 polled accepted", "sensor_2": "09:02 0/5 polled accepted, 09:01 4/0 polled accepted",
			"space_1": "09:02 0/5 polled accepted, 09:01 4/0 polled accepted",
		} {
			if got := g.seen(id, 9); got != want {
				t.Errorf("%s: seen was %q\nwant %q", id, got, want)
			}
		}
		if a := g.asset("room_a"); a.Name != "Boardroom" || a.CustomID != "MH-1" || strings.Join(a.Path, " ") != "Rotterdam Maas House Level 1" {
			t.Errorf("it is described as %+v", a)
		}
		if over := g.Minutes(50); over != nil {
			t.Errorf("too many requests: %v", over)
		}
	})
}

// TestPollTakesCorrections has Butlr say something else of minutes that were taken: people merge as all events do, who
// passed has counted and is only told.
//
// Seen to break it: minutes not looked at again; traffic counted again under another id; the correction not told, or
// told every minute.
func TestPollTakesCorrections(t *testing.T) {
	onGround(t, polledRules(), func(t *testing.T, g *ground) {
		p := g.poll()
		g.run(p.Run)
		g.counted("room_a  09:01", 2)
		for minute := range 5 {
			g.counted(fmt.Sprint("room_b  09:0", minute+1), 2) // Butlr is not behind
		}
		g.counted("sensor_1 in 09:01", 3)
		g.until("09:03:00")
		g.counted("room_a  09:01", 5)
		g.counted("sensor_1 in 09:01", 7)
		g.counted("sensor_1 out 09:01", 1)
		g.until("09:06:00")
		if got := g.shown("room_a").Readings[gateway.People]; got.Value != 5 {
			t.Errorf("there are %d people, want 5", got.Value)
		}
		if got := g.total("sensor_1"); got != "3/0" || p.Status().Corrected != 5 {
			t.Errorf("%s passed, corrected by %d; want 3/0, by 5", got, p.Status().Corrected)
		}
		g.counted("room_a  09:01", 6) // Butlr lags: nothing newer is there, so it is looked at for longer
		g.until("09:15:00")
		g.counted("room_a  09:01", 7)
		g.counted("room_a  09:15", 1)
		g.until("09:17:00")
		g.counted("room_a  09:01", 8)
		g.until("09:20:00")
		if got := g.seen("room_a", 2); !strings.HasPrefix(got, "09:15 1 polled accepted, 09:01 7 ") {
			t.Errorf("seen was %s", got)
		}
	})
}

// TestPollCatchesUp has the gateway, or the API, gone for a while: what was missed is taken, and counted once, as far
// back as traffic is remembered. Where polling was off in between, it begins anew.
//
// Seen to break it: how far it came not remembered; remembered before it was taken; only the last minutes read after an
// outage; the horizon passed over; polling that was off not forgotten.
func TestPollCatchesUp(t *testing.T) {
	onGround(t, polledRules(), func(t *testing.T, g *ground) {
		p := g.poll()
		p.Horizon = 2 * time.Hour
		stop := g.run(p.Run)
		g.counted("sensor_1 in 09:01", 1)
		g.until("09:03:00")
		stop()
		g.counted("sensor_1 in 09:02", 2)
		g.counted("sensor_1 in 09:30", 4)
		g.until("10:30:00")
		g.mu.Lock()
		g.broken = errors.New("disk full")
		g.mu.Unlock()
		p = g.poll()
		p.Horizon = 2 * time.Hour
		stop = g.run(p.Run)
		g.until("10:31:00")
		g.mu.Lock()
		g.broken = nil
		g.mu.Unlock()
		g.until("10:37:00")
		if got := g.total("sensor_1"); got != "7/0" {
			t.Errorf("%s passed, want 7/0", got)
		}
		stop()
		g.counted("sensor_1 in 10:40", 8)
		g.counted("sensor_1 in 11:10", 16)
		g.until("13:05:00")
		p = g.poll()
		p.Horizon = 2 * time.Hour
		stop = g.run(p.Run)
		g.until("13:07:00")
		if got := g.total("sensor_1"); got != "23/0" {
			t.Errorf("%s passed, want 23/0: what is older than the horizon is left out", got)
		}
		stop()
		if err := forget(g); err != nil {
			t.Fatal(err)
		}
		g.counted("sensor_1 in 13:20", 32) // sent, and counted so
		g.until("13:30:00")
		g.run(g.poll().Run)
		g.until("13:33:00")
		if got := g.total("sensor_1"); got != "23/0" {
			t.Errorf("%s passed, want 23/0", got)
		}
	})
}

// TestPollThatFailsSaysSoOnce has the API down for hours: that is told once, is an alarm after a while, asks ever more
// rarely, and ends.
//
// Seen to break it: an alarm at once; none; told every time; asked every second; what to do left out of the alarm.
func TestPollThatFailsSaysSoOnce(t *testing.T) {
	onGround(t, polledRules(), func(t *testing.T, g *ground) {
		p := g.poll()
		g.run(p.Run)
		g.until("09:03:00")
		g.said.Reset()
		for range 4000 {
			g.Trouble(butlrtest.Status(503, ""))
		}
		asked := len(g.Requests())
		g.until("09:14:00")
		if g.inForce(gateway.PollFailing) || p.Status().Why == "" {
			t.Errorf("the alarm is in force %v, and it says %q", g.inForce(gateway.PollFailing), p.Status().Why)
		}
		g.until("09:30:00")
		if !g.inForce(gateway.PollFailing) {
			t.Error("there is no alarm")
		}
		g.until("12:00:00")
		if text := g.said.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "cannot be read") || !strings.Contains(text, "since 2026-03-10 09:02:") {
			t.Errorf("it was said:\n%s", text)
		}
		if n := len(g.Requests()) - asked; n > 400 {
			t.Errorf("it was asked %d times in three hours", n)
		}
		g.Untrouble()
		g.counted("sensor_1 in 10:00", 3)
		g.until("12:12:00")
		if g.inForce(gateway.PollFailing) || p.Status().Why != "" || g.total("sensor_1") != "3/0" {
			t.Errorf("the alarm is in force %v, it says %q, and %s passed", g.inForce(gateway.PollFailing), p.Status().Why, g.total("sensor_1"))
		}
		if over := g.Minutes(50); over != nil {
			t.Errorf("too many requests: %v", over)
		}
	})
}

// TestPollSurvivesAClockThatWasAhead has the clock a year ahead for a while: polling goes on with what is over.
//
// Seen to break it: how far it came believed; since when it counts believed.
func TestPollSurvivesAClockThatWasAhead(t *testing.T) {
	onGround(t, polledRules(), func(t *testing.T, g *ground) {
		p := g.poll()
		ahead := 365 * 24 * time.Hour
		p.Clock = func() time.Time {
			if time.Now().Hour() == 9 && time.Now().Minute() < 5 {
				return time.Now().Add(ahead)
			}
			return time.Now()
		}
		g.run(p.Run)
		g.until("09:07:00")
		g.counted("sensor_1 in 09:08", 3)
		g.until("09:10:00")
		if got := g.total("sensor_1"); got != "3/0" {
			t.Errorf("%s passed, want 3/0", got)
		}
	})
}

// TestPollOfACampusIsCutIntoPieces has more rooms than one question has: each is asked for, none twice.
//
// Seen to break it: only the first piece asked for; pieces that overlap; all in one.
func TestPollOfACampusIsCutIntoPieces(t *testing.T) {
	onGround(t, polledRules(), func(t *testing.T, g *ground) {
		var rooms []map[string]any
		for i := range 1100 {
			id := fmt.Sprint("room_", i)
			rooms = append(rooms, map[string]any{"id": id, "floor_id": "space_1"})
			g.counted(id+"  09:01", 1)
		}
		g.Furnish(butlrtest.Inventory{Rooms: rooms})
		g.run(g.poll().Run)
		g.until("09:02:30")
		n := 0
		for _, room := range rooms {
			if g.seen(gateway.AssetID(room["id"].(string)), 9) == "09:01 1 polled accepted" {
				n++
			}
		}
		if n != len(rooms) {
			t.Errorf("%d of %d rooms were seen once", n, len(rooms))
		}
		for _, r := range g.Requests() {
			if n := strings.Count(r.Body, `"room_`) - 2; n > 500 {
				t.Errorf("one question has %d rooms", n)
			}
		}
	})
}
