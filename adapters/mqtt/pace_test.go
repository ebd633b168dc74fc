package mqtt

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"butlr-gateway/gateway"
)

// statesOf counts the states among messages of one asset.
func statesOf(messages []string, number int) (n int, last string) {
	for _, m := range messages {
		if topic, payload, _ := strings.Cut(m, " "); topic == fmt.Sprintf("butlr/room/room_%d/state", number) {
			n, last = n+1, payload
		}
	}
	return n, last
}

// An asset that keeps changing is told of at once at first, then twice a second, and of its last change when its rest
// is over; another one beside it is told of at once all the while. After a time of quiet it is as before.
//
// Seen to break it: no rest at all; a rest from the first message on; a rest that forgets what changed in it; one that
// never ends unless something else changes; what was told of for ever held against an asset.
func TestAnAssetThatKeepsChangingIsToldOfNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFakeBroker()
		p, stop := start(t, b, testOptions())
		defer stop()
		p.Publish(update(room(1, 0), room(2, 0)))
		time.Sleep(time.Minute)
		b.drain()
		for again := range 2 {
			for k := range inRow {
				p.Publish(update(room(1, 1000*again+1+k)))
				synctest.Wait()
			}
			if n, _ := statesOf(b.drain(), 1); n != inRow {
				t.Errorf("%d states at once, want %d", n, inRow)
			}
			const lasts = 10 * time.Second
			for k := range int(lasts / (10 * time.Millisecond)) {
				p.Publish(update(room(1, 1000*again+100+k)))
				time.Sleep(10 * time.Millisecond)
				if k%100 != 50 {
					continue
				}
				p.Publish(update(room(2, 1000*again+k)))
				synctest.Wait()
				if _, last := statesOf(b.messages(), 2); !strings.Contains(last, fmt.Sprintf(`"people":%d,`, 1000*again+k)) {
					t.Errorf("the other asset's state is %s", last)
				}
			}
			n, _ := statesOf(b.messages(), 1)
			if want := int(lasts / pace); n < want-1 || n > want+1 {
				t.Errorf("%d states in %v, want one in %v", n, lasts, pace)
			}
			time.Sleep(pace)
			synctest.Wait()
			if _, last := statesOf(b.drain(), 1); !strings.Contains(last, fmt.Sprintf(`"people":%d,`, 1000*again+1099)) {
				t.Errorf("after it came to rest its state is %s", last)
			}
			time.Sleep(inRow * pace)
		}
		if _, waiting := p.mail.size(); waiting != 0 {
			t.Errorf("%d assets wait", waiting)
		}
	})
}

// Whenever assets change: in no time has one been told of more often than so many times in a row and once for each
// pace, one that has changed is told of within a pace, and all that ever changed is told.
//
// Seen to break it: a rest of two paces; a rest after one more.
func TestNobodyIsToldOfTooOftenNorTooLate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		runs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) run {
			return run{
				room: rapid.IntRange(0, 3).Draw(t, "room"), changes: rapid.IntRange(1, 30).Draw(t, "changes"),
				gap: rapid.SampledFrom([]time.Duration{0, 1, 20, 130, 499, 500, 501, 3000}).Draw(t, "gap") * time.Millisecond,
			}
		}), 1, 20).Draw(rt, "runs")
		var faults []string
		synctest.Test(t, func(t *testing.T) { faults = pacing(runs) })
		if len(faults) > 0 {
			rt.Fatalf("%s", strings.Join(faults, "\n"))
		}
	})
}

// run is some changes of a room, each so long after the one before.
type run struct {
	room, changes int
	gap           time.Duration
}

// pacing has a mailbox emptied at once while rooms change, and tells which rules were broken.
func pacing(runs []run) (faults []string) {
	m := newMailbox("butlr")
	told := make(map[int][]time.Time)
	since := make(map[int]time.Time) // changed and not told
	done := make(chan bool)
	go func() {
		defer close(done)
		for range m.ready {
			var got gateway.Snapshot
			if m.take(&got) == nil {
				continue
			}
			n := int(got.Asset.Number)
			told[n] = append(told[n], time.Now())
			if late := time.Since(since[n]); late > pace+paceGrain {
				faults = append(faults, fmt.Sprintf("room %d is told of %v late", n, late))
			}
			delete(since, n)
		}
	}()
	for _, r := range runs {
		for k := range r.changes {
			time.Sleep(r.gap)
			synctest.Wait()
			if _, waits := since[r.room]; !waits {
				since[r.room] = time.Now()
			}
			m.put(update(room(r.room, k)))
		}
	}
	time.Sleep(2 * pace)
	synctest.Wait()
	close(m.ready)
	<-done
	for n := range since {
		faults = append(faults, fmt.Sprintf("room %d is never told of", n))
	}
	for n, times := range told {
		for k := range times {
			if first := k - inRow; first >= 0 && times[k].Sub(times[first]) < pace {
				faults = append(faults, fmt.Sprintf("room %d is told of %d times within %v", n, inRow+1, times[k].Sub(times[first])))
			}
			if first := k - 3*inRow; first >= 0 && times[k].Sub(times[first]) < 2*inRow*pace {
				faults = append(faults, fmt.Sprintf("room %d is told of %d times within %v", n, 3*inRow+1, times[k].Sub(times[first])))
			}
		}
	}
	return faults
}
