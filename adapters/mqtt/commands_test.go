package mqtt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"butlr-gateway/gateway"
)

// obedient puts everything in force, and remembers it in words.
type obedient struct {
	mu    sync.Mutex
	did   []string
	never error // why it does not
	hangs chan struct{}
}

func (c *obedient) note(format string, v ...any) error {
	if c.hangs != nil {
		<-c.hangs
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.never == nil {
		c.did = append(c.did, fmt.Sprintf(format, v...))
	}
	return c.never
}

func (c *obedient) Force(_ context.Context, id gateway.AssetID, o gateway.Override) (gateway.Override, error) {
	until := "its default"
	if o.Until != 0 {
		until = o.Until.Time().Format(time.TimeOnly)
	}
	return o, c.note("force %s %s %d until %s by %s %s: %s", id, o.Target, o.Value, until, o.Source, o.Author, o.Reason)
}

func (c *obedient) Release(_ context.Context, id gateway.AssetID, target gateway.Target, all bool, by gateway.Source, author string) ([]gateway.Override, error) {
	what := target.String()
	if all {
		what = "all"
	}
	return nil, c.note("release %s %s by %s %s", id, what, by, author)
}

func (c *obedient) words() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.did)
}

// commanded runs a publisher that knows room_1 and a group, has it hear what was published, and returns what it
// did.
func commanded(t *testing.T, c *obedient, publish func(p *Publisher, hear func(topic, payload string))) []string {
	var did []string
	synctest.Test(t, func(t *testing.T) {
		o := testOptions()
		o.Label = "second"
		if c != nil {
			o.Commander = c
		}
		p, stop := start(t, newFakeBroker(), o)
		defer stop()
		group, odd := room(2, 1), room(3, 1)
		group.Asset = &gateway.Asset{ID: "group:ahu-3", Kind: gateway.Group}
		odd.Asset = &gateway.Asset{ID: "room_/#+$", Kind: gateway.Room}
		u := update(room(1, 4), group, odd)
		u.Epoch = at("08:00:00")
		p.Publish(u)
		publish(p, func(topic, payload string) {
			for _, l := range p.commands.listeners() {
				if matches(l.filter, "butlr/command/"+topic) {
					l.hear("butlr/command/"+topic, []byte(payload), false)
				}
			}
		})
		synctest.Wait()
		if c != nil {
			did = c.words()
		}
	})
	return did
}

// matches tells whether a topic matches a filter without "#".
func matches(filter, topic string) bool {
	want, got := strings.Split(filter, "/"), strings.Split(topic, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == "+" || w == g })
}

// Seen to break it: trimming nothing, target always occupied, "automatic" as force of vacant, an unknown key
// accepted, the duration ignored, release of one target instead of all, order of the queue reversed.
func TestCommands(t *testing.T) {
	hashed, _ := strings.CutPrefix(Topic("butlr", &gateway.Asset{ID: "room_/#+$", Kind: gateway.Room}), "butlr/room/")
	for _, c := range []struct{ topic, payload, did string }{
		{"room/room_1/force", "occupied", "force room_1 occupied 1 until its default by message second: "},
		{"room/room_1/force", " vacant\n", "force room_1 occupied 0 until its default by message second: "},
		{"room/room_1/force", "automatic", "release room_1 occupied by message second"},
		{"room/room_1/force", `{"target":"people","value":4,"for":"2h","reason":"fire drill"}`, "force room_1 people 4 until 11:00:00 by message second: fire drill"},
		{"room/room_1/force", `{"target":"lighting","value":"vacant"}`, "force room_1 lighting 0 until its default by message second: "},
		{"room/room_1/force", `{"target":"hvac","value":true}`, "force room_1 hvac 1 until its default by message second: "},
		{"room/room_1/force", `{"target":"people","value":"automatic"}`, "release room_1 people by message second"},
		{"room/room_1/force", `{"value":"occupied"}`, "force room_1 occupied 1 until its default by message second: "},
		{"room/room_1/release", "", "release room_1 all by message second"},
		{"room/room_1/release", "anything", "release room_1 all by message second"},
		{"group/ahu-3/force", "occupied", "force group:ahu-3 occupied 1 until its default by message second: "},
		{"room/" + hashed + "/force", "occupied", "force room_/#+$ occupied 1 until its default by message second: "},

		{"room/room_2/force", "occupied", ""},
		{"floor/room_1/force", "occupied", ""},
		{"room/group:ahu-3/force", "occupied", ""},
		{"room/room_1/force", "", ""},
		{"room/room_1/force", "Occupied", ""},
		{"room/room_1/force", "4", ""},
		{"room/room_1/force", `{"target":"people","value":4.5}`, ""},
		{"room/room_1/force", `{"target":"people","value":true}`, ""},
		{"room/room_1/force", `{"target":"motion","value":1}`, ""},
		{"room/room_1/force", `{"target":"people"}`, ""},
		{"room/room_1/force", `{"value":"occupied","until":"2h"}`, ""},
		{"room/room_1/force", `{"value":"occupied","for":"2 hours"}`, ""},
		{"room/room_1/force", `{"value":"occupied","for":"-1h"}`, ""},
		{"room/room_1/force", `{"value":"occupied","value":"vacant"}`, ""},
		{"room/room_1/force", `{"value":{"a":1}}`, ""},
		{"room/room_1/force", `{"value":"occupied","reason":"` + strings.Repeat("x", maxReason+1) + `"}`, ""},
		{"room/room_1/force", strings.Repeat(" ", maxCommand) + "occupied", ""},
	} {
		var refused float64
		did := commanded(t, new(obedient), func(p *Publisher, hear func(topic, payload string)) {
			hear(c.topic, c.payload)
			synctest.Wait()
			refused = testutil.ToFloat64(p.metrics.commands.WithLabelValues(commandRefused))
		})
		want := []string{c.did}
		if c.did == "" {
			want = nil
		}
		if diff := cmp.Diff(want, did); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.topic, c.payload, diff)
		}
		if (refused == 1) != (c.did == "") {
			t.Errorf("%s %s: %v are counted as refused", c.topic, c.payload, refused)
		}
	}
}

