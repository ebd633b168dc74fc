package mqtt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

func TestResync(t *testing.T) {
	t.Run("says availability, states, scalars, the gateway, and online last", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newFakeBroker()
			p, stop := start(t, b, testOptions())
			defer stop()
			b.set(func(b *fakeBroker) { b.refuses = errors.New("later") })
			p.Publish(update(room(1, 4), room(2, 0)))
			b.lose()
			b.set(func(b *fakeBroker) { b.refuses, b.log = nil, nil })
			time.Sleep(5 * time.Second)
			want := []string{
				"room/room_1/availability", "room/room_2/availability",
				"room/room_1/state", "room/room_2/state",
				"room/room_1/occupied", "room/room_1/people", "room/room_2/occupied", "room/room_2/people",
				"gateway/state", "gateway/status",
			}
			if diff := cmp.Diff(want, topics(b.messages())); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			if got := b.get("butlr/gateway/status"); got != online {
				t.Errorf("status is %q, want online", got)
			}
		})
	})

	t.Run("says everything a second time if asked to", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			o := testOptions()
			o.Twice = true
			b := newFakeBroker()
			p, stop := start(t, b, o)
			defer stop()
			p.Publish(update(room(1, 4)))
			time.Sleep(twiceAfter - time.Millisecond)
			b.drain()
			time.Sleep(2 * time.Millisecond)
			want := []string{
				"room/room_1/availability", "room/room_1/state", "room/room_1/occupied", "room/room_1/people",
				"gateway/state", "gateway/status",
			}
			if diff := cmp.Diff(want, topics(b.drain())); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	})

	t.Run("a broker that lost everything has it again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newFakeBroker()
			p, stop := start(t, b, testOptions())
			defer stop()
			p.Publish(update(room(1, 4)))
			time.Sleep(time.Second)
			b.set(func(b *fakeBroker) { clear(b.retained) })
			b.lose()
			time.Sleep(5 * time.Second)
			if got := b.get("butlr/room/room_1/people"); got != "4" {
				t.Errorf("people is %q, want 4", got)
			}
		})
	})
}

func TestChanges(t *testing.T) {
	after := func(change func(s *gateway.Snapshot)) []string {
		var got []string
		synctest.Test(t, func(t *testing.T) {
			b := newFakeBroker()
			p, stop := start(t, b, testOptions())
			defer stop()
			s := room(1, 4)
			p.Publish(update(s))
			time.Sleep(time.Second)
			b.set(func(b *fakeBroker) { b.log = nil })
			change(&s)
			p.Publish(update(s))
			time.Sleep(time.Second)
			got = topics(b.messages())
		})
		return got
	}
	for name, c := range map[string]struct {
		change func(s *gateway.Snapshot)
		want   []string
	}{
		"nothing changed says nothing": {func(*gateway.Snapshot) {}, nil},
		"another count says the state and the count": {
			func(s *gateway.Snapshot) { s.Readings[gateway.People].Value = 5 },
			[]string{"room/room_1/state", "room/room_1/people"},
		},
		"an override says the state only": {
			func(s *gateway.Snapshot) { s.Overrides = []gateway.Override{{Target: gateway.TargetOutputs}} },
			[]string{"room/room_1/state"},
		},
		"a later time says the state only": {
			func(s *gateway.Snapshot) { s.At = 1763885702120 },
			[]string{"room/room_1/state"},
		},
		"an unknown count is said once, whatever its value": {
			func(s *gateway.Snapshot) { s.Readings[gateway.People] = gateway.Reading{Value: 9} },
			[]string{"room/room_1/state", "room/room_1/people"},
		},
		"out of service says so first": {
			func(s *gateway.Snapshot) { s.Quality = gateway.OutOfService },
			[]string{"room/room_1/availability", "room/room_1/state"},
		},
		"held stays online": {
			func(s *gateway.Snapshot) { s.Quality = gateway.Held },
			[]string{"room/room_1/state"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, after(c.change)); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

// A count that nobody knew for a while is said again though it is what it was; and what nobody knows is said once.
//
// Seen to break it: that a value was known for ever after; that it never was.
func TestACountThatIsKnownAgainIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFakeBroker()
		p, stop := start(t, b, testOptions())
		defer stop()
		known := room(1, 4)
		unknown := known
		unknown.Readings[gateway.People].Known = false
		for i, s := range []gateway.Snapshot{known, unknown, unknown, known, known} {
			b.set(func(b *fakeBroker) { b.log = nil })
			s.At += gateway.Timestamp(i)
			p.Publish(update(s))
			time.Sleep(time.Second)
			said := slices.Contains(topics(b.messages()), "room/room_1/people")
			if news := i != 2 && i != 4; said != news {
				t.Errorf("update %d: the count is said: %t, want %t", i, said, news)
			}
		}
	})
}

func TestScalarsCanBeOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions()
		o.Scalars = false
		b := newFakeBroker()
		p, stop := start(t, b, o)
		defer stop()
		p.Publish(update(room(1, 4)))
		time.Sleep(time.Second)
		if got := b.get("butlr/room/room_1/people"); got != "" {
			t.Errorf("people is %q, want no such topic", got)
		}
	})
}

func TestRefreshIsSpread(t *testing.T) {
	const rooms = 1200
	synctest.Test(t, func(t *testing.T) {
		b := newFakeBroker()
		p, stop := start(t, b, testOptions())
		defer stop()
		for i := range rooms {
			p.Publish(update(room(i, 1)))
		}
		time.Sleep(time.Second)
		said := make(map[string]int)
		b.drain()
		for second := range 601 {
			time.Sleep(time.Second)
			states := 0
			for _, topic := range topics(b.drain()) {
				if strings.HasSuffix(topic, "/state") && topic != "gateway/state" {
					states++
					said[topic]++
				}
			}
			if states > 4 {
				t.Fatalf("%d states were said in second %d, want the 2 of an even spread, or twice that between two ticks", states, second)
			}
		}
		if len(said) != rooms {
			t.Errorf("%d of %d rooms were refreshed within the refresh time and a tick", len(said), rooms)
		}
	})
}

func TestGatewayState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFakeBroker()
		_, stop := start(t, b, testOptions())
		defer stop()
		time.Sleep(time.Second)
		b.set(func(b *fakeBroker) { b.log = nil })
		time.Sleep(10 * time.Minute)
		if n := len(b.messages()); n < 54 || n > 60 {
			t.Errorf("the gateway's state was said %d times in 10 minutes, want at most one in 10 s", n)
		}
	})
}

func TestLateWill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFakeBroker()
		_, stop := start(t, b, testOptions())
		defer stop()
		time.Sleep(time.Second)
		b.session().will()
		synctest.Wait()
		if got := b.get("butlr/gateway/status"); got != online {
			t.Errorf("status is %q although the gateway lives", got)
		}
	})
}

func TestStop(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(b *fakeBroker)
		polite  bool
		within  time.Duration
	}{
		"says offline and takes leave":                 {func(*fakeBroker) {}, true, 0},
		"leaves it to the last will without an answer": {func(b *fakeBroker) { b.dawdles = true }, false, time.Second},
		"leaves it to the last will when frozen":       {func(b *fakeBroker) { b.frozen = true }, false, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newFakeBroker()
				p, stop := start(t, b, testOptions())
				time.Sleep(time.Second)
				b.set(c.prepare)
				p.Publish(update(room(1, 4)))
				synctest.Wait()
				began := time.Now()
				stop()
				if took := time.Since(began); took > c.within {
					t.Errorf("stopping took %s, want at most %s", took, c.within)
				}
				if got := b.get("butlr/gateway/status"); got != offline {
					t.Errorf("status is %q, want offline", got)
				}
				if b.session().polite != c.polite {
					t.Errorf("the connection was ended politely: %t, want %t", b.session().polite, c.polite)
				}
			})
		})
	}
}

func TestBrokerThatNoLongerAcknowledgesIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFakeBroker()
		p, stop := start(t, b, testOptions())
		defer stop()
		time.Sleep(time.Minute)
		b.set(func(b *fakeBroker) { b.dawdles = true })
		p.Publish(update(room(1, 4)))
		time.Sleep(stalledAfter - time.Second)
		if b.connections() != 1 {
			t.Errorf("it was left before %s had passed", stalledAfter)
		}
		time.Sleep(2 * time.Second)
		disturb(b, trouble{what: "keep up"})
		time.Sleep(time.Second)
		if b.connections() != 2 || b.get("butlr/room/room_1/people") != "4" {
			t.Errorf("%d sessions were opened, people is %q; want a second one that tells 4", b.connections(), b.get("butlr/room/room_1/people"))
		}
	})
}

