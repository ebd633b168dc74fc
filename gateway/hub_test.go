package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

// sink keeps what was published.
type sink struct {
	mu      sync.Mutex
	updates int
	shown   map[gateway.AssetID]gateway.Snapshot
	summary gateway.Summary
}

func (s *sink) Publish(u *gateway.Update) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.updates++
	s.summary = u.Summary
	for _, c := range u.Changed {
		if s.shown == nil {
			s.shown = make(map[gateway.AssetID]gateway.Snapshot)
		}
		s.shown[c.Asset.ID] = c
	}
}

func (s *sink) people(id gateway.AssetID) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := s.shown[id]
	return shown.Reading(gateway.People).Value
}

func (s *sink) quality(id gateway.AssetID) gateway.Quality {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown[id].Quality
}

// gated is a journal whose commits wait until they are let through; heartbeats pass.
type gated struct {
	journal
	began chan struct{}
	pass  chan error
}

func (g *gated) Commit(ctx context.Context, b *gateway.Batch) error {
	if len(b.Assets)+len(b.Histories)+len(b.Totals) == 0 {
		return g.journal.Commit(ctx, b)
	}
	g.began <- struct{}{}
	if err := <-g.pass; err != nil {
		return err
	}
	return g.journal.Commit(ctx, b)
}

// inBubble runs a test in a synctest bubble whose clock stands at the tests' morning.
func inBubble(t *testing.T, test func(t *testing.T, clock gateway.Clock)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		test(t, func() gateway.Instant {
			mono := time.Since(begin)
			return gateway.Instant{Wall: morning.Add(mono), Mono: mono}
		})
	})
}

// startHub runs a hub until the test ends.
func startHub(t *testing.T, clock gateway.Clock, j gateway.Journal, s *sink, limit int) (*gateway.Hub, *gateway.Alarms) {
	t.Helper()
	alarms := gateway.NewAlarms(nil)
	h, err := gateway.NewHub(gateway.HubOptions{
		State: newState(t, gateway.DefaultRules()), Journal: j, Sinks: []gateway.Sink{s}, Clock: clock, Alarms: alarms, QueueLimit: limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Start(t.Context())
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return h, alarms
}

func TestWhoIsToldYesCanReadIt(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j, s := &journal{}, &sink{}
		h, _ := startHub(t, clock, j, s, 0)
		for n := range 1000 {
			if err := h.Ingest(t.Context(), []gateway.Event{after(n, people("room_a", n, "09:00:00"))}); err != nil {
				t.Fatal(err)
			}
			if got := s.people("room_a"); got != int64(n) {
				t.Fatalf("after the answer: %d people, want %d", got, n)
			}
			if j.commits != n+1 {
				t.Fatalf("%d commits after %d events", j.commits, n+1)
			}
		}
	})
}

func TestWhatWaitsIsOneBatch(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j := &gated{began: make(chan struct{}), pass: make(chan error)}
		s := &sink{}
		h, _ := startHub(t, clock, j, s, 0)
		var senders sync.WaitGroup
		send := func(e gateway.Event) {
			senders.Go(func() {
				if err := h.Ingest(t.Context(), []gateway.Event{e}); err != nil {
					t.Error(err)
				}
			})
		}
		send(people("room_first", 1, "09:00:00"))
		<-j.began
		for i := range 20 {
			send(after(i, people("room_a", i, "09:00:00")))
		}
		synctest.Wait()
		j.pass <- nil
		<-j.began
		j.pass <- nil
		senders.Wait()
		if j.commits != 2 {
			t.Errorf("%d commits, want 2", j.commits)
		}
		if got := s.people("room_a"); got != 19 {
			t.Errorf("%d people, want 19", got)
		}
	})
}

func TestARequestThatChangesNothingWaitsForTheCommitBeforeIt(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j := &gated{began: make(chan struct{}), pass: make(chan error)}
		h, _ := startHub(t, clock, j, &sink{}, 0)
		first, second := make(chan error, 1), make(chan error, 1)
		e := people("room_a", 1, "09:00:00")
		go func() { first <- h.Ingest(t.Context(), []gateway.Event{e}) }()
		<-j.began
		go func() { second <- h.Ingest(t.Context(), []gateway.Event{e}) }()
		synctest.Wait()
		if len(second) != 0 {
			t.Fatal("the duplicate was answered before the event itself was stored")
		}
		j.pass <- nil
		synctest.Wait()
		if len(first) != 1 || len(second) != 1 || j.commits != 1 {
			t.Errorf("%d and %d answers, %d commits; want both answered and one commit", len(first), len(second), j.commits)
		}
	})
}

func TestACommitThatFailsChangesNothingAndIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j, s := &journal{}, &sink{}
		h, alarms := startHub(t, clock, j, s, 0)
		door := passed("sensor_door", "room_a", 1, 0, "09:00:00")
		if err := h.Ingest(t.Context(), []gateway.Event{people("room_a", 1, "09:00:00")}); err != nil {
			t.Fatal(err)
		}
		updates := s.updates
		j.fail = errDisk
		err := h.Ingest(t.Context(), []gateway.Event{after(1, people("room_a", 5, "09:00:00")), door})
		if !errors.Is(err, gateway.ErrNotStored) || !errors.Is(err, errDisk) {
			t.Fatalf("got %v, want %v because %v", err, gateway.ErrNotStored, errDisk)
		}
		if s.updates != updates || s.people("room_a") != 1 {
			t.Errorf("it was published: %d people", s.people("room_a"))
		}
		if alarms.Bits() != 1<<gateway.JournalFailing {
			t.Errorf("alarms %b", alarms.Bits())
		}
		j.fail = nil
		if err := h.Ingest(t.Context(), []gateway.Event{door, door}); err != nil {
			t.Fatal(err)
		}
		shown := s.shown["room_a"]
		if got := shown.Reading(gateway.TrafficIn).Value; got != 1 {
			t.Errorf("traffic %d, want 1", got)
		}
		if alarms.Bits() != 0 {
			t.Errorf("alarms %b, want none", alarms.Bits())
		}
		restarted, err := gateway.NewState(gateway.DefaultRules(), j.saved(), clock())
		if err != nil {
			t.Fatal(err)
		}
		apply(t, restarted, clock(), door)
		if got := show(t, restarted, clock(), "room_a").Reading(gateway.TrafficIn).Value; got != 1 {
			t.Errorf("traffic after a restart and the same event again: %d, want 1", got)
		}
	})
}

func TestSilenceIsPublishedWithoutAnEvent(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		s := &sink{}
		h, _ := startHub(t, clock, &journal{}, s, 0)
		if err := h.Ingest(t.Context(), []gateway.Event{people("room_a", 3, "09:00:00")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5*time.Minute - time.Millisecond)
		synctest.Wait()
		if got := s.quality("room_a"); got != gateway.Good {
			t.Errorf("a moment before: %s, want good", got)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := s.quality("room_a"); got != gateway.Held {
			t.Errorf("after five minutes: %s, want held", got)
		}
	})
}

// A disk that hangs keeps nobody from being told that readings have aged, and a stop is not held up for ever.
func TestReadingsAgeWhileTheDiskHangs(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j, s := &gated{began: make(chan struct{}), pass: make(chan error)}, &sink{}
		alarms := gateway.NewAlarms(nil)
		h, err := gateway.NewHub(gateway.HubOptions{
			State: newState(t, gateway.DefaultRules()), Journal: j, Sinks: []gateway.Sink{s}, Clock: clock, Alarms: alarms,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done, answers := make(chan error, 1), make(chan error, 2)
		go func() { done <- h.Run(ctx) }()
		go func() { answers <- h.Ingest(t.Context(), []gateway.Event{people("room_a", 3, "09:00:00")}) }()
		<-j.began
		j.pass <- nil
		go func() {
			answers <- h.Ingest(t.Context(), []gateway.Event{people("room_a", 4, "09:01:00"), people("room_b", 1, "09:01:00")})
		}()
		<-j.began
		if err := <-answers; err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if s.quality("room_a") != gateway.Held || s.people("room_a") != 3 {
			t.Errorf("room_a: %d people, %s; want the 3 that are stored, held", s.people("room_a"), s.quality("room_a"))
		}
		if alarms.Bits() != 1<<gateway.JournalFailing {
			t.Errorf("alarms %b", alarms.Bits())
		}
		if err := h.View(t.Context(), func(*gateway.State) {}); err != nil {
			t.Errorf("a view meanwhile: %v", err)
		}
		stop()
		if err := <-done; err == nil {
			t.Error("the stop did not say that the disk does not answer")
		}
		if err := <-answers; !errors.Is(err, gateway.ErrLate) {
			t.Errorf("the sender was told %v", err)
		}
		j.pass <- errDisk
	})
}

func TestTooManySendersAreTurnedAway(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j := &gated{began: make(chan struct{}), pass: make(chan error)}
		h, _ := startHub(t, clock, j, &sink{}, 3)
		answers := make(chan error, 10)
		for i := range 10 {
			go func() { answers <- h.Ingest(t.Context(), []gateway.Event{after(i, people("room_a", 1, "09:00:00"))}) }()
			synctest.Wait()
			if i == 0 {
				<-j.began
			}
		}
		if len(answers) != 6 { // one is being stored, three wait
			t.Errorf("%d were turned away, want 6", len(answers))
		}
		for range len(answers) {
			if err := <-answers; !errors.Is(err, gateway.ErrBusy) {
				t.Errorf("got %v, want %v", err, gateway.ErrBusy)
			}
		}
		j.pass <- nil
		<-j.began
		j.pass <- nil
		for range 4 {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestAStopAnswersWhoWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j := &gated{began: make(chan struct{}), pass: make(chan error)}
		h, err := gateway.NewHub(gateway.HubOptions{
			State: newState(t, gateway.DefaultRules()), Journal: j, Clock: clock, Alarms: gateway.NewAlarms(nil),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.Run(ctx) }()
		answers := make(chan error, 3)
		send := func(i int) {
			answers <- h.Ingest(t.Context(), []gateway.Event{after(i, people("room_a", i, "09:00:00"))})
		}
		go send(0)
		<-j.began
		go send(1)
		synctest.Wait()
		stop()
		j.pass <- nil
		<-j.began
		j.pass <- nil
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := <-answers; err != nil {
				t.Errorf("one that was waiting: %v", err)
			}
		}
		send(2)
		if err := <-answers; !errors.Is(err, gateway.ErrStopped) {
			t.Errorf("one that came too late: got %v, want %v", err, gateway.ErrStopped)
		}
		if err := h.View(t.Context(), func(*gateway.State) {}); !errors.Is(err, gateway.ErrStopped) {
			t.Errorf("a view after the stop: %v", err)
		}
	})
}

