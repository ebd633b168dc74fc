package mqtt

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

// Whoever asks under which topics an asset is published is told those that the broker hears, all of them and no
// others, the state first; with and without measures, names and detections.
//
// Seen to break it: the topic made of a name left out; measures told although
// they are off; events told of an asset in which nothing happens; detections left out.
func TestTheTopicsOfAnAssetAreThoseThatTheBrokerHears(t *testing.T) {
	for name, set := range map[string]func(*Options){
		"everything":      func(o *Options) { o.Names, o.Detections = true, true },
		"only the states": func(o *Options) { o.Scalars, o.Topic = false, "butlr/hq" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, b := testOptions(), newFakeBroker()
				set(&o)
				heard := make(map[string]bool)
				b.hears = func(m message) {
					if !strings.Contains(m.topic, "/gateway/") && (m.fleeting || len(m.payload) > 0) {
						heard[m.topic] = true
					}
				}
				p, stop := start(t, b, o)
				quiet, lively, sensor := room(1, 4), room(2, 0), room(3, 0)
				lively.Has |= gateway.MeasuresOf(gateway.Motion)
				sensor.Asset.Kind, sensor.Asset.ID, sensor.Has = gateway.Sensor, "sensor_3", gateway.MeasuresOf(gateway.Detections, gateway.TrafficIn)
				u := update(quiet, lively, sensor)
				u.At = o.Clock()
				u.Happened = []gateway.Happening{
					{Asset: lively.Asset, Type: gateway.MotionStarted}, {Asset: sensor.Asset, Type: gateway.Traffic}, {Asset: sensor.Asset, Type: gateway.Detected},
				}
				p.Publish(u)
				time.Sleep(5 * time.Second)
				stop()
				var told []string
				for _, s := range []gateway.Snapshot{quiet, lively, sensor} {
					topics := p.Topics(s.Asset.ID)
					if want := Topic(o.Topic, s.Asset) + "/state"; len(topics) == 0 || topics[0] != want {
						t.Errorf("%s: got %q, want %s first", s.Asset.ID, topics, want)
					}
					told = append(told, topics...)
				}
				slices.Sort(told)
				if diff := cmp.Diff(slices.Sorted(maps.Keys(heard)), told); diff != "" {
					t.Errorf("topics (-heard +told):\n%s", diff)
				}
				if got := p.Topics("room_4"); got != nil {
					t.Errorf("of an asset that was never published: got %q", got)
				}
			})
		})
	}
}

// How it is with a broker is told with the moment since which it is so: another reason for being away is no other
// moment. What it has not acknowledged is told, and nothing more once the connection is gone.
//
// Seen to break it: since when taken anew with each reason; what was in flight still counted after the connection
// was lost; what is in flight counted as published.
func TestStatusTellsHowItIsWithABroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, b := testOptions(), newFakeBroker()
		began := time.Now()
		o.Clock = func() gateway.Instant { return gateway.Instant{Wall: time.Now(), Mono: time.Since(began)} }
		b.refuses = errors.New("not yet")
		p, stop := start(t, b, o)
		defer stop()
		p.Publish(update(room(1, 4)))
		time.Sleep(3 * time.Second)
		b.set(func(b *fakeBroker) { b.refuses = errors.New("still not") })
		time.Sleep(3 * time.Second)
		if got, want := p.Status(), (Status{Connection: Connection{Why: "still not", Since: began}}); got != want {
			t.Errorf("before: got %+v, want %+v", got, want)
		}
		b.set(func(b *fakeBroker) { b.refuses = nil })
		time.Sleep(3 * time.Second)
		up := p.Status()
		if !up.Connected || up.Why != "" || !up.Since.After(began) || up.Waiting != 0 || up.Published != uint64(len(b.messages())) {
			t.Errorf("connected: got %+v of %d messages", up, len(b.messages()))
		}
		b.set(func(b *fakeBroker) { b.dawdles = true })
		p.Publish(update(room(1, 5)))
		time.Sleep(100 * time.Millisecond)
		if got := p.Status(); got.Waiting != b.lying() || got.Waiting == 0 || got.Published != up.Published || got.Since != up.Since {
			t.Errorf("while it dawdles: got %+v, and %d messages lie there", got, b.lying())
		}
		b.set(func(b *fakeBroker) { b.refuses = errors.New("gone") })
		b.lose()
		time.Sleep(time.Second)
		if got := p.Status(); got.Connected || got.Waiting != 0 || !got.Since.After(up.Since) {
			t.Errorf("lost: got %+v", got)
		}
	})
}
