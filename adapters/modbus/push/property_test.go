package push

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"butlr-gateway/gateway"
)

// step is one thing that happens to a pusher and its devices.
type step struct {
	what  string
	room  int   // of readings: a, b or c
	value int64 // of readings; -1 is unknown
	held  bool
	bad   int // of mishaps: which, and how often
	times int
	wait  time.Duration
}

var badWays = []mishap{
	hang, closes, answersLate, sendsGarbage, answersOther, answersAsOther, cutsShort, saysLess, wrongFunction, wrongEcho,
	excepts(4), excepts(5), excepts(6), excepts(10), excepts(11),
	excepts(1), excepts(2), excepts(3), // faults of the configuration: after them it takes a refresh
}

func drawSteps(t *rapid.T, ways int) []step {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			what:  rapid.SampledFrom([]string{"reading", "reading", "reading", "reading", "mishap", "off", "on", "restart"}).Draw(t, "what"),
			room:  rapid.IntRange(0, 2).Draw(t, "room"),
			value: int64(rapid.IntRange(-1, 5).Draw(t, "value")),
			held:  rapid.IntRange(0, 4).Draw(t, "held") == 0,
			bad:   rapid.IntRange(0, ways-1).Draw(t, "way"),
			times: rapid.IntRange(1, 3).Draw(t, "times"),
			wait:  time.Duration(rapid.SampledFrom([]int{0, 1, 50, 700, 3000, 20_000, 45_000}).Draw(t, "wait")) * time.Millisecond,
		}
	}), 5, 40).Draw(t, "steps")
}

// said is a value that one room had from a moment on; -1 is one that may not be written.
type said struct {
	at    time.Duration
	value int64
}

// world runs steps and remembers what was allowed.
type world struct {
	t       *testing.T
	devices map[string]*device
	targets []Target
	began   time.Time
	bench   *bench
	rooms   [3]step          // the newest reading of each
	freed   [3]bool          // it may be written in spite of being held
	heldTil [3]time.Duration // then it may be written all the same
	history [3][]said
}

const graceOfTests = 5 * time.Minute

func newWorld(t *testing.T, framing Transport, refresh time.Duration) *world {
	w := &world{t: t, began: time.Now(), devices: map[string]*device{"d": newDevice(framing != TCP), "e": newDevice(framing != TCP)}}
	d5, d6, e5 := unit("d5", "d", 5, peopleOf("a", 1), peopleOf("b", 2)), unit("d6", "d", 6, peopleOf("a", 3)), unit("e5", "e", 5, peopleOf("c", 4))
	w.targets = []Target{d5, d6, e5}
	for _, d := range w.devices {
		d.remembers = refresh > time.Minute // else nobody would know that it forgot
	}
	for i := range w.targets {
		w.targets[i].Line.Transport, w.targets[i].Refresh = framing, refresh
	}
	for i := range w.rooms {
		w.rooms[i].value = -1
		w.history[i] = []said{{0, -1}}
	}
	return w
}

func (w *world) now() time.Duration { return time.Since(w.began) }

// run takes the steps, and returns what was not as it should be.
func (w *world) run(steps []step) string {
	w.restart()
	for _, s := range steps {
		switch s.what {
		case "reading":
			w.rooms[s.room] = s
			w.tell(s.room)
		case "mishap":
			for range s.times {
				w.devices["d"].misbehave(badWays[s.bad])
			}
		case "off", "on":
			w.devices["d"].turn(s.what == "on")
		case "restart":
			w.bench.stop()
			after(3 * time.Second) // what was asked of a slow device before is done by then
			w.restart()
		}
		after(s.wait)
	}
	w.devices["d"].forgive()
	w.devices["d"].on()
	for i := range w.rooms {
		w.rooms[i].held = false
		if w.rooms[i].value < 0 {
			w.rooms[i].value = 5
		}
		w.tell(i)
	}
	after(time.Minute)
	return w.judge()
}

