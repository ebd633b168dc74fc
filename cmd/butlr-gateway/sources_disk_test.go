package main

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/store"
	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// What was measured counts for five seconds. A disk that hangs is asked once, whoever asks waits for half a second, and
// once it answers everybody has the answer.
//
// Seen to break it: measured for everybody who asks; waited for as long as the disk takes; an answer that counts for
// ever; one that came late and is not believed.
func TestADiskThatHangsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, hangs atomic.Int64
		w := newDiskWatch(func(context.Context) (*web.Disk, error) {
			n := asked.Add(1)
			time.Sleep(time.Duration(hangs.Load()))
			return &web.Disk{State: n}, nil
		})
		look := func(want, wantAsked int64) {
			t.Helper()
			began := time.Now()
			disk, err := w.look(t.Context())
			switch {
			case asked.Load() != wantAsked || time.Since(began) > 500*time.Millisecond:
				t.Errorf("asked %d times, want %d; waited %s", asked.Load(), wantAsked, time.Since(began))
			case want == 0 && !errors.Is(err, context.DeadlineExceeded):
				t.Errorf("got %+v, %v; want no answer", disk, err)
			case want != 0 && (err != nil || disk.State != want):
				t.Errorf("got %+v, %v; want that of look %d", disk, err, want)
			}
		}
		look(1, 1)
		time.Sleep(4 * time.Second)
		look(1, 1)
		time.Sleep(2 * time.Second)
		hangs.Store(int64(time.Hour))
		look(0, 2)
		look(0, 2)
		time.Sleep(time.Hour)
		hangs.Store(0)
		look(2, 2)
		time.Sleep(6 * time.Second)
		look(3, 3)
	})
}

// How an asset was is told over a restart, with what nobody could tell as null, and in which times a gateway ran.
//
// Seen to break it: 0 people where nobody counts; no motion where there is no such measure.
func TestHistoryIsToldOverARestart(t *testing.T) {
	site := newSite(t, "")
	s := live(t, site.config)
	began := gateway.TimestampOf(time.Now())
	s.takes("ROOM_OCCUPANCY", time.Now())
	s.takes("PIR_NO_MOTION", time.Now())
	s.stop()
	s = live(t, site.config)
	from := s.sources()
	until := began + gateway.Timestamp(time.Hour.Milliseconds())
	h, err := from.History(t.Context(), boardroomID, began-60_000, until)
	if err != nil || len(h.Samples)+len(h.Runs) < 2 {
		t.Fatalf("got %+v, %v", h, err)
	}
	sample := h.Samples[len(h.Samples)-1]
	yes, six := true, 6
	want := web.HistorySample{Minute: sample.Minute, People: &six, Quality: "good", Lighting: &yes, HVAC: &yes, Ventilation: &yes}
	if diff := cmp.Diff(want, sample); diff != "" || h.Before != nil {
		t.Errorf("before %v, sample (-want +got):\n%s", h.Before, diff)
	}
	if h, err = from.History(t.Context(), "room_30wbf9EVBov1Cj1hu7xBIdBVbH5", until, until+1); err != nil || h.Before == nil || h.Before.People != nil || h.Before.Motion == nil || *h.Before.Motion {
		t.Errorf("of the room with a sensor of motion alone: got %+v, %v", h, err)
	}
	disk, err := from.Disk(t.Context())
	if err != nil || disk.Free == 0 || disk.State == 0 || disk.History == 0 || disk.HistoryMax != 2<<30 || disk.HistoryOldest == 0 || disk.Directory != string(s.config.Gateway.StateDir) {
		t.Errorf("got %+v, %v", disk, err)
	}
	status, err := reporter(s.service).Status(t.Context())
	if err != nil || status.Disk == nil || status.Disk.History == 0 {
		t.Errorf("the status says %+v, %v", status, err)
	}
}

// Every answer that a sample can have is told as it is.
func TestAnAnswerIsYesNoOrNull(t *testing.T) {
	for a, want := range map[store.Answer]string{store.Unknown: "null", store.No: "no", store.Yes: "yes"} {
		got := "null"
		if yes := answered(a); yes != nil {
			got = map[bool]string{true: "yes", false: "no"}[*yes]
		}
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Brokers are told by their names, with where they are and what is under which root; certificates by who shows them.
//
// Seen to break it: the root of another broker; no topics told.
func TestBrokersAndCertificatesAreTold(t *testing.T) {
	cert, key := testCertificate(t)
	site := newSite(t, "[modbus.tls]\nlisten = \"127.0.0.1:0\"\ncert = '"+cert+"'\nkey = '"+key+"'\nclient_ca = '"+cert+"'\n"+
		"[mqtt]\nbroker = \"embedded\"\ntopic = \"butlr/hq\"\n[mqtt.embedded]\nlisten = \"127.0.0.1:0\"\n[brokers.cloud]\nbroker = \"tcp://127.0.0.1:1\"\ntopic = \"north\"\n")
	s := live(t, site.config)
	s.takes("ROOM_OCCUPANCY", time.Now())
	from := s.sources()
	waitFor(t, func() string {
		type broker struct {
			Name, Topic, Why string
			Connected        bool
		}
		var got []broker
		for _, b := range from.Brokers() {
			if b.Since == 0 || b.Address == "" {
				t.Errorf("got %+v", b)
			}
			got = append(got, broker{b.Name, b.Topic, b.Why, b.Connected})
		}
		return cmp.Diff([]broker{{"mqtt", "butlr/hq", "", true}, {"cloud", "north", "nothing listens at this address: start the broker or correct its address", false}}, got)
	})
	if topics := from.Topics(s.asset(boardroomID)); len(topics) < 6 || topics[0] != "butlr/hq/room/"+boardroomID+"/state" {
		t.Errorf("topics %q", topics)
	}
	certificates := from.Certificates()
	if len(certificates) != 1 || certificates[0].What != "the Modbus server" || certificates[0].Ends == 0 {
		t.Errorf("certificates %+v", certificates)
	}
}
