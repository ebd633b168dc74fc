package push

import (
	"strings"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// TestACustomIDMeansTheAssetThatHasIt, as long as only one has it: what events say of an asset changes.
//
// Seen to break it: believing the first asset that ever had the id.
func TestACustomIDMeansTheAssetThatHasIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		p := peopleOf("a", 1)
		p.Asset = "custom:own-a"
		b := newBench(t, testOptions(unit("x", "d", 5, p)), map[string]*device{"d": d})
		b.start()
		expect := func(want uint16, alarm string) {
			t.Helper()
			after(time.Second)
			if got := d.value(5, 1); got != want || !strings.Contains(b.alarm(), alarm) || alarm == "" && b.alarm() != "" {
				t.Errorf("the device has %d, want %d; alarm %q, want %q", got, want, b.alarm(), alarm)
			}
		}
		b.publish(room("other", 9, 9))
		expect(0, "")
		b.publish(room("a", 1, 1))
		expect(1, "")
		twin := room("twin", 2, 2)
		twin.Asset.CustomID = "own-a"
		b.publish(twin)
		expect(1, "2 assets have the id custom:own-a, among them room_a and room_twin: use Butlr's id")
		b.publish(room("a", 1, 5)) // not written while nobody knows which is meant
		expect(1, "2 assets have the id")
		moved := room("a", 1, 6)
		moved.Asset.CustomID = "elsewhere"
		b.publish(moved)
		expect(2, "")
		b.publish(room("a", 1, 7))
		expect(2, "2 assets have the id")
		twin.Asset = &gateway.Asset{ID: twin.Asset.ID, Number: 2}
		b.publish(twin)
		expect(7, "")
		if s := b.Status()[0].Points[0]; s.AssetID != "room_a" || s.Asset != "custom:own-a" {
			t.Errorf("the status says %+v", s)
		}
	})
}

// TestAnAssetMayMove: to be pushed it needs no number, and assets that exchange theirs stay what they are.
//
// Seen to break it: telling assets from each other by their numbers.
func TestAnAssetMayMove(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		custom := peopleOf("b", 2)
		custom.Asset = "custom:own-b"
		b := newBench(t, testOptions(unit("x", "d", 5, peopleOf("a", 1), custom)), map[string]*device{"d": d})
		b.start()
		expect := func(first, second uint16) {
			t.Helper()
			after(time.Second)
			if got := [2]uint16{d.value(5, 1), d.value(5, 2)}; got != [2]uint16{first, second} || b.alarm() != "" {
				t.Errorf("the device has %d, want %d and %d; alarm %q", got, first, second, b.alarm())
			}
		}
		b.publish(room("a", 1, 11))
		b.publish(room("b", 2, 12))
		expect(11, 12)
		b.publish(room("a", 2, 21))
		b.publish(room("b", 1, 22))
		expect(21, 22)
		b.publish(room("b", 40, 32))
		expect(21, 32)
	})
}

// TestAnAssetThatNobodyEverHearsOfIsTold: at once in the status, and after the grace as an alarm.
func TestAnAssetThatNobodyEverHearsOfIsTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := newBench(t, testOptions(unit("x", "d", 5, peopleOf("typo", 1))), map[string]*device{"d": newDevice(false)})
		b.start()
		after(time.Second)
		const why = "people-typo: nothing was heard of room_typo yet"
		if s := b.Status()[0]; s.State != Waiting || s.Why != why || b.alarm() != "" {
			t.Errorf("it is %v because %q; alarm %q", s.State, s.Why, b.alarm())
		}
		after(5 * time.Minute)
		if want := "push target x (tcp://d, unit 5): " + why; b.alarm() != want {
			t.Errorf("alarm %q, want %q", b.alarm(), want)
		}
		b.publish(room("typo", 1, 1))
		after(time.Second)
		if b.alarm() != "" {
			t.Errorf("alarm %q", b.alarm())
		}
	})
}

// TestWhatIsMadeUpIsNeverWritten: a demonstration has no business with a controller.
func TestWhatIsMadeUpIsNeverWritten(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		b := newBench(t, testOptions(unit("x", "d", 5, peopleOf("a", 1))), map[string]*device{"d": d})
		b.start()
		s := room("a", 1, 1)
		s.Simulated = true
		b.publish(s)
		after(time.Hour)
		if d.asked() != 0 {
			t.Error("it was written")
		}
	})
}

// TestAnAssetThatNobodyPushesCostsALook: no memory, whatever is pushed of others.
//
// Seen to break it: remembering every asset that is published.
func TestAnAssetThatNobodyPushesCostsALook(t *testing.T) {
	p := peopleOf("b", 2)
	p.Asset = "custom:own-b"
	pusher, err := New(testOptions(unit("x", "d", 5, peopleOf("a", 1), p)))
	if err != nil {
		t.Fatal(err)
	}
	u := &gateway.Update{}
	for n := range gateway.Number(1000) {
		u.Changed = append(u.Changed, room("stranger", 10+n, 1))
	}
	pusher.Publish(u)
	if n := testing.AllocsPerRun(100, func() { pusher.Publish(u) }); n > 0 {
		t.Errorf("1000 strangers cost %v allocations", n)
	}
	mine := &gateway.Update{Changed: []gateway.Snapshot{room("a", 1, 1), room("b", 2, 1)}}
	pusher.Publish(mine)
	if n := testing.AllocsPerRun(100, func() { pusher.Publish(mine) }); n > 0 {
		t.Errorf("what is pushed costs %v allocations once it is known", n)
	}
}

func BenchmarkPublishAStranger(b *testing.B) {
	p := peopleOf("b", 2)
	p.Asset = "custom:own-b"
	pusher, err := New(testOptions(unit("x", "d", 5, peopleOf("a", 1), p)))
	if err != nil {
		b.Fatal(err)
	}
	u := &gateway.Update{Changed: []gateway.Snapshot{room("stranger", 10, 1)}}
	b.ReportAllocs()
	for b.Loop() {
		pusher.Publish(u)
	}
}