func TestASenderThatGivesUpIsLeftBehind(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j := &gated{began: make(chan struct{}), pass: make(chan error)}
		h, _ := startHub(t, clock, j, &sink{}, 0)
		ctx, giveUp := context.WithTimeout(t.Context(), time.Second)
		defer giveUp()
		answer := make(chan error, 1)
		go func() { answer <- h.Ingest(ctx, []gateway.Event{people("room_a", 1, "09:00:00")}) }()
		<-j.began
		if err := <-answer; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		j.pass <- nil
		var assets int
		if err := h.View(t.Context(), func(s *gateway.State) { assets = len(s.Assets()) }); err != nil || assets != 4 {
			t.Errorf("%d assets, %v: the event was stored all the same", assets, err)
		}
	})
}

// Seen to break it: without a limit; with what is left of the limit of the one before.
func TestNobodyWaitsForLongerThanButlrDoes(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j := &gated{began: make(chan struct{}), pass: make(chan error)}
		h, _ := startHub(t, clock, j, &sink{}, 0)
		answer := make(chan error, 1)
		send := func(n int) {
			answer <- h.Ingest(t.Context(), []gateway.Event{after(n, people("room_a", n, "09:00:00"))})
		}
		for n := range 2 { // in time, each of them
			go send(n)
			<-j.began
			time.Sleep(gateway.IngestPatience - time.Second)
			j.pass <- nil
			if err := <-answer; err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		go send(2)
		<-j.began
		select {
		case err := <-answer:
			if !errors.Is(err, gateway.ErrLate) || time.Since(begin) != gateway.IngestPatience {
				t.Errorf("%v after %v, want %v after %v", err, time.Since(begin), gateway.ErrLate, gateway.IngestPatience)
			}
		case <-time.After(2 * gateway.IngestPatience):
			t.Error("it waits on")
		}
		j.pass <- nil
	})
}

func TestAlarmsAreOrderedAndSayWhy(t *testing.T) {
	a := gateway.NewAlarms(nil)
	a.Raise(gateway.BrokerDown, "refused")
	a.Raise(gateway.FeedLost, "site_1 is silent")
	a.Raise(gateway.BrokerDown, "timed out")
	var got []string
	for alarm, why := range a.Each {
		got = append(got, alarm.String()+": "+why)
	}
	if want := []string{"feed_lost: site_1 is silent", "broker_down: timed out"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	a.Clear(gateway.BrokerDown)
	a.Clear(gateway.MapFull)
	if a.Bits() != 1<<gateway.FeedLost {
		t.Errorf("bits %b", a.Bits())
	}
}

// losing is a journal that finds once that what it has is damaged, and then wants everything.
type losing struct {
	journal
	lost  bool // next time
	whole int  // batches that were everything
}

func (l *losing) Commit(ctx context.Context, b *gateway.Batch) error {
	if l.lost {
		l.lost = false
		l.lose()
		return fmt.Errorf("committing: %w", gateway.ErrJournalLost)
	}
	if b.Whole {
		l.whole++
	}
	return l.journal.Commit(ctx, b)
}

// Who sends events when the journal finds that it is damaged is told to send them again; then everything is stored
// anew, once, before them.
//
// Seen to break it: the error taken for any other; everything stored again with each batch from then on; no edition.
func TestWhatAJournalLostIsStoredAnew(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j, s := &losing{}, &sink{}
		h, alarms := startHub(t, clock, j, s, 0)
		ingest := func(e gateway.Event) error { return h.Ingest(t.Context(), []gateway.Event{e}) }
		if err := ingest(people("room_a", 3, "09:00:00")); err != nil {
			t.Fatal(err)
		}
		edition := j.rows.edition
		j.lost = true
		second := people("room_b", 4, "09:00:01")
		if err := ingest(second); !errors.Is(err, gateway.ErrNotStored) || len(j.rows.histories) != 0 {
			t.Fatalf("got %v, and %d feeds are stored", err, len(j.rows.histories))
		}
		for range 3 {
			if err := ingest(second); err != nil {
				t.Fatal(err)
			}
		}
		if edition.Since == 0 || !cmp.Equal(j.rows.edition, edition) {
			t.Errorf("the edition is %+v, was %+v", j.rows.edition, edition)
		}
		if len(j.rows.histories) != 2 || j.whole != 1 || alarms.Bits() != 0 {
			t.Errorf("%d feeds are stored, everything %d times; alarms %b", len(j.rows.histories), j.whole, alarms.Bits())
		}
	})
}
