package relay

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drill is a queue in a directory, which is closed, killed and opened again.
type drill struct {
	t     rapid.TB
	path  string
	limit int64
	queue *queue
	added int
}

func newDrill(t rapid.TB, path string, limit int64) *drill {
	d := &drill{t: t, path: path, limit: limit}
	d.open()
	return d
}

func (d *drill) open() {
	d.t.Helper()
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		d.t.Fatal(err)
	}
	dir, err := os.OpenRoot(d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	if d.queue, err = openQueue(dir, d.limit); err != nil {
		d.t.Fatal(err)
	}
}

func (d *drill) close() {
	d.t.Helper()
	if err := d.queue.close(); err != nil {
		d.t.Fatal(err)
	}
}

// add adds a body of about that size, which no other is like, and returns it.
func (d *drill) add(size int, secret bool) string {
	d.t.Helper()
	body := fmt.Sprintf("%d%s.", d.added, strings.Repeat("x", size))
	d.added++
	if err := d.queue.add(record{arrived: int64(d.added), body: []byte(body)}, secret); err != nil {
		d.t.Fatal(err)
	}
	return body
}

// all takes everything out of the queue.
func (d *drill) all() (bodies []string) {
	d.t.Helper()
	for {
		e, ok := d.queue.next()
		if !ok {
			return bodies
		}
		bodies = append(bodies, string(e.body))
		if err := d.queue.done(e); err != nil {
			d.t.Fatal(err)
		}
	}
}

// size returns how many bytes the segments have.
func (d *drill) size() (n int64) {
	d.t.Helper()
	for _, path := range d.files() {
		about, err := os.Stat(path)
		if err != nil {
			d.t.Fatal(err)
		}
		n += about.Size()
	}
	return n
}

// files returns the paths of the segments, the oldest first.
func (d *drill) files() []string {
	d.t.Helper()
	paths, err := filepath.Glob(filepath.Join(d.path, "*"+segmentSuffix))
	if err != nil {
		d.t.Fatal(err)
	}
	return paths
}

// What goes in comes out once and in order, whatever happens to the program; of what must not be stored nothing is
// after a restart; the disk never has more than the limit, and what is dropped for that is the oldest, and counted.
//
// Seen to break it: the cursor not noted; the limit looked at after a body is written; bodies in memory before those
// on disk; what is under way when its segment is dropped not counted.
func TestAQueueGivesEachBodyOnceInOrder(t *testing.T) {
	root, run := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		d := newDrill(t, filepath.Join(root, fmt.Sprint(run)), 256<<10)
		defer func() { d.close() }()
		type waiting struct {
			body   string
			secret bool
		}
		var model []waiting
		lost := 0 // that counters of queues before this one knew
		settle := func() {
			gone := int(d.queue.dropped.Load())
			for ; lost < gone; lost++ {
				i := slices.IndexFunc(model, func(w waiting) bool { return !w.secret })
				if i < 0 {
					t.Fatalf("%d bodies are said to be dropped, more than there were", gone)
				}
				model = slices.Delete(model, i, i+1)
			}
		}
		restart := func() {
			d.open()
			lost = 0
			model = slices.DeleteFunc(model, func(w waiting) bool { return w.secret })
			settle()
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				body := d.add(rapid.IntRange(0, 20_000).Draw(t, "size"), false)
				model = append(model, waiting{body, false})
				settle()
			},
			"add a secret": func(t *rapid.T) {
				model = append(model, waiting{d.add(10, true), true})
			},
			"answered": func(t *rapid.T) {
				e, ok := d.queue.next()
				if !ok || len(model) == 0 {
					if ok || len(model) > 0 {
						t.Fatalf("the queue has %q, want %v", e.body, model)
					}
					return
				}
				if string(e.body) != model[0].body {
					t.Fatalf("the next is %.20q, want %.20q", e.body, model[0].body)
				}
				if err := d.queue.done(e); err != nil {
					t.Fatal(err)
				}
				model = model[1:]
			},
			"not answered, and more comes meanwhile": func(t *rapid.T) {
				e, ok := d.queue.next()
				for range rapid.IntRange(0, 30).Draw(t, "more") {
					model = append(model, waiting{d.add(20_000, false), false})
				}
				if ok {
					d.queue.failed(e)
				}
				settle()
			},
			"closed": func(t *rapid.T) { d.close(); restart() },
			"killed": func(t *rapid.T) { restart() }, // its files stay open, as nobody closed them
			"": func(t *rapid.T) {
				if n := d.size(); n > d.limit {
					t.Fatalf("the disk has %d bytes, at most %d are allowed", n, d.limit)
				}
			},
		})
		for i, body := range d.all() {
			if i >= len(model) || body != model[i].body {
				t.Fatalf("body %d is %.20q, want one of %d", i, body, len(model))
			}
			if i == len(model)-1 {
				model = nil
				break
			}
		}
		if len(model) > 0 {
			t.Fatalf("%d bodies did not come out", len(model))
		}
		if n := d.queue.waits.Load(); n != 0 {
			t.Fatalf("%d bytes are said to wait, and nothing does", n)
		}
	})
}

