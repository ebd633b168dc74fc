package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/modbus/pointlist"
	"butlr-gateway/adapters/store"
	"butlr-gateway/gateway"
)

// premises is a building's numbers: a state over a store, without ports.
type premises struct {
	t     *rapid.T
	root  string // of all directories
	dirs  int
	dir   string
	rules gateway.Rules
	at    time.Time
	store *store.Store
	state *gateway.State
}

func newPremises(t *rapid.T, root string) *premises {
	e := &premises{t: t, root: root, rules: gateway.DefaultRules(), at: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)}
	e.rules.Groups, e.rules.Assets = map[string]gateway.GroupRule{}, map[gateway.AssetID]gateway.AssetRule{}
	e.dir = e.another()
	e.begin()
	return e
}

func (e *premises) another() string {
	e.dirs++
	return filepath.Join(e.root, fmt.Sprint(e.dirs))
}

func (e *premises) now() gateway.Instant {
	return gateway.Instant{Wall: e.at, Mono: e.at.Sub(time.Unix(0, 0))}
}

func (e *premises) must(err error) {
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *premises) begin() {
	var err error
	e.store, err = store.Open(context.Background(), store.Options{Dir: e.dir})
	e.must(err)
	e.state, err = gateway.NewState(e.rules, e.store.Saved(), e.now())
	e.must(err)
	e.commit()
	e.state.All(e.now())
}

func (e *premises) commit() {
	if b := e.state.Batch(); !b.Empty() {
		e.must(e.store.Commit(context.Background(), b))
	}
	e.state.Settle(e.now())
}

// restart ends the process, lets something happen to its directory, and begins anew.
func (e *premises) restart(meanwhile func()) {
	e.must(e.store.Close())
	meanwhile()
	e.begin()
}

func (e *premises) hear(room gateway.AssetID, name string) {
	e.at = e.at.Add(time.Minute)
	event := gateway.Event{
		ID: fmt.Sprint("event ", e.at.UnixMilli()), Type: gateway.Occupancy, Subject: gateway.Room, At: gateway.TimestampOf(e.at), People: 1,
		Path: gateway.Path{Site: gateway.Place{ID: "site_1", Name: "Site"}, Floor: gateway.Place{ID: "space_1", Name: "Floor"}, Room: gateway.Place{ID: room, Name: name}},
	}
	e.must(e.state.Apply(e.now(), []gateway.Event{event}))
	e.commit()
}

// numbers tells of each asset its number, and how it stands.
func (e *premises) numbers() map[gateway.AssetID]string {
	out := make(map[gateway.AssetID]string)
	for _, a := range e.state.Assets() {
		out[a.ID] = fmt.Sprint(a.Number, " ", standingOf(a))
	}
	return out
}

func (e *premises) checksum() uint32 {
	sum, _ := modbus.Checksum(slices.Values(e.state.Assets()))
	return sum
}

// mapped is what the checksum is to stand for: who has which number, of those that are covered.
func (e *premises) mapped() string {
	var lines []string
	for _, a := range e.state.Assets() {
		if !a.Retired && !a.Appended {
			lines = append(lines, fmt.Sprint(a.Number, " ", a.ID))
		}
	}
	return strings.Join(lines, "\n")
}

// replace exports the ledger, imports it into a fresh gateway, and goes on with that one.
func (e *premises) replace(f pointlist.Format) {
	export := func(name string) string {
		path := filepath.Join(e.root, name+"."+string(f))
		file, err := os.Create(path)
		e.must(err)
		_, identity, err := store.Read(context.Background(), e.dir)
		e.must(err)
		l := pointlist.List{Gateway: identity.GatewayID, Map: modbus.MapOptions{UnitID: 1}, Assets: e.state.Assets(), Vacated: e.state.Edition().Vacated}
		e.must(l.Write(file, f))
		e.must(file.Close())
		return path
	}
	before, sum := e.numbers(), e.checksum()
	first := export("first")
	c, err := pointlist.ReadFile(first, modbus.MapOptions{UnitID: 1})
	e.must(err)
	e.must(e.store.Close())
	e.dir = e.another()
	e.store, err = store.Open(context.Background(), store.Options{Dir: e.dir})
	e.must(err)
	e.state, err = gateway.RestoreState(e.rules, e.store.Saved(), e.now())
	e.must(err)
	_, err = e.state.Rearrange(e.now(), &gateway.Wish{Pins: map[gateway.AssetID]gateway.Number{}, Listing: &c.Listing, Gateway: c.Gateway}, false)
	e.must(err)
	e.commit()
	if diff := cmp.Diff(before, e.numbers()); diff != "" {
		e.t.Fatalf("replaced (-before +after):\n%s", diff)
	}
	if got := e.checksum(); got != sum {
		e.t.Fatalf("replaced, the checksum is %08x, was %08x", got, sum)
	}
	again, err := os.ReadFile(export("again"))
	e.must(err)
	text, err := os.ReadFile(first)
	e.must(err)
	if string(text) != string(again) {
		e.t.Fatalf("exported again (-before +after):\n%s", cmp.Diff(string(text), string(again)))
	}
	e.restart(func() {})
}