func TestAtMost100MessagesAreInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFakeBroker()
		p, stop := start(t, b, testOptions())
		defer stop()
		time.Sleep(time.Second)
		b.set(func(b *fakeBroker) { b.dawdles = true })
		for i := range 200 {
			p.Publish(update(room(i, 1)))
		}
		time.Sleep(time.Second)
		if n := b.lying(); n != 100 {
			t.Errorf("%d messages are in flight, want 100", n)
		}
		time.Sleep(stalledAfter)
		if b.connections() != 2 {
			t.Errorf("a broker that acknowledges nothing was not left after %s", stalledAfter)
		}
		disturb(b, trouble{what: "keep up"})
	})
}

func TestHealth(t *testing.T) {
	var told []string
	o := testOptions()
	o.Health = func(err error) {
		if err == nil {
			told = append(told, "up")
			return
		}
		told = append(told, err.Error())
	}
	synctest.Test(t, func(t *testing.T) {
		b := newFakeBroker()
		b.refuses = fmt.Errorf("%w : %w", packets.ErrorRefusedNotAuthorised, errors.New("x"))
		_, stop := start(t, b, o)
		defer stop()
		time.Sleep(time.Minute)
		b.set(func(b *fakeBroker) { b.refuses = nil })
		time.Sleep(time.Minute)
		for range 30 {
			b.lose() // as when another client uses the same id
			time.Sleep(3 * time.Second)
		}
		time.Sleep(time.Minute)
	})
	want := []string{refusedUser, "up", errEnded.Error(), "up", errEnded.Error(), "up"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestReconnectSoonButNotTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := New(testOptions())
		if err != nil {
			t.Fatal(err)
		}
		var at []time.Time
		p.connect = func(context.Context) (session, error) {
			at = append(at, time.Now())
			return nil, errors.New("no")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		for i, a := range at[1:] {
			if pause := a.Sub(at[i]); pause < shortestPause/2 || pause > longestPause {
				t.Errorf("attempt %d came %s after the one before", i+1, pause)
			}
		}
		if len(at) > 80 {
			t.Errorf("%d attempts in a minute are too many", len(at))
		}
	})
}

func TestPublishTakesNoTimeWithoutABroker(t *testing.T) {
	p, err := New(testOptions())
	if err != nil {
		t.Fatal(err)
	}
	u := update(room(1, 4), room(2, 0))
	p.Publish(u)
	if n := testing.AllocsPerRun(1000, func() { p.Publish(u) }); n != 0 {
		t.Errorf("Publish allocates %.1f times, want none", n)
	}
	if _, waiting := p.mail.size(); waiting != 2 {
		t.Errorf("%d assets wait, want 2", waiting)
	}
	if got := slices.Collect(func(yield func(gateway.Number) bool) {
		for s := p.mail.waiting.first; s != nil && yield(s.newest.Asset.Number); s = s.next {
		}
	}); !slices.Equal(got, []gateway.Number{1, 2}) {
		t.Errorf("%v wait, want 1 and 2 in this order", got)
	}
}

// The sentence in a state has the times of day of the asset's own site.
func TestReasonsHaveTheTimesOfTheirSite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions()
		o.Place = func(a *gateway.Asset) *time.Location {
			if a.Site == "site_tokyo" {
				return time.FixedZone("JST", 9*3600)
			}
			return amsterdam
		}
		b := newFakeBroker()
		p, stop := start(t, b, o)
		defer stop()
		far, near := meetingRoom(), meetingRoom()
		far.Asset = &gateway.Asset{ID: "room_far", Kind: gateway.Room, Number: 1, Site: "site_tokyo"}
		near.Asset = &gateway.Asset{ID: "room_near", Kind: gateway.Room, Number: 2, Site: "site_1"}
		p.Publish(update(far, near))
		time.Sleep(5 * time.Second)
		for id, want := range map[string]string{"room_far": "people 4 at 17:15:02", "room_near": "people 4 at 09:15:02"} {
			if got := b.get("butlr/room/" + id + "/state"); !strings.Contains(got, `"reason":"`+want+`"`) {
				t.Errorf("%s: %s does not say %q", id, got, want)
			}
		}
	})
}