// Whatever happens to a byte of a queue's file, at most the record around it is lost, and of a file that is cut
// what lay behind the cut; no body comes out that did not go in; and what is added later comes out last.
//
// Seen to break it: reading ends at the first damaged record; the end is cut at the first damaged record; a head's
// checksum without its position, with a segment that was copied.
func TestDamageCostsWhatIsDamaged(t *testing.T) {
	root, run := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		d := newDrill(t, filepath.Join(root, fmt.Sprint(run)), 16<<20)
		defer func() { d.close() }()
		var bodies []string
		for _, size := range rapid.SliceOfN(rapid.IntRange(0, 40_000), 1, 40).Draw(t, "sizes") {
			bodies = append(bodies, d.add(size, false))
		}
		d.close()
		files := d.files()
		path := rapid.SampledFrom(files).Draw(t, "file")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		place := rapid.IntRange(0, len(text)-1).Draw(t, "place")
		mayLose := 1
		switch rapid.SampledFrom([]string{"flip", "cut", "copy"}).Draw(t, "damage") {
		case "flip":
			text[place] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case "cut":
			mayLose = recordsBehind(t, path, text, place)
			text = text[:place]
		case "copy": // over what is there
			other, err := os.ReadFile(rapid.SampledFrom(files).Draw(t, "other file"))
			if err != nil {
				t.Fatal(err)
			}
			from := rapid.IntRange(0, len(other)-1).Draw(t, "from")
			n := rapid.IntRange(1, min(len(other)-from, len(text)-place)).Draw(t, "length")
			mayLose = recordsBehind(t, path, text, place)
			copy(text[place:], other[from:from+n])
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		d.open()
		last := d.add(10, false)
		got := d.all()
		if len(got) == 0 || got[len(got)-1] != last {
			t.Fatal("what was added after the damage did not come out last")
		}
		got = got[:len(got)-1]
		if missing := len(bodies) - len(got); missing > mayLose {
			t.Fatalf("%d bodies are missing, at most %d may be", missing, mayLose)
		}
		next := 0
		for _, body := range got {
			i := slices.Index(bodies[next:], body)
			if i < 0 {
				t.Fatalf("%.20q came out, and did not go in, or not there", body)
			}
			next += i + 1
		}
	})
}

// recordsBehind returns how many records of a segment end behind a place in it.
func recordsBehind(t *rapid.T, path string, text []byte, place int) (n int) {
	var start int64
	if _, err := fmt.Sscanf(filepath.Base(path), "%d", &start); err != nil {
		t.Fatal(err)
	}
	for at := start; ; {
		r, ok := findRecord(text[at-start:], at)
		if !ok {
			return n
		}
		if at = r.end(); at > start+int64(place) {
			n++
		}
	}
}

// A cursor that cannot be believed costs bodies that come again, and none that do not come.
//
// Seen to break it: the cursor's checksum not looked at.
func TestADamagedCursorLosesNothing(t *testing.T) {
	root, run := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		d := newDrill(t, filepath.Join(root, fmt.Sprint(run)), 16<<20)
		defer func() { d.close() }()
		var bodies []string
		for range 20 {
			bodies = append(bodies, d.add(5000, false))
		}
		answered := rapid.IntRange(1, 19).Draw(t, "answered")
		for range answered {
			e, _ := d.queue.next()
			if err := d.queue.done(e); err != nil {
				t.Fatal(err)
			}
		}
		d.close()
		path := filepath.Join(d.path, cursorName)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		place := rapid.IntRange(0, len(text)-1).Draw(t, "place")
		if rapid.Bool().Draw(t, "cut") {
			text = text[:place]
		} else {
			text[place] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		d.open()
		got := d.all()
		if len(got) < 20-answered || !slices.Equal(got, bodies[20-len(got):]) {
			t.Fatalf("%d bodies came, want the last %d at least", len(got), 20-answered)
		}
	})
}

// A queue whose limit was lowered has no more than that, from the start on.
func TestALoweredLimitDropsTheOldest(t *testing.T) {
	d := newDrill(t, t.TempDir(), 16<<20)
	var bodies []string
	for range 40 {
		bodies = append(bodies, d.add(40_000, false))
	}
	d.close()
	d.limit = 1 << 20
	d.open()
	if n := d.size(); n > d.limit {
		t.Errorf("the disk has %d bytes, at most %d are allowed", n, d.limit)
	}
	dropped := int(d.queue.dropped.Load())
	if got := d.all(); dropped == 0 || !slices.Equal(got, bodies[dropped:]) {
		t.Errorf("%d bodies came and %d were dropped, of %d", len(got), dropped, len(bodies))
	}
	d.close()
}