// Whatever happens to a building, its gateway and its files: no number moves that nobody allowed to, and the
// checksum changes exactly when who has which of the covered numbers does.
// Seen to break it: a ledger without moves; the checksum with what is appended, or retired; a list without what is appended.
func TestAddressesNeverMove(t *testing.T) {
	root := t.TempDir()
	run := 0
	rooms := []gateway.AssetID{"room_a", "room_b", "room_c", "room_d", "room_e", "room_f"}
	rapid.Check(t, func(t *rapid.T) {
		run++
		e := newPremises(t, filepath.Join(root, fmt.Sprint(run)))
		defer func() { _ = e.store.Close() }()
		var backup []byte
		room := func() gateway.AssetID { return rapid.SampledFrom(rooms).Draw(t, "room") }
		database := func() string { return filepath.Join(e.dir, "state.db") }
		save := func() {
			var err error
			backup, err = os.ReadFile(database())
			e.must(err)
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			before, mapped, sum, edition := e.numbers(), e.mapped(), e.checksum(), e.state.Edition()
			allowed := false // that numbers move
			settles := edition.At == 0
			same := false // nothing at all may change
			switch what := rapid.SampledFrom([]string{
				"hear", "hear", "hear", "rename", "restart", "database lost", "back up", "older database", "apply", "apply", "move", "move", "pin", "group", "replace",
			}).Draw(t, "what happens"); what {
			case "hear":
				e.at = e.at.Add(rapid.SampledFrom([]time.Duration{time.Minute, 25 * time.Hour}).Draw(t, "later"))
				e.hear(room(), "Name")
			case "rename":
				e.hear(room(), rapid.SampledFrom([]string{"One", "Two", "=1+1"}).Draw(t, "name"))
			case "restart":
				e.restart(func() {})
			case "database lost":
				e.restart(func() { e.must(os.Remove(database())) })
			case "back up":
				e.restart(save)
			case "older database":
				e.restart(func() {
					if backup != nil {
						e.must(os.WriteFile(database(), backup, 0o600))
					}
				})
			case "pin":
				e.rules.Assets[room()] = gateway.AssetRule{Index: gateway.Number(rapid.IntRange(0, 9).Draw(t, "index"))}
				same = true
			case "group":
				if _, ok := e.rules.Groups["ahu"]; ok {
					delete(e.rules.Groups, "ahu")
				} else {
					e.rules.Groups["ahu"] = gateway.GroupRule{Members: []string{"room_a"}, Index: gateway.NoNumber}
				}
				same = true
			case "move":
				if rapid.Bool().Draw(t, "back up before") {
					e.restart(save) // which brings what is pinned
					before, mapped, sum = e.numbers(), e.mapped(), e.checksum()
				}
				e.rules.Assets[room()] = gateway.AssetRule{Index: gateway.Number(rapid.IntRange(0, 20).Draw(t, "index"))}
				allowed, settles = true, true
				if _, err := e.state.Rearrange(e.now(), &gateway.Wish{Pins: e.rules.Pins()}, allowed); err != nil {
					same = true
					clear(e.rules.Assets)
				}
				e.commit()
			case "replace":
				e.replace(rapid.SampledFrom([]pointlist.Format{pointlist.CSV, pointlist.JSON}).Draw(t, "format"))
				backup = nil
			default:
				wish := gateway.Wish{Pins: e.rules.Pins(), Groups: slices.AppendSeq([]string{}, maps.Keys(e.rules.Groups))}
				if rapid.Bool().Draw(t, "retire") {
					wish.Retire = []gateway.AssetID{room()}
				}
				if rapid.Bool().Draw(t, "reinstate") {
					wish.Reinstate = []gateway.AssetID{room()}
				}
				allowed, settles = rapid.Bool().Draw(t, "moves allowed"), true
				if _, err := e.state.Rearrange(e.now(), &wish, allowed); err != nil {
					same = true
				}
				e.commit()
			}
			after := e.numbers()
			if same && !maps.Equal(before, after) {
				t.Fatalf("nothing may change (-before +after):\n%s", cmp.Diff(before, after))
			}
			for id, was := range before {
				is := after[id]
				number := func(text string) string { n, _, _ := strings.Cut(text, " "); return n }
				if number(was) != number(is) && !allowed || was != is && !settles {
					t.Fatalf("%s was %s and is %q", id, was, is)
				}
			}
			if changed := mapped != e.mapped(); changed != (sum != e.checksum()) {
				t.Fatalf("the map changed: %v; the checksum was %08x and is %08x", changed, sum, e.checksum())
			}
			if mapped != e.mapped() && !settles {
				t.Fatalf("what the checksum covers changed, and nobody settled it (-before +after):\n%s", cmp.Diff(mapped, e.mapped()))
			}
		}
	})
}

