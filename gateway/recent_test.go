package gateway

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// fates lists what became of the newest events about an asset, the newest first.
func fates(s *State, id AssetID) []string {
	var out []string
	for _, e := range s.Seen(id, 100) {
		out = append(out, e.Fate.String())
	}
	return out
}

// Whoever stands in a room sees what became of each event about it: also of one that came again, that came late, that
// lost against another of its moment, that was corrected since, and that was refused.
//
// Seen to break it: what came late taken for accepted; a duplicate for superseded; one that was corrected still called
// accepted; refused ones left out; the order turned round.
func TestWhatBecameOfEachEventIsSeen(t *testing.T) {
	at := referenceClock
	p := begin(t, DefaultRules(), newDisk(), at("08:00:00"))
	first, second := refPeople("room_a", 3, "09:00:00"), refPeople("room_a", 4, "09:01:00")
	corrected := refMinted(refPeople("room_a", 5, "09:01:00"), "09:01:05", 1)
	before := refPeople("room_a", 1, "08:59:00")
	tooMany := refPeople("room_a", 70_000, "09:02:00")
	for _, e := range []Event{first, second, second, before, corrected, second, tooMany, refPeople("room_b", 1, "09:03:00")} {
		p.take(t, at("09:04:00"), e)
	}
	want := []string{"refused", "superseded", "accepted", "late", "duplicate", "superseded", "accepted"}
	if got := fates(p.State, "room_a"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	seen := p.Seen("room_a", 3)
	if len(seen) != 3 {
		t.Fatalf("%d events, want the 3 newest", len(seen))
	}
	if e := seen[0]; e.People != 70_000 || e.Reason != CountTooLarge || !strings.Contains(e.Why, "65534") || e.Arrived != at("09:04:00") {
		t.Errorf("refused: got %+v", e)
	}
	if e := seen[2]; e.People != 5 || e.At != second.At || e.ID != EventIDOf(corrected.ID) || e.Type != Occupancy || e.Why != "" {
		t.Errorf("corrected: got %+v", e)
	}
	for _, e := range p.Seen("room_a", 100) {
		if (e.Why == "") != (e.Fate == Accepted) {
			t.Errorf("%s says %q of why", e.Fate, e.Why)
		}
	}
	if got := p.Seen("room_nobody", 5); got != nil {
		t.Errorf("of an asset that is not known: got %v", got)
	}
}

// Who passes a sensor is seen where that counts, and once. Of detections it is seen how many there were.
//
// Seen to break it: an entrance's passers-by not seen at its floor; a room's seen at the floor too; a repeated one
// taken for accepted; In and Out exchanged.
func TestWhoPassedIsSeenWhereItCounts(t *testing.T) {
	at := referenceClock
	p := begin(t, DefaultRules(), newDisk(), at("08:00:00"))
	inside, entrance := refPassed("sensor_1", "room_a", 2, 1, "09:00:00"), refPassed("sensor_2", "", 3, 0, "09:01:00")
	p.take(t, at("09:02:00"), inside, entrance, inside, refSeen("sensor_1", "room_a", 7, "09:01:30"), refSeen("sensor_1", "room_a", 7, "09:01:30"))
	for id, want := range map[AssetID][]string{
		"sensor_1": {"duplicate", "accepted", "duplicate", "accepted"}, "room_a": {"duplicate", "accepted"},
		"sensor_2": {"accepted"}, entrance.Path.Floor.ID: {"accepted"}, entrance.Path.Site.ID: {"accepted"},
	} {
		if got := fates(p.State, id); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", id, got, want)
		}
	}
	if e := p.Seen("room_a", 1)[0]; e.In != 2 || e.Out != 1 || e.Type != Traffic {
		t.Errorf("in the room: got %+v, want 2 in and 1 out", e)
	}
	if e := p.Seen("sensor_1", 1)[0]; e.People != 7 || e.Type != Detected {
		t.Errorf("detections: got %+v, want how many there were", e)
	}
}

// Nobody is told that an event was accepted before it is on disk, nor after it could not be stored.
//
// Seen to break it: events shown as they are applied; those of a batch that failed kept for the next.
func TestEventsOfABatchThatFailedAreNotSeen(t *testing.T) {
	at := referenceClock
	p := begin(t, DefaultRules(), newDisk(), at("08:00:00"))
	p.take(t, at("09:00:00"), refPeople("room_a", 3, "09:00:00"))
	correction := refMinted(refPeople("room_a", 4, "09:00:00"), "09:00:05", 1)
	if err := p.Apply(modelInstant(at("09:02:00")), []Event{refPeople("room_a", 5, "09:01:00"), refPeople("room_b", -1, "09:01:00"), correction}); err != nil {
		t.Fatal(err)
	}
	want := []string{"accepted"}
	if got := fates(p.State, "room_a"); !slices.Equal(got, want) {
		t.Errorf("while the disk is waited for: got %v, want %v", got, want)
	}
	p.Batch()
	p.Undo()
	p.take(t, at("09:03:00"))
	if got := fates(p.State, "room_a"); !slices.Equal(got, want) {
		t.Errorf("after a batch that failed: got %v, want %v", got, want)
	}
}

// However many events there are of however many assets, each asset has those of its own that are among the newest
// of all, in order, and nothing of another's.
//
// Seen to break it: a chain that goes on into an event that took the place of an older one; one event too few kept;
// the pages' places mixed up.
func TestAChainOfEventsEndsWhereNewerOnesTookItsPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r recentEvents
		r.count = uint64(rapid.IntRange(0, 2).Draw(t, "rounds")) * recentKept // as if so many had been before
		offset := r.count
		assets := rapid.IntRange(1, 40).Draw(t, "assets")
		step := rapid.IntRange(1, 7).Draw(t, "step")
		n := rapid.SampledFrom([]int{1, recentPage, recentKept - 1, recentKept, recentKept + 1, recentKept + 777}).Draw(t, "events")
		newest, all := make([]uint64, assets), make([][]Timestamp, assets)
		for i := range n {
			k := i * step / 3 % assets
			e := recentEvent{at: Timestamp(i)}
			newest[k] = r.add(newest[k], &e)
			if i >= n-recentKept {
				all[k] = append(all[k], e.at)
			}
		}
		if r.count != offset+uint64(n) {
			t.Fatalf("%d events, want %d", r.count, n)
		}
		for k := range assets {
			var got []Timestamp
			for e := r.at(newest[k]); e != nil; e = r.at(e.before) {
				got = append(got, e.at)
			}
			slices.Reverse(got)
			if !slices.Equal(got, all[k]) {
				t.Fatalf("asset %d of %d: got %d events, want %d", k, assets, len(got), len(all[k]))
			}
		}
	})
}
