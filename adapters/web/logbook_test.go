package web_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// memory is a table that can fail, or not answer.
type memory struct {
	mu    sync.Mutex
	rows  map[string]string
	fails error
	hangs chan struct{} // nil does not
}

func (m *memory) Load(context.Context) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.rows), m.fails
}

func (m *memory) Write(_ context.Context, changes map[string]string) error {
	if m.hangs != nil {
		<-m.hangs
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails != nil {
		return m.fails
	}
	for key, value := range changes {
		if value == "" {
			delete(m.rows, key)
		} else {
			m.rows[key] = value
		}
	}
	return nil
}

// at returns the moment of a time of the day of all tests.
func at(clock string) gateway.Timestamp {
	t, err := time.Parse(time.TimeOnly, clock)
	if err != nil {
		panic(err)
	}
	return gateway.TimestampOf(morning.Truncate(24 * time.Hour).Add(t.Sub(t.Truncate(24 * time.Hour))))
}

func openLogbook(m *memory, log *strings.Builder) *web.Logbook {
	return web.OpenLogbook(context.Background(), m, slog.New(slog.NewTextHandler(log, nil)))
}

// What was noted is there after a restart, the newest first; a thousand are kept, of which the oldest give way, on
// disk too. A clock that went back puts nothing into another order.
//
// Seen to break it: the order of the keys' texts; the order of the times; one more kept on disk; numbers that begin
// anew after a restart.
func TestTheLogbookKeepsTheNewestOverARestart(t *testing.T) {
	m, log := &memory{rows: map[string]string{"rubbish": "{}", "17": "no entry"}}, new(strings.Builder)
	l := openLogbook(m, log)
	var want []web.AuditEntry
	for i := range 1203 {
		at := web.Moment(at("09:00:00")) + web.Moment(i)
		if i > 600 {
			at -= 3600_000
		}
		e := web.AuditEntry{At: at, What: "tried", Author: "Noor", Text: fmt.Sprint("number ", i)}
		l.Note(t.Context(), e)
		want = append([]web.AuditEntry{e}, want...)
		if i == 700 {
			l = openLogbook(m, log)
		}
	}
	for when, l := range map[string]*web.Logbook{"before": l, "after": openLogbook(m, log)} {
		if diff := cmp.Diff(want[:1000], l.Entries()); diff != "" {
			t.Errorf("%s a restart (-want +got):\n%s", when, diff)
		}
	}
	early := &memory{rows: map[string]string{}}
	l = openLogbook(early, log)
	for i := range 12 { // on a machine whose clock begins in 1970
		l.Note(t.Context(), web.AuditEntry{At: 1, Text: fmt.Sprint("number ", i)})
	}
	if diff := cmp.Diff(l.Entries(), openLogbook(early, log).Entries()); diff != "" {
		t.Errorf("in 1970 (-before a restart +after):\n%s", diff)
	}
	if n := len(m.rows) - 2; n != 1000 {
		t.Errorf("%d rows are kept, want 1000", n)
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", log)
	}
}

// A disk that fails, or does not answer, loses the note and never what is noted: that is shown until the process ends,
// and logged. Whoever did it waits for two seconds at most.
//
// Seen to break it: an entry taken back; waiting for the disk for ever; nothing logged.
func TestADiskThatFailsLosesNoMoreThanTheNote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, log := &memory{rows: map[string]string{}, fails: errors.New("disk full")}, new(strings.Builder)
		l := openLogbook(m, log)
		l.Note(t.Context(), web.AuditEntry{At: 1, What: "first"})
		m.hangs = make(chan struct{})
		began := time.Now()
		l.Note(t.Context(), web.AuditEntry{At: 2, What: "second"})
		if waited := time.Since(began); waited != 2*time.Second {
			t.Errorf("waited for %s", waited)
		}
		close(m.hangs)
		if got := l.Entries(); len(got) != 2 || got[0].What != "second" || got[1].What != "first" {
			t.Errorf("got %+v, want both", got)
		}
		for _, want := range []string{"before the start cannot be read", "what=first", "disk full", "does not answer", "what=second"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log has no %q:\n%s", want, log)
			}
		}
	})
}

