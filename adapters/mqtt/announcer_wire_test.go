package mqtt_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/mqtt"
	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/adapters/store"
	"butlr-gateway/gateway"
)

// floor makes an update: a floor with so many rooms, and one in service no more.
func floor(rooms int, name string, retired int) *gateway.Update {
	u := &gateway.Update{Changed: []gateway.Snapshot{{
		Asset: &gateway.Asset{ID: "space_1", Kind: gateway.Floor, Name: "Level 3"},
		Has:   gateway.MeasuresOf(gateway.People), Quality: gateway.Good, Coverage: 1000,
	}}}
	for i := range rooms {
		s := people(i, 1).Changed[0]
		about := *s.Asset
		about.Parent, about.Name, about.Path = "space_1", fmt.Sprint(name, " ", i), []string{"Level 3"}
		s.Asset = &about
		if i == retired {
			s.Quality = gateway.OutOfService
		}
		u.Changed = append(u.Changed, s)
	}
	return u
}

// retained returns what a broker keeps below a topic. What it keeps comes before what is published once it
// has acknowledged the subscription.
func retained(t *testing.T, url, topic string) map[string]string {
	t.Helper()
	var mu sync.Mutex
	kept, end := make(map[string]string), make(chan struct{})
	c := paho.NewClient(paho.NewClientOptions().AddBroker(url).SetClientID(fmt.Sprint("reader-", time.Now().UnixNano())).SetOrderMatters(true))
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("connecting to %s: %v", url, token.Error())
	}
	defer c.Disconnect(100)
	hear := func(_ paho.Client, m paho.Message) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case m.Topic() == topic+"/end":
			close(end)
		case m.Retained():
			kept[m.Topic()] = string(m.Payload())
		}
	}
	if token := c.Subscribe(topic+"/#", 1, hear); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("subscribing: %v", token.Error())
	}
	c.Publish(topic+"/end", 1, false, "x")
	select {
	case <-end:
	case <-time.After(patience):
		t.Fatal("what the broker keeps has no end")
	}
	mu.Lock()
	defer mu.Unlock()
	return kept
}

// keeps waits until a broker keeps announcements on exactly those topics, and returns them.
func keeps(t *testing.T, url string, want ...string) (kept map[string]string) {
	t.Helper()
	slices.Sort(want)
	var diff string
	defer func() {
		if t.Failed() {
			t.Logf("kept (-want +got):\n%s", diff)
		}
	}()
	eventually(t, "the broker keeps exactly what is wanted", func() bool {
		kept = retained(t, url, "homeassistant")
		maps.Copy(kept, retained(t, url, "ha"))
		diff = cmp.Diff(want, slices.Sorted(maps.Keys(kept)))
		return diff == ""
	})
	return kept
}

func devices(prefix string, nodes ...string) []string {
	topics := []string{prefix + "/device/bgw_1a2b3c4d/config"}
	for _, node := range nodes {
		topics = append(topics, prefix+"/device/bgw_1a2b3c4d_"+node+"/config")
	}
	return topics
}

