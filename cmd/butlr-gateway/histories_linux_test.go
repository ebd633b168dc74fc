package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/gateway"
)

// This file tells histories: clients post a building's events, twice, late and in any order, until each was answered
// 204, while a nemesis kills the gateway, stops it, freezes it, fills its disk, holds its database and freezes its
// broker. What is kept in the end must be what a plain model says of the same events, and what a gateway keeping that
// nobody disturbed.

// historiesVariable is how many histories are told; 3 without it.
const historiesVariable = "BUTLR_GATEWAY_HISTORIES"

// Seen to break it: an answer before the commit, a batch that failed and is answered as if it had not, increments that
// are remembered in memory only (one counts twice after a kill), and, of two words about one moment, belief in the last to come.
func TestHistoriesEndAsTheModelSays(t *testing.T) {
	count, seed := 3, uint64(time.Now().UnixNano())
	if text := os.Getenv(historiesVariable); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	broker := newMosquitto(t)
	var told deeds
	for i := range count {
		if !tellHistory(t, broker, seed+uint64(i), &told) {
			t.Fatalf("history %d of %d: seed %d", i+1, count, seed+uint64(i))
		}
	}
	t.Attr("figure", fmt.Sprintf("%d histories, %s: 0 acknowledged events lost", count, &told))
	tally(t, told.events, told.events) // whatever is not kept is a difference to the model, with which nobody comes here
}

// deeds counts what was done.
type deeds struct {
	posted, refused             atomic.Int64
	kills, stops, freezes       int
	fills, holds, brokerFreezes int
	events                      int // of histories that ended as the model says
}

func (d *deeds) String() string {
	return fmt.Sprintf("%d bodies taken and %d attempts in vain; %d kills, %d stops, %d freezes, %d full disks, %d held databases, %d frozen brokers",
		d.posted.Load(), d.refused.Load(), d.kills, d.stops, d.freezes, d.fills, d.holds, d.brokerFreezes)
}

// history is one of them.
type history struct {
	*site
	random  *rand.Rand
	broker  *mosquitto
	disk    string // a small file system of its own with the state in it; "" where the machine does not allow that
	webhook atomic.Pointer[string]
	told    *deeds
}

// The sizes of a history.
const (
	historyRooms   = 30
	historyMinutes = 20
	historyClients = 4
	diskSize       = "12m"
)

func tellHistory(t *testing.T, broker *mosquitto, seed uint64, told *deeds) bool {
	return t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
		h := &history{site: newSite(t, fmt.Sprintf("[mqtt]\nbroker = \"tcp://%s\"\ntopic = \"history/%d\"\n", broker.address, seed)),
			random: rand.New(rand.NewPCG(seed, 1)), broker: broker, told: told}
		h.mountDisk()
		h.restart()
		events := livedThrough(t, seed)
		bodies := h.bodies(events)
		var posting sync.WaitGroup
		done := make(chan struct{})
		for part := range slices.Chunk(bodies, (len(bodies)+historyClients-1)/historyClients) {
			random := rand.New(rand.NewPCG(h.random.Uint64(), 2))
			posting.Go(func() { h.insist(part, random) })
		}
		go func() { posting.Wait(); close(done) }()
		h.torment(done)
		got := h.kept()
		h.stop(syscall.SIGTERM)

		calm := newSite(t, "")
		calm.start()
		for chunk := range slices.Chunk(events, 200) {
			calm.accepted(asBody(chunk))
		}
		undisturbed := (&history{site: calm}).kept()
		calm.stop(syscall.SIGKILL)
		if diff := gocmp.Diff(modelled(events), got.plain()); diff != "" {
			t.Errorf("what is kept (-the model, +the gateway):\n%s", diff)
		}
		if diff := gocmp.Diff(undisturbed, got); diff != "" {
			t.Errorf("what is kept (-undisturbed, +disturbed):\n%s", diff)
		}
		told.events += len(events)
	})
}

// livedThrough returns what a building sends in some minutes before now, with counts that are corrected.
func livedThrough(t *testing.T, seed uint64) []gateway.Event {
	t.Helper()
	now := time.Now().UTC()
	start := now.Add(-(historyMinutes + 1) * time.Minute)
	noon, err := time.LoadLocation(noonZone(now)) // when people come and go
	if err != nil {
		t.Fatal(err)
	}
	b, err := building.New(building.Options{Start: start, Rooms: historyRooms, Seed: seed, Place: noon})
	if err != nil {
		t.Fatal(err)
	}
	chaos := building.NewChaos(b, seed)
	var events []gateway.Event
	for at := start; at.Before(now.Add(-time.Minute)); at = at.Add(time.Minute) {
		events = append(events, chaos.Advance(at)...)
	}
	return append(events, chaos.Rest()...)
}