// Whoever rearranges the ledger or resets an estimate is in the logbook, whichever way the order came; who asked for
// what was refused, or was so already, is not.
//
// Seen to break it: an order noted that failed; one that changed nothing; the author left out; each addition named.
func TestTheDeskNotesWhatWasDone(t *testing.T) {
	m, log := &memory{rows: map[string]string{}}, new(strings.Builder)
	hub := &arranger{}
	desk, _ := newDesk(overrider{reset: func(id gateway.AssetID) error {
		if id != "room_1" {
			return errors.New("no traffic of it is known")
		}
		return nil
	}})
	desk.Arranger, desk.Logbook = hub, openLogbook(m, log)
	s := serveControl(t, desk)
	order := func(path, body string) {
		if _, _, err := s.ask("POST", path, asJSON, body); err != nil {
			t.Fatal(err)
		}
	}
	order("/api/v1/ledger", `{"author":"Noor"}`)
	hub.plan.Changes = []gateway.Change{
		{Step: gateway.StepMove, Asset: "room_1", From: 3, To: 40}, {Step: gateway.StepAdd, Asset: "room_7", From: gateway.NoNumber, To: 5},
	}
	for n := range gateway.Number(6) {
		hub.plan.Changes = append(hub.plan.Changes, gateway.Change{Step: gateway.StepRetire, Asset: gateway.AssetID(fmt.Sprint("room_2", n)), From: n, To: n})
	}
	hub.fails = gateway.ErrMoves
	order("/api/v1/ledger", `{"author":"Noor"}`)
	hub.fails = nil
	order("/api/v1/ledger", `{"author":"Noor","gateway":"0badcafe"}`)
	hub.plan = gateway.Plan{Told: []gateway.Telling{{Asset: "room_1", What: gateway.ToldName}, {Asset: "room_2", What: gateway.ToldName}}}
	order("/api/v1/ledger", `{"author":"Noor"}`)
	order("/api/v1/reset-estimate", `{"asset":"room_1","author":"Sem"}`)
	order("/api/v1/reset-estimate", `{"asset":"space_3","author":"Sem"}`)
	at := web.Moment(gateway.TimestampOf(morning))
	want := []web.AuditEntry{
		{At: at, What: "reset_estimate", Asset: "room_1", Author: "Sem", Text: "its traffic estimate begins anew: nobody is there"},
		{At: at, What: "rearranged", Author: "Noor", Text: "2 things that the inventory says taken over"},
		{At: at, What: "rearranged", Author: "Noor", Text: "1 moved, 1 added, 6 retired, the checksum fixed, and the gateway's id becomes 0badcafe: " +
			"move room_1 from number 3 to 40, retire room_20, retire room_21, retire room_22, retire room_23, and 2 more"},
	}
	if diff := cmp.Diff(want, desk.Logbook.Entries()); diff != "" {
		t.Errorf("the logbook (-want +got):\n%s\n%s", diff, log)
	}
}

// What became of an override is told as a sentence.
func TestAnOverridesChangeIsASentence(t *testing.T) {
	o := gateway.Override{Target: gateway.TargetOutputs, Value: 1, Source: gateway.FromOperator, Author: "Noor", Reason: "fire drill", Since: at("09:00:00"), Until: at("12:00:00")}
	for change, want := range map[string]string{
		"forced":   "forced occupied until 10 Mar 2026 12:00 UTC by Noor (operator): fire drill",
		"released": "released what was forced occupied until 10 Mar 2026 12:00 UTC by Noor (operator): fire drill",
		"expired":  "ended by itself what was forced occupied until 10 Mar 2026 12:00 UTC by Noor (operator): fire drill",
	} {
		c := gateway.OverrideChange{At: at("10:00:00"), Asset: "room_1", Change: change, By: "Sem", Override: o}
		got := web.AuditEntryOf(&c, "Boardroom", time.UTC)
		if diff := cmp.Diff(web.AuditEntry{At: web.Moment(at("10:00:00")), What: change, Asset: "room_1", Name: "Boardroom", Author: "Sem", Text: want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", change, diff)
		}
	}
}

// The status tells what the other adapters know of themselves; a disk that cannot be measured is null, and no reason
// not to be well.
//
// Seen to break it: a status that fails with the disk; lists that are null.
func TestTheStatusTellsOfDiskBrokersAndCertificates(t *testing.T) {
	r := reporter(hub{}, gateway.NewAlarms(nil))
	s, err := r.Status(t.Context())
	if err != nil || s.Disk != nil || s.Brokers == nil || s.Certificates == nil {
		t.Errorf("of nothing: got %+v, %v", s, err)
	}
	broken := errors.New("no answer")
	r.Sources = web.Sources{
		Disk:         func(context.Context) (*web.Disk, error) { return &web.Disk{Free: 9, History: 3}, broken },
		Brokers:      func() []web.Broker { return []web.Broker{{Name: "mqtt"}} },
		Certificates: func() []web.Certificate { return []web.Certificate{{What: "webhook", Ends: 5}} },
	}
	if s, err = r.Status(t.Context()); err != nil || !s.Healthy || s.Disk != nil {
		t.Errorf("of a disk that is not known: got %+v, %v", s, err)
	}
	broken = nil
	s, err = r.Status(t.Context())
	if err != nil || s.Disk == nil || s.Disk.Free != 9 || len(s.Brokers) != 1 || len(s.Certificates) != 1 || s.Certificates[0].Ends != 5 {
		t.Errorf("got %+v, %v", s, err)
	}
}
