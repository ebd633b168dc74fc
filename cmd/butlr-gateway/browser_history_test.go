package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"butlr-gateway/adapters/store"
	"butlr-gateway/gateway"
)

// lived writes what a gateway would have noted of a meeting room in the month before now: working days with meetings
// and off-delays, and two days in seven with nobody; today the feed was lost for a while, and yesterday no gateway ran
// for three hours.
func lived(t *testing.T, dir string, id gateway.AssetID, now time.Time) {
	t.Helper()
	start := now.AddDate(0, 0, -31)
	down := now.Add(-20 * time.Hour)
	for _, run := range [][2]time.Time{{start, down}, {down.Add(3 * time.Hour), now}} {
		samples, err := store.OpenSamples(t.Context(), store.SamplesOptions{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		for at := run[0]; at.Before(run[1]); at = at.Add(time.Minute) {
			samples.Publish(&gateway.Update{Now: gateway.TimestampOf(at), Changed: []gateway.Snapshot{livedAt(id, at, now)}})
			if at.Equal(run[0]) || !at.Add(time.Minute).Before(run[1]) { // it ran from its first writing to its last
				if err := samples.Run(ended); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := samples.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// livedAt is the room at a moment of that month. Now is always about noon there.
func livedAt(id gateway.AssetID, at, now time.Time) gateway.Snapshot {
	s := gateway.Snapshot{
		Asset: &gateway.Asset{ID: id, Kind: gateway.Room}, Quality: gateway.Good,
		Has: gateway.MeasuresOf(gateway.People, gateway.Lighting, gateway.HVAC, gateway.Ventilation),
	}
	hour, minute, ago := at.Hour(), at.Minute(), int(now.Sub(at)/(24*time.Hour))
	meeting := (hour*7+at.YearDay())%4 != 0 && hour >= 8 && hour < 18 && ago%7 != 3 && ago%7 != 4
	people := 0
	if meeting && minute < 45 {
		people = 2 + (hour*5+at.YearDay()*3)%7 + minute/20%2
	}
	empty := meeting && minute >= 45 // since when
	say := func(m gateway.Measure, value int) {
		s.Readings[m] = gateway.Reading{Value: int64(value), Known: true, Quality: s.Quality}
	}
	on := func(minutes int) int {
		if people > 0 || empty && minute < 45+minutes {
			return 1
		}
		return 0
	}
	if on(15) == 1 && people == 0 {
		s.OffDelayEnds = gateway.TimestampOf(at.Add(time.Minute))
	}
	switch lost := now.Sub(at); {
	case lost > 2*time.Hour && lost < 210*time.Minute:
		s.Quality = gateway.Substituted
	default:
		say(gateway.People, people)
	}
	say(gateway.HVAC, on(15))
	say(gateway.Lighting, on(10))
	say(gateway.Ventilation, on(6))
	return s
}

// The plots of a month show people, the off-delay, what was not heard and when no gateway ran; on a phone they are as
// narrow, and what is written in them can be read.
// Seen to break it: one drawing for both, with texts of 5 pixels.
func TestInABrowserAMonthIsDrawn(t *testing.T) {
	chromium(t)
	s := newSite(t, fmt.Sprintf("[web]\nlisten = \"127.0.0.1:0\"\npassword = %q\n", pagePassword))
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-time.Minute)))
	s.live(t, time.Now())
	desk, phone := newWindow(t, s.address("page"), 1400, "light"), newWindow(t, s.address("page"), 380, "dark")
	for _, b := range []*window{desk, phone} {
		b.logIn("anna")
		b.open("/assets/" + boardroomID)
		const shown = `[...document.querySelectorAll("main svg[role=img]")].filter((svg) => svg.checkVisibility())`
		for _, part := range []string{"path.people", "rect.off-delay", "rect.gap", "rect.doubt", "rect.band"} {
			if n := script[int](b, "looking for "+part, shown+fmt.Sprintf(`.filter((svg) => svg.querySelector(%q)).length`, part)); n != 2 {
				t.Errorf("%d of 2 plots have %s", n, part)
			}
		}
		height := `Math.min(...` + shown + `.flatMap((svg) => [...svg.querySelectorAll("text")]).map((text) => text.getBoundingClientRect().height))`
		if pixels := script[float64](b, "measuring the texts", height); pixels < 10 {
			t.Errorf("a text is %.1f pixels high", pixels)
		}
		if dir := os.Getenv(picturesIn); dir != "" {
			b.shoot(filepath.Join(dir, fmt.Sprintf("month-%d.png", script[int](b, "measuring", "innerWidth"))))
		}
		b.clean()
	}
}

// live gives the room of the examples a month, while the gateway does not run.
func (s *site) live(t *testing.T, now time.Time) {
	t.Helper()
	s.stop(syscall.SIGTERM)
	state := filepath.Join(s.dir, "state")
	files, err := filepath.Glob(filepath.Join(state, "history.db*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	place, err := time.LoadLocation(noonZone(now))
	if err != nil {
		t.Fatal(err)
	}
	lived(t, state, boardroomID, now.In(place))
	s.start()
}