// A real broker and a real disk: whatever changes, the broker keeps exactly what is wanted.
//
// Seen to break it: the sweep left out; the memory not written.
func TestMosquittoKeepsNoGhosts(t *testing.T) {
	m := startMosquitto(t)
	state, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	announcing := func(change func(*mqtt.Options)) (*mqtt.Publisher, func() time.Duration) {
		o := options(m.url())
		o.Discovery, o.DiscoveryPrefix, o.Memory = discovery.Devices, "homeassistant", state.Table("discovery "+m.url())
		change(&o)
		return run(t, o)
	}
	asIs := func(*mqtt.Options) {}

	p, stop := announcing(asIs)
	p.Publish(floor(3, "Room", -1))
	keeps(t, m.url(), devices("homeassistant", "space_1", "room_0", "room_1", "room_2")...)
	p.Publish(floor(3, "Room", 1))
	keeps(t, m.url(), devices("homeassistant", "space_1", "room_0", "room_2")...)
	p.Publish(floor(3, "Lounge", 1))
	eventually(t, "the room has its new name", func() bool {
		return strings.Contains(retained(t, m.url(), "homeassistant")["homeassistant/device/bgw_1a2b3c4d_room_0/config"], `"Lounge 0"`)
	})
	stop()

	p, stop = announcing(asIs)
	p.Publish(floor(1, "Lounge", -1))
	keeps(t, m.url(), devices("homeassistant", "space_1", "room_0")...)
	stop()

	p, stop = announcing(func(o *mqtt.Options) { o.DiscoveryPrefix = "ha" })
	p.Publish(floor(1, "Lounge", -1))
	keeps(t, m.url(), devices("ha", "space_1", "room_0")...)
	stop()

	p, stop = announcing(func(o *mqtt.Options) { o.Discovery = discovery.Components })
	p.Publish(floor(0, "", -1))
	var components []string
	for _, key := range []string{"binary_sensor/+/status", "binary_sensor/+/problem", "sensor/+/alarms", "sensor/+/assets", "sensor/+/started",
		"sensor/+_space_1/people", "sensor/+_space_1/coverage", "sensor/+_space_1/reason", "sensor/+_space_1/quality", "sensor/+_space_1/last_data"} {
		components = append(components, "homeassistant/"+strings.Replace(key, "+", "bgw_1a2b3c4d", 1)+"/config")
	}
	keeps(t, m.url(), components...)
	stop()

	p, stop = announcing(func(o *mqtt.Options) { o.Topic = "hq" })
	p.Publish(floor(0, "", -1))
	kept := keeps(t, m.url(), devices("homeassistant", "space_1")...)
	if text := kept["homeassistant/device/bgw_1a2b3c4d_space_1/config"]; !strings.Contains(text, `"hq/floor/space_1/state"`) {
		t.Errorf("the floor is announced as %s", text)
	}
	stop()

	p, _ = announcing(func(o *mqtt.Options) { o.Discovery = discovery.Off })
	p.Publish(floor(3, "Room", -1))
	keeps(t, m.url())
	eventually(t, "nothing is remembered", func() bool {
		rows, err := state.Table("discovery " + m.url()).Load(t.Context())
		return err == nil && len(rows) == 0
	})
}

// The embedded broker forgets what is taken back, too.
func TestTheEmbeddedBrokerKeepsNoGhosts(t *testing.T) {
	e, stopBroker := embed(t, embedded(t.TempDir()))
	defer stopBroker()
	state, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	url := "tcp://" + e.Addr().String()
	o := options(url)
	o.Discovery, o.DiscoveryPrefix, o.Memory, o.Twice = discovery.Devices, "homeassistant", state.Table("embedded"), true
	p, stop := run(t, o)
	defer stop()
	p.Publish(floor(2, "Room", -1))
	keeps(t, url, devices("homeassistant", "space_1", "room_0", "room_1")...)
	p.Publish(floor(2, "Room", 1))
	keeps(t, url, devices("homeassistant", "space_1", "room_0")...)
}

// A broker that has lost everything has it again, and Home Assistant is told when it says that it has started.
//
// Seen to break it: nobody subscribed to the prefix's status.
func TestMosquittoPassesOnTheBirth(t *testing.T) {
	m := startMosquitto(t)
	state, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	o := options(m.url())
	o.Discovery, o.DiscoveryPrefix, o.Memory = discovery.Devices, "homeassistant", state.Table("x")
	p, _ := run(t, o)
	p.Publish(floor(1, "Room", -1))
	keeps(t, m.url(), devices("homeassistant", "space_1", "room_0")...)
	m.kill()
	m.start(t)
	keeps(t, m.url(), devices("homeassistant", "space_1", "room_0")...)

	home := listen(t, m.url())
	heard := make(chan string, 100)
	hear := func(_ paho.Client, m paho.Message) {
		if !m.Retained() {
			heard <- m.Topic()
		}
	}
	if token := home.client.Subscribe("homeassistant/#", 1, hear); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	home.client.Publish("homeassistant/status", 1, false, "online").WaitTimeout(patience)
	want := append([]string{"homeassistant/status"}, devices("homeassistant", "space_1", "room_0")...)
	for _, topic := range want {
		select {
		case got := <-heard:
			if got != topic {
				t.Errorf("heard %s, want %s", got, topic)
			}
		case <-time.After(patience):
			t.Fatalf("%s was not heard", topic)
		}
	}
}