// bodies puts the events into bodies, in any order, some of them twice.
func (h *history) bodies(events []gateway.Event) []string {
	all := slices.Clone(events)
	for range len(events) / 5 {
		all = append(all, events[h.random.IntN(len(events))])
	}
	h.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var bodies []string
	for len(all) > 0 {
		n := min(1+h.random.IntN(4), len(all))
		bodies = append(bodies, asBody(all[:n]))
		all = all[n:]
	}
	return bodies
}

func asBody(events []gateway.Event) string {
	body := []byte("[")
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = webhook.Encode(body, &events[i])
	}
	return string(append(body, ']'))
}

// insist posts each body until it is taken.
func (h *history) insist(bodies []string, random *rand.Rand) {
	client := &http.Client{Timeout: 3 * time.Second}
	defer client.CloseIdleConnections()
	for _, body := range bodies {
		for !h.takes(client, body) {
			h.told.refused.Add(1)
			<-time.After(time.Duration(10+random.IntN(40)) * time.Millisecond)
			if h.t.Context().Err() != nil {
				return
			}
		}
		h.told.posted.Add(1)
		<-time.After(time.Duration(random.IntN(4)) * time.Millisecond)
	}
}

func (h *history) takes(client *http.Client, body string) bool {
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, *h.webhook.Load(), strings.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("X-Api-Key", testSecret)
	answer, err := client.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusNoContent
}

// restart starts the gateway and tells the clients where it is.
func (h *history) restart() {
	h.start()
	address := h.address("webhook")
	h.webhook.Store(&address)
}

// torment does one thing after another to the gateway until everything was taken, and leaves it well.
func (h *history) torment(done <-chan struct{}) {
	for deadline := time.Now().Add(4 * patience); ; {
		select {
		case <-done:
			return
		case <-time.After(time.Duration(20+h.random.IntN(150)) * time.Millisecond):
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("not everything is taken\n%s", h.log)
		}
		switch h.random.IntN(6) {
		case 0, 1:
			h.told.kills++
			h.stop(syscall.SIGKILL)
			h.restart()
		case 2:
			h.told.stops++
			h.stop(syscall.SIGTERM)
			h.restart()
		case 3:
			h.told.freezes++
			h.during(func() { h.signal(syscall.SIGSTOP) }, func() { h.signal(syscall.SIGCONT) })
		case 4:
			h.fill()
		case 5:
			h.told.brokerFreezes++
			h.during(func() { h.broker.signal(syscall.SIGSTOP) }, func() { h.broker.signal(syscall.SIGCONT) })
		}
	}
}

func (h *history) signal(s os.Signal) {
	if err := h.process.Process.Signal(s); err != nil {
		h.t.Fatal(err)
	}
}

// during leaves something so for a moment.
func (h *history) during(begin, end func()) {
	begin()
	<-time.After(time.Duration(50+h.random.IntN(300)) * time.Millisecond)
	end()
}

// mountDisk gives the state a small disk, where the machine allows that. CI has to.
func (h *history) mountDisk() {
	h.t.Helper()
	state := filepath.Join(h.dir, "state")
	err := os.MkdirAll(state, 0o750)
	if err == nil {
		err = syscall.Mount("tmpfs", state, "tmpfs", 0, "size="+diskSize)
	}
	if err != nil {
		h.t.Logf("the disk is never full here: mounting one: %v", err)
		return
	}
	h.disk = state
	h.t.Cleanup(func() { _ = syscall.Unmount(state, syscall.MNT_DETACH) })
}

// fill leaves no place on the disk for a moment. Without a disk of its own the database is held instead.
func (h *history) fill() {
	if h.disk == "" || h.random.IntN(3) == 0 {
		h.told.holds++
		var release func()
		h.during(func() { release = holdDatabase(h.t, filepath.Join(h.dir, "state", "state.db")) }, func() { release() })
		return
	}
	h.told.fills++
	filler := filepath.Join(h.disk, "filler")
	h.during(func() {
		file, err := os.Create(filler)
		if err != nil {
			return // full already
		}
		defer func() { _ = file.Close() }()
		for size := 1 << 20; size > 0; {
			if _, err := file.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
				size /= 2
			}
		}
	}, func() { _ = os.Remove(filler) })
}

// keeping is what is kept of an asset.
type keeping struct {
	Feeds map[string][]revision // without those that have nothing
	In    int
	Out   int
	Net   int
}

