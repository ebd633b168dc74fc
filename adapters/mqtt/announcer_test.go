package mqtt

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

// Whether an asset can be seen, what there is to see, and what is seen, in that order; what is around others
// before what is in it.
//
// Seen to break it: announceAll behind the states; byRank left out.
func TestAnnouncementsAfterConnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		h.broker.set(func(b *fakeBroker) { b.refuses = fmt.Errorf("later") })
		o := h.options()
		o.Scalars = false
		p, stop := start(t, h.broker, o)
		defer stop()
		p.Publish(update(campus()...))
		h.broker.set(func(b *fakeBroker) { b.refuses = nil })
		time.Sleep(3 * time.Second)
		var want []string
		for _, s := range campus() {
			want = append(want, strings.TrimPrefix(Topic("", s.Asset), "/")+"/availability")
		}
		for _, node := range []string{"", "_site_1", "_building_1", "_space_1", "_room_1", "_zone_1", "_ahu-3"} {
			want = append(want, "homeassistant/device/bgw_1a2b3c4d"+node+"/config")
		}
		for _, s := range campus() {
			want = append(want, strings.TrimPrefix(Topic("", s.Asset), "/")+"/state")
		}
		want = append(want, "gateway/state", "gateway/status")
		if diff := cmp.Diff(want, topics(h.broker.messages())); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		h.judge(t)
	})
}

// announced runs a publisher that was told of the campus, for long enough that what follows is said at once.
func announcedCampus(t *testing.T, h *house, then func(p *Publisher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p, stop := start(t, h.broker, h.options())
		defer stop()
		p.Publish(update(campus()...))
		time.Sleep(time.Minute)
		h.broker.drain()
		then(p)
		h.judge(t)
	})
}

