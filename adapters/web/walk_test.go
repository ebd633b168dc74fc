package web

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
	"pgregory.net/rapid"

	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// pocket is a memory for walk tests.
type pocket struct {
	mu    sync.Mutex
	kept  map[string]string
	fails error
}

func (p *pocket) Load(context.Context) (map[string]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.kept), p.fails
}

func (p *pocket) Write(_ context.Context, changes map[string]string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails != nil {
		return p.fails
	}
	for key, value := range changes {
		if p.kept[key] = value; value == "" {
			delete(p.kept, key)
		}
	}
	return nil
}

func newPocket() *pocket { return &pocket{kept: make(map[string]string)} }

// openWalks opens walk tests of the building on a board.
func openWalks(t testing.TB, memory WalkMemory, b *Board) *Walks {
	t.Helper()
	o := testOptions(b)
	o.Sources.Registers = func(a *gateway.Asset) []RegisterValue {
		first := 100 + 16*int(a.Number)
		return []RegisterValue{
			{Name: "people", Unit: 1, Address: first + 2, Words: []uint16{7}},
			{Name: "occupied", Unit: 1, Address: first, Words: []uint16{1}},
			{Name: "traffic_in", Unit: 1, Address: first + 4, Words: []uint16{0xBEEF, 0x0001}},
			{Name: "occupied", Unit: 9, Address: first, Words: []uint16{5}}, // on a unit of its own
			{Name: "gateway", Unit: 1, Address: 0, Words: []uint16{5}},
		}
	}
	w, err := OpenWalks(t.Context(), memory, &o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// What is seen is what the gateway said at that moment, and stays that.
// Seen to break it: block in the order of the points; points of another unit; the words of before the register.
func TestACheckRecordsWhatIsServed(t *testing.T) {
	b := boardOf(8)
	w := openWalks(t, newPocket(), b)
	walk, err := w.Start(t.Context(), "", "anna")
	must(err)
	if walk.Name != "Walk of 10 March 2026" || walk.Started != Moment(noon) || walk.Checks == nil {
		t.Errorf("started %+v", walk)
	}
	people := 3
	if _, err := w.Check(t.Context(), walk.ID, CheckOrder{Asset: "custom:MH-3", Expected: "occupied", People: &people, Note: "door open"}); err != nil {
		t.Fatal(err)
	}
	say(b, place(3, "renamed", 0))
	got, err := w.Get(t.Context(), walk.ID)
	must(err)
	one, three := int64(1), int64(3)
	want := []Check{{
		Asset: "room_3", Number: 3, Name: "Room 3.0003", Path: []string{"Campus", "Maas House", "Level 3"}, Expected: "occupied", People: &people,
		Seen: map[string]*int64{
			"occupied": &one, "people": &three, "motion": nil, "lighting": &one, "hvac": &one, "ventilation": &one, "peak_today": &one, "occupied_minutes_today": &one,
		},
		Quality: "good", Reason: "people 3 at 11:59:00", Register: &Register{1, 148, "30149", "40149"}, Words: []uint16{1, 0, 7, 0, 0xBEEF, 1},
		Topic: "butlr/room/room_3", At: Moment(noon), Initials: "anna", Note: "door open", Verdict: Agrees,
	}}
	if diff := cmp.Diff(want, got.Checks); diff != "" {
		t.Errorf("check (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(WalkCounts{Checks: 1, Agrees: 1}, got.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// Seen to break it: a quality that stands in taken for seen; people compared though nobody counted; unknown taken
// for vacant.
func TestVerdicts(t *testing.T) {
	number := func(n int64) *int64 { return &n }
	count := func(n int) *int { return &n }
	for _, c := range []struct {
		name             string
		occupied, people *int64
		quality          gateway.Quality
		expected         string
		counted          *int
		want             string
	}{
		{"somebody", number(1), number(2), gateway.Good, "occupied", nil, Agrees},
		{"the same count", number(1), number(2), gateway.Good, "occupied", count(2), Agrees},
		{"another count", number(1), number(2), gateway.Good, "occupied", count(3), Differs},
		{"nobody", number(0), number(0), gateway.Uncertain, "vacant", nil, Agrees},
		{"nobody said", number(0), number(0), gateway.Good, "occupied", nil, Differs},
		{"off-delay", number(1), number(0), gateway.Good, "vacant", nil, Differs},
		{"unknown", nil, nil, gateway.Good, "vacant", nil, NotKnown},
		{"unknown, and somebody there", nil, nil, gateway.Good, "occupied", nil, NotKnown},
		{"no count", number(1), nil, gateway.Good, "occupied", count(1), NotKnown},
		{"no count, and wrong", number(0), nil, gateway.Good, "occupied", count(1), Differs},
		{"kept", number(1), number(2), gateway.Held, "occupied", nil, NotKnown},
		{"stands in", number(1), nil, gateway.Substituted, "occupied", nil, NotKnown},
		{"never heard", nil, nil, gateway.Never, "vacant", nil, NotKnown},
		{"out of service", number(0), nil, gateway.OutOfService, "vacant", nil, NotKnown},
		{"forced", number(1), nil, gateway.Forced, "occupied", nil, Agrees},
	} {
		check := Check{Expected: c.expected, People: c.counted, Quality: c.quality.String(), Seen: map[string]*int64{"occupied": c.occupied, "people": c.people}}
		if got := check.verdict(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestOrdersForWalksAreChecked(t *testing.T) {
	w := openWalks(t, newPocket(), boardOf(3))
	walk, err := w.Start(t.Context(), "Level 3", "anna")
	must(err)
	two, many := 2, 65_535
	for _, c := range []struct {
		order CheckOrder
		say   string
	}{
		{CheckOrder{Expected: "occupied"}, "the asset is missing"},
		{CheckOrder{Asset: "room_1"}, "say what is there"},
		{CheckOrder{Asset: "room_1", Expected: "busy"}, `expected "busy"`},
		{CheckOrder{Asset: "room_1", Expected: "vacant", People: &two}, "leave one of the two out"},
		{CheckOrder{Asset: "room_1", Expected: "occupied", People: new(int)}, "nobody is in a room that is said to be occupied"},
		{CheckOrder{Asset: "room_1", Expected: "occupied", People: &many}, "0 to 65534"},
		{CheckOrder{Asset: "room_1", Expected: "occupied", Note: strings.Repeat("é", 129)}, "the note is too long"},
		{CheckOrder{Asset: "room_1", Expected: "occupied", Initials: "a\xff"}, "the text of the initials"},
		{CheckOrder{Asset: "room_9", Expected: "occupied"}, "there is no such asset"},
	} {
		if _, err := w.Check(t.Context(), walk.ID, c.order); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%+v: %v, want %q", c.order, err, c.say)
		}
	}
	if _, err := w.Start(t.Context(), strings.Repeat("x", LongestWalkName+1), "anna"); err == nil {
		t.Error("a name that is too long was taken")
	}
	_, err = w.Check(t.Context(), "nowhere", CheckOrder{Asset: "room_1", Expected: "vacant"})
	if _, ok := errors.AsType[UnknownWalk](err); !ok {
		t.Errorf("a walk that is none: %v", err)
	}
	must(w.End(t.Context(), walk.ID))
	if _, err = w.Check(t.Context(), walk.ID, CheckOrder{Asset: "room_1", Expected: "vacant"}); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("a walk that has ended: %v", err)
	}
}

// Seen to break it: a bound left out; what was deleted or taken back still counted.
func TestWalksAreBounded(t *testing.T) {
	w := openWalks(t, newPocket(), boardOf(3))
	first, err := w.Start(t.Context(), "", "anna")
	must(err)
	for range MostWalks - 1 {
		_, err := w.Start(t.Context(), "", "anna")
		must(err)
	}
	if _, err := w.Start(t.Context(), "", "anna"); err == nil || !strings.Contains(err.Error(), "save the oldest as CSV") {
		t.Errorf("one more walk: %v", err)
	}
	order := CheckOrder{Asset: "room_1", Expected: "vacant"}
	check := func() error {
		_, err := w.Check(t.Context(), first.ID, order)
		return err
	}
	must(check())
	k := w.walks[first.ID]
	k.Checks, k.keys = make([]Check, MostChecks), make([]int, MostChecks)
	k.Checks[MostChecks-1], k.keys[MostChecks-1] = Check{Asset: "room_1"}, MostChecks
	if err := check(); err == nil || !strings.Contains(err.Error(), "start another one") {
		t.Errorf("one more check of a walk: %v", err)
	}
	must(w.Undo(t.Context(), first.ID, "room_1"))
	w.total = MostChecksInAll
	if err := check(); err == nil || !strings.Contains(err.Error(), "all walks have") {
		t.Errorf("one more check of all: %v", err)
	}
	w.total = MostChecksInAll - 1
	must(check())
	w.total = len(k.Checks)
	must(w.Delete(t.Context(), first.ID))
	if w.total != 0 {
		t.Errorf("%d checks are left", w.total)
	}
	_, err = w.Start(t.Context(), "", "anna")
	must(err)
}

// What cannot be kept was not done: whoever walks is told so, and nothing of it is shown.
// Seen to break it: the check added before it is written; the walk deleted before.
func TestWhatCannotBeKeptWasNotDone(t *testing.T) {
	memory := newPocket()
	w := openWalks(t, memory, boardOf(3))
	walk, err := w.Start(t.Context(), "", "anna")
	must(err)
	_, err = w.Check(t.Context(), walk.ID, CheckOrder{Asset: "room_1", Expected: "vacant"})
	must(err)
	before, err := w.Get(t.Context(), walk.ID)
	must(err)
	memory.fails = errors.New("disk full")
	_, started := w.Start(t.Context(), "", "anna")
	_, checked := w.Check(t.Context(), walk.ID, CheckOrder{Asset: "room_1", Expected: "vacant"})
	for what, err := range map[string]error{
		"start": started, "check": checked, "undo": w.Undo(t.Context(), walk.ID, "room_1"), "end": w.End(t.Context(), walk.ID), "delete": w.Delete(t.Context(), walk.ID),
	} {
		if !errors.Is(err, gateway.ErrNotStored) || !strings.Contains(fmt.Sprint(err), "disk full") {
			t.Errorf("%s: %v", what, err)
		}
	}
	after, err := w.Get(t.Context(), walk.ID)
	must(err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the walk changed (-before +after):\n%s", diff)
	}
	if walks, _ := w.List(t.Context()); len(walks) != 1 {
		t.Errorf("there are %d walks", len(walks))
	}
}

// stuck is a memory on a disk that does not answer until it is let go.
type stuck struct {
	*pocket
	free chan struct{}
}

func (s *stuck) Write(ctx context.Context, changes map[string]string) error {
	<-s.free
	return s.pocket.Write(ctx, changes)
}

// While the disk does not answer, everybody may look; whoever wants to alter something waits as long as they have
// time, and is told that nothing was done.
// Seen to break it: what is kept written while the lock is held; waiting for one's turn whatever the context says.
func TestWhoeverLooksDoesNotWaitForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := &stuck{newPocket(), make(chan struct{}, 1)}
		w := openWalks(t, memory, boardOf(3))
		memory.free <- struct{}{}
		walk, err := w.Start(t.Context(), "", "anna")
		must(err)
		order := CheckOrder{Asset: "room_1", Expected: "vacant"}
		first := make(chan error, 1)
		go func() {
			_, err := w.Check(t.Context(), walk.ID, order)
			first <- err
		}()
		synctest.Wait()
		if !w.mu.TryLock() {
			memory.free <- struct{}{}
			t.Fatal("whoever looks waits for the disk")
		}
		w.mu.Unlock()
		if got, err := w.Get(t.Context(), walk.ID); err != nil || len(got.Checks) != 0 {
			t.Errorf("something is shown that is not kept: %+v, %v", got, err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.Check(short, walk.ID, order); !errors.Is(err, gateway.ErrNotStored) || !strings.Contains(fmt.Sprint(err), "nothing of the walk test was changed") {
			t.Errorf("another check: %v", err)
		}
		memory.free <- struct{}{}
		must(<-first)
		if got, _ := w.Get(t.Context(), walk.ID); len(got.Checks) != 1 || len(memory.kept) != 2 {
			t.Errorf("%d checks are shown, %d texts kept", len(got.Checks), len(memory.kept))
		}
	})
}

// A check is signed by whoever makes it, also on a walk that another one began.
// Seen to break it: the walk's author before the visitor; the visitor before the initials.
func TestACheckIsSignedByWhoeverMakesIt(t *testing.T) {
	w := openWalks(t, newPocket(), boardOf(3))
	walk, err := w.Start(t.Context(), "", "AV")
	must(err)
	for _, c := range []struct{ visitor, initials, want string }{{"", "", "AV"}, {"ben", "", "ben"}, {"ben", "BB", "BB"}, {"", "BB", "BB"}} {
		ctx := access.With(t.Context(), access.Visitor{Role: access.Operator, Name: c.visitor})
		check, err := w.Check(ctx, walk.ID, CheckOrder{Asset: "room_1", Expected: "vacant", Initials: c.initials})
		must(err)
		if check.Initials != c.want {
			t.Errorf("%q with the initials %q signed as %q, want %q", c.visitor, c.initials, check.Initials, c.want)
		}
	}
}

// Whatever was done, whoever opens the memory again finds it.
// Seen to break it: the end not written; the key of a check used again after an undo; checks in the order of a map.
func TestWalksSurviveARestart(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, memory := boardOf(4), newPocket()
		w := openWalks(t, memory, b)
		var ids []string
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			step := rapid.IntRange(0, 6).Draw(rt, "step")
			if step == 0 || len(ids) == 0 {
				walk, err := w.Start(t.Context(), "", "anna")
				must(err)
				ids = append(ids, walk.ID)
				continue
			}
			id, asset := rapid.SampledFrom(ids).Draw(rt, "walk"), gateway.AssetID(fmt.Sprint("room_", rapid.IntRange(0, 3).Draw(rt, "room")))
			switch step { // whether it may be done is another test's
			case 1:
				_ = w.End(t.Context(), id)
			case 2:
				_ = w.Undo(t.Context(), id, asset)
			case 3:
				_ = w.Delete(t.Context(), id)
			default:
				_, _ = w.Check(t.Context(), id, CheckOrder{Asset: string(asset), Expected: "vacant", Note: rapid.StringN(0, 9, 99).Draw(rt, "note")})
			}
			again := openWalks(t, memory, b)
			for _, id := range ids {
				want, wantErr := w.Get(t.Context(), id)
				got, gotErr := again.Get(t.Context(), id)
				if diff := cmp.Diff(want, got); diff != "" || wantErr != gotErr {
					rt.Fatalf("walk %s, %v and %v (-before +after):\n%s", id, wantErr, gotErr, diff)
				}
			}
			if again.total != w.total {
				rt.Fatalf("%d checks, %d after the restart", w.total, again.total)
			}
		}
	})
}

// Seen to break it: the first check of the asset taken back.
func TestUndoTakesBackTheLastCheckOfARoom(t *testing.T) {
	w := openWalks(t, newPocket(), boardOf(3))
	walk, err := w.Start(t.Context(), "", "anna")
	must(err)
	for _, o := range []CheckOrder{
		{Asset: "room_1", Expected: "vacant", Note: "a"}, {Asset: "room_2", Expected: "occupied", Note: "b"}, {Asset: "room_1", Expected: "occupied", Note: "c"},
	} {
		_, err := w.Check(t.Context(), walk.ID, o)
		must(err)
	}
	must(w.Undo(t.Context(), walk.ID, "room_1"))
	got, err := w.Get(t.Context(), walk.ID)
	must(err)
	notes := ""
	for _, c := range got.Checks {
		notes += c.Note
	}
	if notes != "ab" || got.Counts != (WalkCounts{Checks: 2, Agrees: 1, Differs: 1}) {
		t.Errorf("left %s, %+v", notes, got.Counts)
	}
	if err := w.Undo(t.Context(), walk.ID, "room_0"); err == nil {
		t.Error("a check that was never made was taken back")
	}
}

// What is damaged is left out, and said.
func TestADamagedWalkIsLeftOut(t *testing.T) {
	memory := newPocket()
	w := openWalks(t, memory, boardOf(3))
	walk, err := w.Start(t.Context(), "good", "anna")
	must(err)
	_, err = w.Check(t.Context(), walk.ID, CheckOrder{Asset: "room_1", Expected: "vacant"})
	must(err)
	memory.kept["bad"], memory.kept["bad/00000000"], memory.kept[walk.ID+"/00000007"], memory.kept["other"] = "{", "{}", "[", `{"id":"another"}`
	var log strings.Builder
	o := testOptions(boardOf(3))
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	again, err := OpenWalks(t.Context(), memory, &o)
	must(err)
	walks, _ := again.List(t.Context())
	if len(walks) != 1 || walks[0].Counts.Checks != 1 || strings.Count(log.String(), "was lost") != 4 {
		t.Errorf("walks %+v, log:\n%s", walks, log.String())
	}
	memory.fails = errors.New("disk gone")
	if _, err := OpenWalks(t.Context(), memory, &o); err == nil {
		t.Error("without its memory it opened")
	}
}

// Several walk at once.
func TestWalkersDoNotDisturbEachOther(t *testing.T) {
	w := openWalks(t, newPocket(), boardOf(3))
	var walkers sync.WaitGroup
	for range 8 {
		walkers.Go(func() {
			walk, err := w.Start(t.Context(), "", "anna")
			must(err)
			for range 20 {
				_, err := w.Check(t.Context(), walk.ID, CheckOrder{Asset: "room_1", Expected: "vacant"})
				must(err)
				_, err = w.Get(t.Context(), walk.ID)
				must(err)
				_, _ = w.List(t.Context())
			}
			must(w.Undo(t.Context(), walk.ID, "room_1"))
			must(w.End(t.Context(), walk.ID))
		})
	}
	walkers.Wait()
	walks, _ := w.List(t.Context())
	for _, walk := range walks {
		if walk.Counts.Checks != 19 {
			t.Errorf("%s has %d checks", walk.ID, walk.Counts.Checks)
		}
	}
	if len(walks) != 8 || w.total != 8*19 {
		t.Errorf("%d walks, %d checks", len(walks), w.total)
	}
}