// revision is one of a feed.
type revision struct {
	At    string
	ID    string
	Value int
}

// world is what is kept of all, and the digest of the increments that are remembered.
type world struct {
	Assets     map[string]keeping
	Remembered string
}

// kept asks what is kept.
func (h *history) kept() world {
	h.t.Helper()
	out, err := program(h.t, "state", "dump", "--format", "json", "--config", h.config).Output()
	if err != nil {
		h.t.Fatal(err)
	}
	var dump []struct {
		Asset string
		Feeds map[string]struct{ Window []revision }
		Total struct{ In, Out, Net int } `json:"totals"`
		Ids   struct{ Digest string }    `json:"remembered"`
	}
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&dump); err != nil {
		h.t.Fatalf("%v in %s", err, out)
	}
	w := world{Assets: map[string]keeping{}}
	for _, a := range dump {
		if a.Asset == "" {
			w.Remembered = a.Ids.Digest
			continue
		}
		k := keeping{Feeds: map[string][]revision{}, In: a.Total.In, Out: a.Total.Out, Net: a.Total.Net}
		for feed, f := range a.Feeds {
			k.Feeds[feed] = f.Window
		}
		w.Assets[a.Asset] = k
	}
	return w
}

// plain is as much of it as the model knows: the newest revision of each feed, and the totals of sensors.
func (w world) plain() map[string]keeping {
	out := map[string]keeping{}
	for id, k := range w.Assets {
		p := keeping{Feeds: map[string][]revision{}}
		for feed, window := range k.Feeds {
			if feed != "traffic" && len(window) > 0 {
				newest := window[len(window)-1]
				p.Feeds[feed] = []revision{{At: newest.At, Value: newest.Value}}
			}
		}
		if strings.HasPrefix(id, "sensor_") {
			p.In, p.Out = k.In, k.Out
		}
		if len(p.Feeds) > 0 || p.In+p.Out > 0 {
			out[id] = p
		}
	}
	return out
}

// modelled is the model: the newest word about each thing, where two are as new the one that was minted later or is
// the safer, and the sum of what each sensor counted once.
func modelled(events []gateway.Event) map[string]keeping {
	type word struct {
		at, minted int64
		value      int
		id         string
	}
	newest := map[string]map[string]word{}
	counted := map[string]gateway.Event{}
	for i := range events {
		e := &events[i]
		switch e.Type {
		case gateway.Traffic:
			counted[string(e.Path.Sensor.ID)+" "+e.ID] = *e
		case gateway.Occupancy, gateway.OccupancyMinute, gateway.MotionStarted, gateway.MotionEnded:
			id, feed, value := wordOf(e)
			w := word{int64(e.At), building.MintedAt(e.ID).Unix(), value, e.ID}
			words := newest[id]
			if words == nil {
				words = map[string]word{}
				newest[id] = words
			}
			if before, ok := words[feed]; !ok || cmp.Or(cmp.Compare(w.at, before.at), cmp.Compare(w.minted, before.minted),
				cmp.Compare(w.value, before.value), cmp.Compare(w.id, before.id)) > 0 {
				words[feed] = w
			}
		}
	}
	out := map[string]keeping{}
	for id, words := range newest {
		k := keeping{Feeds: map[string][]revision{}}
		for feed, w := range words {
			k.Feeds[feed] = []revision{{At: gateway.Timestamp(w.at).Time().UTC().Format("2006-01-02T15:04:05.000Z07:00"), Value: w.value}}
		}
		out[id] = k
	}
	for _, key := range slices.Sorted(maps.Keys(counted)) {
		e := counted[key]
		id := string(e.Path.Sensor.ID)
		k := out[id]
		if k.Feeds == nil {
			k.Feeds = map[string][]revision{}
		}
		k.In, k.Out = k.In+e.In, k.Out+e.Out
		if k.In+k.Out > 0 {
			out[id] = k
		}
	}
	return out
}

// wordOf returns what an event is about, in which feed, and its value.
func wordOf(e *gateway.Event) (id, feed string, value int) {
	switch e.Type {
	case gateway.MotionStarted:
		return string(e.Path.Room.ID), "motion", 1
	case gateway.MotionEnded:
		return string(e.Path.Room.ID), "motion", 0
	}
	feed = "people"
	if e.Type == gateway.OccupancyMinute {
		feed = "people_1min"
	}
	switch e.Subject {
	case gateway.Floor:
		return string(e.Path.Floor.ID), feed, e.People
	case gateway.Zone:
		return string(e.Path.Zone.ID), feed, e.People
	}
	return string(e.Path.Room.ID), feed, e.People
}