// Seen to break it: the digest not compared; the asset compared by its pointer alone, and announced whatever
// its document says; the queue of those due never emptied.
func TestAnnouncementsOfChanges(t *testing.T) {
	renamed := thing("room_1", "space_1", "Board room", gateway.People, gateway.Occupied)
	retired := campus()[2] // the floor
	retired.Quality = gateway.OutOfService
	more := thing("room_1", "space_1", "Boardroom", gateway.People, gateway.Occupied, gateway.Motion)
	same := campus()[1]
	busy := campus()[1]
	busy.Readings[gateway.People] = gateway.Reading{Value: 7, Known: true}
	for name, c := range map[string]struct {
		change []gateway.Snapshot
		want   []string
	}{
		"another reading":         {[]gateway.Snapshot{busy}, nil},
		"a description as it was": {[]gateway.Snapshot{same}, nil},
		"another name":            {[]gateway.Snapshot{renamed}, []string{"device/bgw_1a2b3c4d_room_1"}},
		"another measure":         {[]gateway.Snapshot{more}, []string{"device/bgw_1a2b3c4d_room_1"}},
		"a new asset": {
			[]gateway.Snapshot{thing("room_2", "space_1", "Lounge", gateway.People)}, []string{"device/bgw_1a2b3c4d_room_2"},
		},
		"out of service, and what lies in it lies elsewhere": {
			[]gateway.Snapshot{retired}, []string{"device/bgw_1a2b3c4d_space_1", "device/bgw_1a2b3c4d_room_1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse()
			announcedCampus(t, h, func(p *Publisher) {
				for range 20 {
					p.Publish(update(c.change...))
					time.Sleep(time.Second)
				}
				if diff := cmp.Diff(c.want, h.announcements()); diff != "" {
					t.Errorf("announced (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A name that changes all the time is announced every five seconds, and at last as it is.
//
// Seen to break it: no pause between two announcements of a device.
func TestADeviceIsNotAnnouncedAllTheTime(t *testing.T) {
	h := newHouse()
	announcedCampus(t, h, func(p *Publisher) {
		for i := range 100 {
			p.Publish(update(thing("room_1", "space_1", fmt.Sprint("Room ", i), gateway.People, gateway.Occupied)))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		if n := len(h.announcements()); n < 2 || n > 4 {
			t.Errorf("it was announced %d times in 10 s, want 2 to 4", n)
		}
		if text := h.broker.get("homeassistant/device/bgw_1a2b3c4d_room_1/config"); !strings.Contains(text, "Room 99") {
			t.Errorf("at last it is %s", text)
		}
	})
}

// An entity whose measure is not shown for a moment is still there; one that is gone for good is taken away
// by its platform, and then left out.
//
// Seen to break it: has taken from the snapshot at once; nothing due when the time is over; missing never
// reset.
func TestAnEntityThatIsMissing(t *testing.T) {
	h := newHouse()
	announcedCampus(t, h, func(p *Publisher) {
		whole := campus()[1]
		part := thing("room_1", "space_1", "Boardroom", gateway.Occupied)
		for range 3 {
			p.Publish(update(part))
			time.Sleep(keepMissing - time.Minute)
			p.Publish(update(whole))
			time.Sleep(30 * time.Second)
		}
		if got := h.announcements(); got != nil {
			t.Errorf("announced: %q", got)
		}
		p.Publish(update(part))
		time.Sleep(keepMissing + time.Minute)
		if diff := cmp.Diff([]string{"device/bgw_1a2b3c4d_room_1", "device/bgw_1a2b3c4d_room_1"}, h.announcements()); diff != "" {
			t.Errorf("announced (-want +got):\n%s", diff)
		}
		if h.home.Entities["bgw_1a2b3c4d_room_1_people"] != nil || h.home.Entities["bgw_1a2b3c4d_room_1_occupied"] == nil {
			t.Errorf("there are %q", h.home.Names())
		}
		h.memory.set(func(m *fakeMemory) {
			if row := m.rows["homeassistant device bgw_1a2b3c4d_room_1"]; strings.Contains(row, "people") {
				t.Errorf("remembered is %s", row)
			}
		})
	})
}

// Home Assistant is told again when it has started: not at once, and not because of what the broker kept.
//
// Seen to break it: hear without looking at kept; no wait; the states before the announcements.
func TestHomeAssistantStarts(t *testing.T) {
	h := newHouse()
	announcedCampus(t, h, func(p *Publisher) {
		p.announcer.hear("homeassistant/status", []byte("online"), true)
		p.announcer.hear("homeassistant/status", []byte("offline"), false)
		time.Sleep(time.Minute)
		if got := h.announcements(); got != nil {
			t.Errorf("announced: %q", got)
		}
		p.announcer.hear("homeassistant/status", []byte("online"), false)
		time.Sleep(greetAfter - time.Millisecond)
		if got := h.announcements(); got != nil {
			t.Errorf("announced too soon: %q", got)
		}
		time.Sleep(greetWithin + time.Second)
		said := topics(h.broker.drain())
		if len(said) < 1+6+7+6 || said[0] != "gateway/status" || !strings.HasSuffix(said[1], "/availability") ||
			said[7] != "homeassistant/device/bgw_1a2b3c4d/config" || !strings.HasSuffix(said[14], "/state") {
			t.Errorf("said: %q", said)
		}
		for range 4 { // one that starts again and again, soon after everything was said
			p.announcer.hear("homeassistant/status", []byte("online"), false)
			time.Sleep(2 * time.Second)
		}
		time.Sleep(20 * time.Second)
		if n := len(h.announcements()); n != 7 && n != 14 {
			t.Errorf("%d are announced, want 7 or 14", n)
		}
	})
	if l := (&Publisher{announcer: newAnnouncer(&Options{Memory: newFakeMemory()})}).announcer.listeners(); l != nil {
		t.Errorf("without discovery it listens to %v", l)
	}
}

// What was said of a place may have been lost with the session: until it is said again, nothing lies in it.
//
// Seen to break it: stands kept over a session.
func TestAPlaceThatMayBeUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		disturb(h.broker, trouble{what: "refuse"})
		p, stop := start(t, h.broker, h.options())
		defer stop()
		p.Publish(update(campus()...))
		for _, what := range []string{"dawdle", "accept"} {
			disturb(h.broker, trouble{what: what})
		}
		time.Sleep(10 * time.Second)
		h.memory.set(func(m *fakeMemory) { m.fails = true })
		p.Publish(update(thing("building_1", "site_1", "Maas House", gateway.People, gateway.Occupied))) // it cannot be remembered
		disturb(h.broker, trouble{what: "lose"})
		h.broker.set(func(b *fakeBroker) { b.dawdles = false })
		time.Sleep(20 * time.Second)
		const floor = "homeassistant/device/bgw_1a2b3c4d_space_1/config"
		if text := h.broker.get(floor); !strings.Contains(text, `"via_device":"bgw_1a2b3c4d"`) {
			t.Errorf("the floor is announced as %s", text)
		}
		h.memory.works()
		time.Sleep(time.Minute)
		if text := h.broker.get(floor); !strings.Contains(text, `"via_device":"bgw_1a2b3c4d_building_1"`) {
			t.Errorf("the floor is announced at last as %s", text)
		}
		h.judge(t)
	})
}

// What lies in a place that may not be announced again yet waits for it, and is then announced once.
//
// Seen to break it: earliest without what is around.
func TestWhatLiesInAPlaceWaitsForIt(t *testing.T) {
	h := newHouse()
	announcedCampus(t, h, func(p *Publisher) {
		p.Publish(update(thing("building_2", "site_1", "Annex", gateway.People)))
		time.Sleep(2 * time.Second)
		disturb(h.broker, trouble{what: "lose"})
		p.Publish(update(thing("space_2", "building_2", "Level 0", gateway.People)))
		time.Sleep(time.Minute)
		var said []string
		for _, node := range h.announcements() {
			if strings.HasSuffix(node, "_building_2") || strings.HasSuffix(node, "_space_2") {
				said = append(said, strings.TrimPrefix(node, "device/bgw_1a2b3c4d_"))
			}
		}
		if diff := cmp.Diff([]string{"building_2", "building_2", "space_2"}, said); diff != "" {
			t.Errorf("announced (-want +got):\n%s", diff)
		}
	})
}

// A reading that changes nothing of what there is to be seen costs no memory, and no document is made for it.
//
// Seen to break it: the comparison left out.
func TestNoticingNothingNewCostsNothing(t *testing.T) {
	o := newHouse().options()
	a, now := newAnnouncer(&o), time.Now()
	var d *announced
	s := campus()[1]
	a.notice(&d, &s, now)
	a.take(now)
	if n := testing.AllocsPerRun(1000, func() { a.notice(&d, &s, now) }); n != 0 || len(a.due.waiting) != 0 {
		t.Errorf("%v allocations, %d devices to announce", n, len(a.due.waiting))
	}
}