func TestCommandsAreObeyedInOrder(t *testing.T) {
	var want []string
	did := commanded(t, new(obedient), func(_ *Publisher, hear func(topic, payload string)) {
		for i := range maxCommands {
			hear("room/room_1/force", fmt.Sprintf(`{"target":"people","value":%d}`, i))
			want = append(want, fmt.Sprintf("force room_1 people %d until its default by message second: ", i))
		}
	})
	if diff := cmp.Diff(want, did); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A command that the broker kept is of some time before; nobody listens where commands are off; and a flood of
// commands costs nobody else anything.
//
// Seen to break it: obeying what was kept, listeners without a commander, a queue that blocks.
func TestCommandsThatChangeNothing(t *testing.T) {
	t.Run("one that the broker kept", func(t *testing.T) {
		did := commanded(t, new(obedient), func(p *Publisher, _ func(topic, payload string)) {
			p.commands.hear("butlr/command/room/room_1/force", []byte("occupied"), true)
			p.commands.hear("butlr/command/republish", nil, true)
			if n := testutil.ToFloat64(p.metrics.commands.WithLabelValues(commandKept)); n != 2 || len(p.commands.again) != 0 {
				t.Errorf("%v are counted, %d are to be obeyed", n, len(p.commands.again))
			}
		})
		if len(did) != 0 {
			t.Errorf("it did %q", did)
		}
	})
	t.Run("any while commands are off", func(t *testing.T) {
		commanded(t, nil, func(p *Publisher, _ func(topic, payload string)) {
			if l := p.commands.listeners(); len(l) != 0 {
				t.Errorf("it listens to %v", l)
			}
		})
	})
	t.Run("one that is refused", func(t *testing.T) {
		did := commanded(t, &obedient{never: errors.New("an operator forced it")}, func(p *Publisher, hear func(topic, payload string)) {
			hear("room/room_1/force", "occupied")
			synctest.Wait()
			if n := testutil.ToFloat64(p.metrics.commands.WithLabelValues(commandRefused)); n != 1 {
				t.Errorf("%v are counted", n)
			}
		})
		if len(did) != 0 {
			t.Errorf("it did %q", did)
		}
	})
	t.Run("more than can wait", func(t *testing.T) {
		c := &obedient{hangs: make(chan struct{})}
		commanded(t, c, func(p *Publisher, hear func(topic, payload string)) {
			for range maxCommands + 50 {
				hear("room/room_1/force", "occupied")
			}
			if n := testutil.ToFloat64(p.metrics.commands.WithLabelValues(commandDropped)); n < 49 || n > 50 {
				t.Errorf("%v are counted as dropped, want 49 or 50", n)
			}
			close(c.hangs)
		})
	})
}

// Whoever asks for everything gets it, but not all the time.
//
// Seen to break it: no pause between two (askedEvery ignored).
func TestRepublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFakeBroker()
		o := testOptions()
		o.Commander = new(obedient)
		p, stop := start(t, b, o)
		defer stop()
		p.Publish(update(room(1, 4)))
		time.Sleep(time.Minute)
		b.drain()
		for range 10 {
			p.commands.hear("butlr/command/republish", nil, false)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		said := 0
		for _, m := range b.drain() {
			if strings.HasPrefix(m, "butlr/room/room_1/availability") {
				said++
			}
		}
		if said < 2 || said > 4 {
			t.Errorf("after ten requests in ten seconds everything was said %d times, want 2 to 4", said)
		}
	})
}

func FuzzReadWish(f *testing.F) {
	for _, seed := range []string{"occupied", "automatic", `{"target":"people","value":4,"for":"2h","reason":"fire drill"}`, `{"value":"vacant"}`, "{", `{"value":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		w, err := readWish(payload)
		if err != nil {
			return
		}
		if w.lasts < 0 || int(w.target) >= gateway.TargetCount || len(w.reason) > maxReason {
			t.Errorf("%q is read as %+v", payload, w)
		}
		if w.target != gateway.TargetPeople && w.value != 0 && w.value != 1 {
			t.Errorf("%q forces %s to %d", payload, w.target, w.value)
		}
	})
}
