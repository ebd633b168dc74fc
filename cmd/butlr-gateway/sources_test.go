package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/webhook"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// life is a gateway that runs in the process of the test.
type life struct {
	*service
	t    *testing.T
	stop func()
}

// live runs a gateway until it is stopped, or until the test ends.
func live(t *testing.T, path string) *life {
	t.Helper()
	settings, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := open(ctx, settings, rulesOf(settings), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.reloader = newReloader(path, settings, s)
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.run(ctx); err != nil {
			t.Errorf("running: %v", err)
		}
		if err := s.close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	l := &life{s, t, func() { cancel(); running.Wait() }}
	t.Cleanup(l.stop)
	return l
}

// takes has the gateway take one of the example bodies, moved to another time.
func (l *life) takes(name string, at time.Time) {
	l.t.Helper()
	events, err := webhook.Decode([]byte(payload(l.t, name, at)))
	if err == nil {
		err = l.hub.Ingest(l.t.Context(), events)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// asset returns the description of an asset.
func (l *life) asset(id gateway.AssetID) (a *gateway.Asset) {
	l.t.Helper()
	if err := l.hub.View(l.t.Context(), func(s *gateway.State) { a = s.Asset(id) }); err != nil || a == nil {
		l.t.Fatalf("%s: %v, %v", id, a, err)
	}
	return a
}

// The page shows the words that a controller reads, in the order of words that is configured, with what they mean.
//
// Seen to break it: the usual order of words for any; the reference of the other table.
func TestThePageShowsTheWordsThatAControllerReads(t *testing.T) {
	s := live(t, newSite(t, "word_order = \"CDAB\"\n").config) // of [modbus], which comes last
	now := time.Now()
	s.takes("ROOM_OCCUPANCY", now)
	s.takes("TRAFFIC", now)
	room := s.asset(boardroomID)
	c := modbus.NewClient(modbus.ClientOptions{Address: s.modbus.Addr().String(), Unit: 1})
	defer c.Close()
	read := func() []uint16 {
		words, err := c.Registers(modbus.Input, uint16(100+16*room.Number), 16)
		if err != nil {
			t.Fatal(err)
		}
		return words
	}
	waitFor(t, func() string { // ages pass
		var shown []uint16
		for _, v := range s.sources().Registers(room) {
			shown = append(shown, v.Words...)
		}
		return cmp.Diff(read(), shown)
	})
	values := s.sources().Registers(room)
	at := slices.IndexFunc(values, func(v web.RegisterValue) bool { return v.Name == "traffic_in" })
	if at < 0 {
		t.Fatalf("got %+v", values)
	}
	address := 100 + 16*int(room.Number) + 8
	want := web.RegisterValue{
		Name: "traffic_in", Description: "people who went in, running total", Unit: 1, Address: address,
		Input: fmt.Sprintf("3%04d", address+1), Holding: fmt.Sprintf("4%04d", address+1), Words: []uint16{1, 0}, Value: "1 person",
	}
	if diff := cmp.Diff(want, values[at]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The page shows what became of each event, and nothing of where people were seen.
func TestThePageShowsWhatBecameOfEvents(t *testing.T) {
	s := live(t, newSite(t, "").config)
	now := time.Now()
	s.takes("ROOM_OCCUPANCY", now)
	s.takes("ROOM_OCCUPANCY", now)
	s.takes("ROOM_OCCUPANCY", now.Add(time.Hour))
	s.takes("TRAFFIC", now)
	s.takes("DETECTIONS", now)
	s.takes("PIR_NO_MOTION", now)
	list := func(id gateway.AssetID) string {
		events, err := s.sources().Events(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, e := range events {
			fmt.Fprintf(&b, "%s %s: %s", e.Type, e.Verdict, e.Value)
			if e.Why != "" {
				fmt.Fprintf(&b, " (%s)", e.Why)
			}
			b.WriteString("\n")
			if e.Arrived == 0 || e.At == 0 || len(e.ID) != 27 {
				t.Errorf("got %+v", e)
			}
		}
		return b.String()
	}
	room := strings.Split(list(boardroomID), "\n")
	if len(room) != 5 || !strings.HasPrefix(room[1], "occupancy refused: 6 people (its timestamp is 60m ahead") && !strings.HasPrefix(room[1], "occupancy refused: 6 people (its timestamp is 1h") {
		t.Errorf("of the room: %q", room)
	}
	room[1] = "refused"
	want := []string{"traffic accepted: 1 in, 0 out", "refused", "occupancy duplicate: 6 people (it was known already)", "occupancy accepted: 6 people", ""}
	if diff := cmp.Diff(want, room); diff != "" {
		t.Errorf("of the room (-want +got):\n%s", diff)
	}
	for id, want := range map[gateway.AssetID]string{
		"sensor_3W8x8y4tZ2UNVaLDpDeLRTU9lkJ": "detections accepted: 3 people seen\n", "room_30wbf9EVBov1Cj1hu7xBIdBVbH5": "no_motion accepted: no motion\n", "room_nobody": "",
	} {
		if got := list(id); got != want {
			t.Errorf("of %s: got %q, want %q", id, got, want)
		}
	}
}

// Who did what is told over a restart, with the names of assets, the newest first: overrides, and what else passed the
// desk. What was done by a command while no gateway ran is among it.
//
// Seen to break it: the logbook opened without its table; names left out; the audit in its own order; the desk of a
// command without a logbook.
func TestTheAuditIsToldOverARestart(t *testing.T) {
	site := newSite(t, "")
	s := live(t, site.config)
	s.takes("ROOM_OCCUPANCY", time.Now())
	s.takes("TRAFFIC", time.Now())
	value := 1
	steps := []func(d *web.Desk) error{
		func(d *web.Desk) error {
			_, err := d.Force(t.Context(), web.ForceOrder{Asset: boardroomID, Target: "occupied", Value: &value, Reason: "fire drill", Author: "Noor"})
			return err
		},
		func(d *web.Desk) error {
			_, err := d.ResetEstimate(t.Context(), web.ResetOrder{Asset: boardroomID, Author: "Sem"})
			return err
		},
		func(d *web.Desk) error {
			_, err := d.Release(t.Context(), web.ReleaseOrder{Asset: boardroomID, Author: "Lot"})
			return err
		},
		func(d *web.Desk) error {
			_, err := d.Rearrange(t.Context(), web.LedgerOrder{Retire: []string{boardroomID}, Author: "Noor"})
			return err
		},
	}
	for _, step := range steps {
		if err := step(s.desk()); err != nil {
			t.Fatal(err)
		}
		<-time.After(3 * time.Millisecond) // so that no two are of one moment
	}
	told := func(s *life) (lines []string) {
		entries, err := s.sources().Audit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.At == 0 || (e.Asset == "") != (e.Name == "") {
				t.Errorf("got %+v", e)
			}
			lines = append(lines, fmt.Sprintf("%s %s by %s", e.What, e.Name, e.Author))
		}
		return lines
	}
	want := []string{"rearranged  by Noor", "released Boardroom Erasmus by Lot", "reset_estimate Boardroom Erasmus by Sem", "forced Boardroom Erasmus by Noor"}
	if diff := cmp.Diff(want, told(s)); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	s.stop()
	if code, _, complaints := typed(t.Context(), site.config, "points", "apply", "--reinstate", boardroomID); code != 0 {
		t.Fatalf("exit code %d: %s", code, complaints)
	}
	want = append([]string{"rearranged  by " + operator()}, want...)
	if diff := cmp.Diff(want, told(live(t, site.config))); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
}

// The metrics are as many with five hundred assets as with none.
//
// Seen to break it: a gauge with a label for each asset.
func TestAssetsAddNoMetrics(t *testing.T) {
	s := live(t, newSite(t, "").config)
	count := func() (n int) {
		families, err := s.metrics.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			n += len(f.Metric)
		}
		return n
	}
	s.takes("ROOM_OCCUPANCY", time.Now())
	before := count()
	events := make([]gateway.Event, 500)
	for i := range events {
		events[i] = gateway.Event{
			Type: gateway.Occupancy, Subject: gateway.Room, At: gateway.TimestampOf(time.Now()), People: 1,
			Path: gateway.Path{Site: gateway.Place{ID: "site_1"}, Room: gateway.Place{ID: gateway.AssetID(fmt.Sprint("room_", i))}},
		}
	}
	if err := s.hub.Ingest(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if after := count(); after != before || s.board.Summary().Assets < 500 {
		t.Errorf("%d series with %d assets, and %d before", after, s.board.Summary().Assets, before)
	}
}