// restart begins a new pusher, which is told of every room at once.
func (w *world) restart() {
	o := testOptions(w.targets...)
	o.Grace = func(*gateway.Asset) time.Duration { return graceOfTests }
	w.bench = newBench(w.t, o, w.devices)
	w.freed, w.heldTil = [3]bool{}, [3]time.Duration{}
	for i := range w.rooms {
		w.heldTil[i] = w.now() + graceOfTests
		w.tell(i)
	}
	w.bench.start()
}

// tell publishes the newest reading of a room.
func (w *world) tell(i int) {
	s := w.rooms[i]
	snapshot := room(string(rune('a'+i)), gateway.Number(i+1), max(s.value, 0))
	if s.value < 0 {
		snapshot.Readings = [gateway.MeasureCount]gateway.Reading{}
	}
	if s.held {
		snapshot.Quality = gateway.Held
	}
	w.freed[i] = w.freed[i] || !s.held
	w.bench.publish(snapshot)
	now, until := w.now(), w.heldTil[i]
	w.history[i] = slices.DeleteFunc(w.history[i], func(s said) bool { return s.at > now })
	if w.freed[i] || now >= until {
		w.history[i] = append(w.history[i], said{now, s.value})
	} else {
		w.history[i] = append(w.history[i], said{now, -1}, said{until, s.value})
	}
}

// misbehave queues a mishap, and forgive ends all of them.
func (d *device) misbehave(m mishap) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mishaps = append(d.mishaps, m)
}

func (d *device) forgive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mishaps = nil
}

// judge demands that the devices have the newest values, and that each write was one of a value that was
// the newest a moment before.
func (w *world) judge() string {
	for _, t := range w.targets {
		d := w.devices[t.Line.Address]
		writes, _ := d.seen()
		for _, p := range t.Points {
			i := int(p.Asset[len("room_")] - 'a')
			newest := w.rooms[i].value
			if got := int64(d.value(t.Unit, p.Address)); newest >= 0 && got != newest {
				return fmt.Sprintf("unit %d of %s has %d people in %s, want %d", t.Unit, t.Line, got, p.Asset, newest)
			}
			for _, write := range writes {
				if write.unit == t.Unit && write.address == p.Address && !w.allowed(i, write) {
					return fmt.Sprintf("unit %d of %s was told at %s that %s has %d people: %v", t.Unit, t.Line, write.at, p.Asset, write.words[0], w.history[i])
				}
			}
		}
	}
	if why := w.bench.alarm(); why != "" {
		return "at the end there is an alarm: " + why
	}
	for name, d := range w.devices {
		if d.overlap {
			return "there were two connections to " + name + " at a time"
		}
	}
	return ""
}

// allowed tells whether the value was the newest at some moment in the time that a request may take.
func (w *world) allowed(room int, by write) bool {
	const slack = 3 * time.Second
	history := w.history[room]
	for i, s := range history {
		until := time.Duration(1 << 62)
		if i+1 < len(history) {
			until = history[i+1].at
		}
		if s.value == int64(by.words[0]) && s.at <= by.at && until >= by.at-slack {
			return true
		}
	}
	return false
}

// TestWhateverHappensTheNewestValuesArrive draws readings, mishaps, outages and restarts.
//
// Seen to break it: taking a failed write for done; writing what is held after a start; telling a device
// only what changed since it was lost; keeping a connection after an error; not comparing with the newest
// value. It found that a write may be carried out late, after the next one was; that a failed one may have
// been carried out although the newest value is again that before; and that a device with nothing new to be
// told was not asked any more whether it is well.
func TestWhateverHappensTheNewestValuesArrive(t *testing.T) {
	for _, framing := range []Transport{TCP, RTUOverTCP} {
		t.Run(Line{Transport: framing}.String(), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				refresh, ways := 30*time.Second, len(badWays)
				if rapid.Bool().Draw(rt, "hardly ever refreshed") {
					refresh, ways = time.Hour, ways-3
				}
				steps := drawSteps(rt, ways)
				wrong := ""
				synctest.Test(t, func(t *testing.T) { wrong = newWorld(t, framing, refresh).run(steps) })
				if wrong != "" {
					rt.Fatal(wrong)
				}
			})
		})
	}
}