// A disk that does not take a body costs nothing while the target takes it: it comes in its turn, from memory, and
// the queue goes on with the disk when that is back.
//
// Seen to break it: what is not stored is not held.
func TestWhatTheDiskDoesNotTakeIsHeld(t *testing.T) {
	d := newDrill(t, t.TempDir(), 1<<20)
	want := []string{d.add(100, false)}
	if err := d.queue.writing.Close(); err != nil { // neither written nor cut
		t.Fatal(err)
	}
	if err := d.queue.add(record{arrived: 1, body: []byte("held")}, false); err == nil {
		t.Error("it is not told")
	}
	want = append(want, "held", d.add(100, false), d.add(100, false))
	came := d.all()
	if !slices.Equal(came, want) {
		t.Errorf("%.60q came, want %.60q", came, want)
	}
	d.close()
}

// What a write that failed left, however much of it, hides nothing that was written later.
//
// Seen to break it: the next segment begun where the one that failed ended.
func TestHalfAWriteHidesNothing(t *testing.T) {
	d := newDrill(t, t.TempDir(), 1<<20)
	want := []string{d.add(100, false)}
	if err := d.queue.writing.Close(); err != nil { // neither written nor cut
		t.Fatal(err)
	}
	lost := record{at: d.queue.end, arrived: 1, body: []byte(strings.Repeat("lost", 50))}
	if err := d.queue.add(lost, false); err == nil {
		t.Error("it is not told")
	}
	want = append(want, d.add(10, false), d.add(100, false))
	text, err := os.ReadFile(d.files()[0])
	if err != nil {
		t.Fatal(err)
	}
	half := appendRecord(nil, &lost)
	if err := os.WriteFile(d.files()[0], append(text, half[:len(half)-1]...), 0o600); err != nil {
		t.Fatal(err)
	}
	d.close()
	d.open()
	if got := d.all(); !slices.Equal(got, want) {
		t.Errorf("%.60q came, want %.60q", got, want)
	}
	d.close()
}

// A segment that somebody removed is told of, and what is behind it comes.
func TestASegmentThatIsGone(t *testing.T) {
	d := newDrill(t, t.TempDir(), 1<<20)
	for range 4 {
		d.add(40_000, false)
	}
	want := d.add(10, false)
	if err := os.Remove(d.files()[0]); err != nil {
		t.Fatal(err)
	}
	got := d.all()
	if len(got) == 0 || got[len(got)-1] != want || d.queue.damaged.Load() != 1 {
		t.Errorf("%d bodies came, and %d places are told of", len(got), d.queue.damaged.Load())
	}
	d.close()
}

// Zeroes, as a power cut leaves them, are no records, and neither is a head without a body.
//
// Seen to break it: bodies without length.
func TestZeroesAreNoRecords(t *testing.T) {
	for at := range int64(1000) {
		empty := record{at: at, arrived: 1}
		for _, text := range [][]byte{appendRecord(nil, &empty), make([]byte, 100)} {
			if r, ok := findRecord(text, at); ok {
				t.Fatalf("a record was found at %d", r.at)
			}
		}
	}
}

// Secrets take their turn, and are bounded.
func TestWhatIsHeldIsBounded(t *testing.T) {
	d := newDrill(t, t.TempDir(), 1<<20)
	defer d.close()
	for range heldBodies + 5 {
		d.add(10, true)
	}
	if got, dropped := len(d.all()), d.queue.dropped.Load(); got != heldBodies || dropped != 5 {
		t.Errorf("%d came and %d were dropped, want %d and 5", got, dropped, heldBodies)
	}
	for range 10 {
		d.add(heldBytes/4, true)
	}
	if got := len(d.all()); got != 3 {
		t.Errorf("%d large ones were held, want 3", got)
	}
	if d.size() != 0 {
		t.Error("what must not be stored is on disk")
	}
}

// FuzzRecords reads segments that anything may have happened to: what is read is what was written there.
func FuzzRecords(f *testing.F) {
	var text []byte
	at := int64(1000)
	for _, body := range []string{`{"id":"event_1"}`, "1", `[{"id":"event_2"},{"id":"event_3"}]`} {
		r := record{at, 1773151512340, []byte(body)}
		text, at = appendRecord(text, &r), r.end()
	}
	f.Add(text, int64(1000))
	f.Add(text[5:], int64(1005))
	f.Add([]byte{}, int64(0))
	f.Fuzz(func(t *testing.T, text []byte, start int64) {
		start = max(start, 0) >> 1 // where a queue begins, and far from the end of all numbers
		for at := start; ; {
			r, ok := findRecord(text[at-start:], at)
			if !ok {
				return
			}
			if r.at < at || r.end() <= r.at || r.end()-start > int64(len(text)) {
				t.Fatalf("a record from %d to %d was found behind %d in %d bytes from %d", r.at, r.end(), at, len(text), start)
			}
			if again := appendRecord(nil, &r); string(again) != string(text[r.at-start:r.end()-start]) {
				t.Fatalf("it is not what was written: %x", again)
			}
			at = r.end()
		}
	})
}
