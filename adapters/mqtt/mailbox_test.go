package mqtt

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"butlr-gateway/gateway"
)

// trouble is one thing that happens to a publisher or its broker.
type trouble struct {
	what   string
	number int // of the asset, of messages, or of milliseconds
}

func troubles(t *rapid.T) []trouble {
	one := rapid.Custom(func(t *rapid.T) trouble {
		return trouble{
			what: rapid.SampledFrom([]string{
				"update", "update", "update", "update all", "wait", "wait long", "dawdle", "process",
				"process in silence", "lose", "refuse", "accept", "freeze", "thaw", "late will",
			}).Draw(t, "what"),
			number: rapid.IntRange(0, 40).Draw(t, "number"),
		}
	})
	return rapid.SliceOfN(one, 1, 60).Draw(t, "troubles")
}

// Whatever happens to the connection, and however updates fall between it: in the end the broker keeps
// the newest readings, an older one never landed after a newer one, and never more than 100 messages
// were in flight.
func TestTheBrokerEndsWithTheNewestReadings(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := troubles(rt)
		var faults []string
		synctest.Test(t, func(t *testing.T) { faults = suffer(t, list) })
		if len(faults) > 0 {
			rt.Fatalf("%s", strings.Join(faults, "\n"))
		}
	})
}

// suffer lets a publisher go through a list of troubles, ends them, and returns which rules were broken.
func suffer(t *testing.T, list []trouble) []string {
	b := newFakeBroker()
	p, stop := start(t, b, testOptions())
	const rooms = 20
	newest := make(map[int]int)
	count := 0
	change := func(number int) {
		count++
		newest[number] = count
		p.Publish(update(room(number, count)))
	}
	for _, e := range list {
		switch e.what {
		case "update":
			change(e.number % rooms)
		case "update all":
			for i := range rooms {
				change(i)
			}
		case "wait":
			time.Sleep(time.Duration(e.number) * time.Millisecond)
		case "wait long":
			time.Sleep(time.Duration(e.number) * time.Second)
		case "late will":
			if s := b.session(); s != nil {
				s.will()
			}
		default:
			disturb(b, e)
		}
		if e.number%2 == 0 {
			synctest.Wait()
		}
	}
	for _, what := range []string{"accept", "thaw", "keep up"} {
		disturb(b, trouble{what: what})
	}
	time.Sleep(stalledAfter + 5*time.Second)
	faults := compare(b, newest)
	stop()
	if got := b.get("butlr/gateway/status"); got != offline {
		faults = append(faults, "after the stop status is "+got)
	}
	return faults
}

func disturb(b *fakeBroker, e trouble) {
	switch e.what {
	case "dawdle":
		b.set(func(b *fakeBroker) { b.dawdles = true })
	case "process":
		b.process(e.number, true)
	case "process in silence":
		b.process(e.number, false)
	case "lose":
		b.lose()
	case "refuse":
		b.set(func(b *fakeBroker) { b.refuses = errors.New("not now") })
	case "accept":
		b.set(func(b *fakeBroker) { b.refuses = nil })
	case "freeze":
		b.set(func(b *fakeBroker) { b.frozen = true })
	case "thaw":
		b.set(func(b *fakeBroker) { b.frozen = false })
	case "keep up":
		b.set(func(b *fakeBroker) { b.dawdles = false })
		b.process(maxInFlight, true)
	}
}

// compare tells where the broker differs from the newest readings, and where it ever went back.
func compare(b *fakeBroker, newest map[int]int) []string {
	faults := slices.Clone(b.faults)
	for number, people := range newest {
		prefix := fmt.Sprintf("butlr/room/room_%d/", number)
		if got := b.get(prefix + "people"); got != strconv.Itoa(people) {
			faults = append(faults, fmt.Sprintf("%speople is %q, want %d", prefix, got, people))
		}
		if got := b.get(prefix + "state"); !strings.Contains(got, fmt.Sprintf(`"people":%d,`, people)) {
			faults = append(faults, fmt.Sprintf("%sstate is %s, want %d people", prefix, got, people))
		}
	}
	if got := b.get("butlr/gateway/status"); got != online {
		faults = append(faults, "status is "+got)
	}
	last := make(map[string]int)
	for _, m := range b.messages() {
		topic, payload, _ := strings.Cut(m, " ")
		if people, err := strconv.Atoi(payload); err == nil {
			if people < last[topic] {
				faults = append(faults, fmt.Sprintf("%s went back from %d to %d", topic, last[topic], people))
			}
			last[topic] = people
		}
	}
	return faults
}

// An asset that gets another number keeps its topic, and what was known of it under the one before is told no
// more: assets may exchange their numbers.
// Seen to break it: slots by number.
func TestAnAssetThatMovesHasOneSlot(t *testing.T) {
	m := newMailbox("butlr")
	a, b := room(1, 11), room(2, 12)
	m.put(update(a, b))
	movedA, movedB := room(1, 21), room(2, 22)
	ofA, ofB := *movedA.Asset, *movedB.Asset
	ofA.Number, ofB.Number = 2, 1
	movedA.Asset, movedB.Asset = &ofA, &ofB
	m.put(update(movedA, movedB))
	if assets, waiting := m.size(); assets != 2 || waiting != 2 {
		t.Errorf("%d assets, %d of them wait", assets, waiting)
	}
	for _, want := range []gateway.Snapshot{movedA, movedB} {
		var got gateway.Snapshot
		if s := m.take(&got); s.topic != Topic("butlr", want.Asset) || got.Asset != want.Asset {
			t.Errorf("on %s it is told of %s with number %d", s.topic, got.Asset.ID, got.Asset.Number)
		}
	}
}