// The checksum that controllers read is the one that the list tells, at every step and without a restart.
func TestControllersReadTheChecksumThatTheListTells(t *testing.T) {
	tool(t, "mbpoll")
	s := newSite(t, "")
	s.start()
	compare := func(appended uint16) {
		t.Helper()
		r := s.registers(3, 2)
		told := fmt.Sprintf("registers 3 and 4: %d and %d)", r[0], r[1])
		if list := s.command("points", "list"); !strings.Contains(list, told) {
			t.Errorf("controllers read %s, and the list says:\n%s", told, list)
		}
		if got := s.registers(29, 1)[0]; got != appended {
			t.Errorf("%d assets are appended, want %d", got, appended)
		}
	}
	compare(0)
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-time.Minute)))
	compare(0)
	s.command("points", "apply")
	fixed := s.registers(3, 2)
	s.accepted(payload(t, "PIR_MOTION", time.Now().Add(-time.Minute)))
	compare(1)
	if got := s.registers(3, 2); !slices.Equal(got, fixed) {
		t.Errorf("an appended asset changed the checksum from %v to %v", fixed, got)
	}
	for _, args := range [][]string{{"--retire", boardroomID}, {"--reinstate", boardroomID}} {
		before := s.registers(3, 2)
		s.command(append([]string{"points", "apply"}, args...)...)
		compare(0)
		if got := s.registers(3, 2); slices.Equal(got, before) {
			t.Errorf("%v did not change the checksum", args)
		}
	}
	before := s.registers(3, 2)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		s.stop(signal)
		s.start()
		compare(0)
		if got := s.registers(3, 2); !slices.Equal(got, before) {
			t.Errorf("a restart changed the checksum from %v to %v", before, got)
		}
	}
}

// The database is destroyed, and the newest copy of it knows 50 assets less: no address changes, nor does the
// checksum, because of the ledger.
func TestThreat16DestroyedState(t *testing.T) {
	s := newSite(t, "")
	s.start()
	room := func(n int) string {
		body := payload(t, "ROOM_OCCUPANCY", time.Now().Add(-time.Minute))
		return strings.NewReplacer(boardroomID, fmt.Sprintf("room_%027d", n), "MH-3.14", fmt.Sprint("MH-", n)).Replace(
			changed(t, body, map[string]any{"id": fmt.Sprintf("event_%027d", n)}))
	}
	for n := range 10 {
		s.accepted(room(n))
	}
	s.command("points", "apply")
	s.stop(syscall.SIGTERM)
	database := filepath.Join(s.dir, "state", "state.db")
	copied, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	for n := range 50 {
		s.accepted(room(10 + n))
	}
	numbers := func() (out []string) {
		for line := range strings.Lines(s.command("points", "list")) {
			if f := strings.Fields(line); len(f) > 6 && strings.HasPrefix(f[0], strings.TrimLeft(f[0], "0123456789")) {
				out = append(out, f[0]+" "+f[2]+" "+f[6]+" "+f[len(f)-1])
			}
		}
		return out
	}
	before, header := numbers(), s.registers(3, 2)
	s.stop(syscall.SIGKILL)
	for what, destroy := range map[string]func() error{
		"the copy is put back": func() error { return os.WriteFile(database, copied, 0o600) },
		"it is not one":        func() error { return os.WriteFile(database, []byte("no database"), 0o600) },
		"it is gone":           func() error { return os.Remove(database) },
	} {
		for _, beside := range []string{"-wal", "-shm"} {
			_ = os.Remove(database + beside)
		}
		if err := destroy(); err != nil {
			t.Fatal(err)
		}
		s.start()
		if diff := cmp.Diff(before, numbers()); diff != "" {
			t.Errorf("%s: numbers (-before +after):\n%s", what, diff)
		}
		if got := s.registers(3, 2); !slices.Equal(got, header) {
			t.Errorf("%s: the checksum was %v and is %v", what, header, got)
		}
		s.stop(syscall.SIGKILL)
	}
}

// An asset that has no place on the map raises an alarm, is told in the list, and keeps nothing from being served.
func TestAFullMapIsToldAndTheRestServed(t *testing.T) {
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-time.Minute)))
	s.stop(syscall.SIGTERM)
	ledger, err := os.OpenFile(filepath.Join(s.dir, "state", "ledger.csv"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(ledger, "%d,room,room_beyond\n", modbus.Capacity); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Close(); err != nil {
		t.Fatal(err)
	}
	s.start()
	if alarms := s.registers(11, 1)[0]; alarms&(1<<gateway.MapFull) == 0 {
		t.Errorf("alarms %016b", alarms)
	}
	if got := s.block(boardroom)[1]; got != 6 {
		t.Errorf("the room that has a place counts %d people", got)
	}
	if list := s.command("points", "list"); !strings.Contains(list, "The map is full: 1 asset has no registers") {
		t.Errorf("the list says:\n%s", list)
	}
}
