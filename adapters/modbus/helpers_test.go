package modbus

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"butlr-gateway/gateway"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// tool skips the test where a program is missing, and fails it where it may not be.
func tool(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: %v", name, err)
	}
	t.Skipf("%s is not installed: %v", name, err)
}

// noon is the time of every test's first moment.
var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// at returns the event time of a time of that day.
func at(clock string) gateway.Timestamp {
	t, err := time.Parse(time.DateTime, "2026-11-23 "+clock)
	if err != nil {
		panic(err)
	}
	return gateway.TimestampOf(t)
}

// clock is set by hand; it starts at noon, one hour after the program did.
type clock struct {
	past atomic.Int64
	wall atomic.Int64 // how far the clock on the wall is wrong
	gone atomic.Bool  // asking it is a panic
}

func (c *clock) now() gateway.Instant {
	if c.gone.Load() {
		panic("no time")
	}
	past := time.Duration(c.past.Load())
	return gateway.Instant{Wall: noon.Add(past + time.Duration(c.wall.Load())), Mono: time.Hour + past}
}

// building is an image with what it takes to read it.
type building struct {
	*Image
	clock  *clock
	alarms *gateway.Alarms
}

func newBuilding(t testing.TB, edit ...func(*ImageOptions)) building {
	t.Helper()
	b := building{clock: new(clock), alarms: gateway.NewAlarms(nil)}
	o := ImageOptions{
		Clock: b.clock.now, Alarms: b.alarms, Start: gateway.Instant{Wall: noon.Add(-time.Hour)}, Boot: 7,
	}
	for _, e := range edit {
		e(&o)
	}
	image, err := NewImage(o)
	if err != nil {
		t.Fatal(err)
	}
	b.Image = image
	return b
}

// epoch is the time at which the program started, if its clock can be believed.
var epoch = gateway.TimestampOf(noon.Add(-time.Hour))

// Publish publishes an update of a state that believes the clock, unless the update says otherwise.
func (b building) Publish(u *gateway.Update) {
	if u.Epoch == 0 {
		u.Epoch = epoch
	}
	b.Image.Publish(u)
}

// show publishes snapshots, with a summary that counts them.
func (b building) show(snapshots ...gateway.Snapshot) {
	u := gateway.Update{At: b.clock.now(), Changed: snapshots}
	u.Summary.Assets = len(snapshots)
	for _, s := range snapshots {
		u.Summary.Qualities[s.Quality]++
	}
	b.Publish(&u)
}

// room is an asset that nobody has said anything about.
func room(n gateway.Number) gateway.Snapshot {
	return gateway.Snapshot{
		Asset: &gateway.Asset{
			ID: gateway.AssetID(fmt.Sprintf("room_%d", n)), Kind: gateway.Room, Number: n,
			Name: fmt.Sprintf("Room %d", n), Site: "site_A", Path: []string{"Rotterdam Campus", "Maas House", "Level 3"},
		},
		Coverage: -1,
	}
}

// campus is the site that every room lies in.
func campus(n gateway.Number) gateway.Snapshot {
	return gateway.Snapshot{Asset: &gateway.Asset{ID: "site_A", Kind: gateway.Site, Number: n, Site: "site_A"}, Coverage: -1}
}

// with returns the snapshot with a measure's reading, of the quality of the asset.
func with(s gateway.Snapshot, values map[gateway.Measure]int64) gateway.Snapshot {
	for m, v := range values {
		s.Has |= gateway.MeasuresOf(m)
		s.Readings[m] = gateway.Reading{Value: v, At: s.At, Known: true, Quality: s.Quality}
	}
	return s
}

// occupied returns the four answers, all the same.
func occupied(v int64) map[gateway.Measure]int64 {
	return map[gateway.Measure]int64{gateway.Occupied: v, gateway.Lighting: v, gateway.HVAC: v, gateway.Ventilation: v}
}

// butlr is what servers say of themselves in tests.
var butlr = Identity{
	Vendor: "Butlr", ProductCode: "butlr-gateway", Revision: "1.2.3",
	Product: "Butlr gateway", Model: "linux/amd64", Name: "maas-house",
}

// newCore returns what every transport shares, with unit 1 as the base unit unless edited.
func newCore(t testing.TB, image *Image, edit ...func(*MapOptions)) *core {
	t.Helper()
	m, err := newMetrics(nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	o := MapOptions{UnitID: 1}
	for _, e := range edit {
		e(&o)
	}
	i := newIdentity(butlr)
	c := &core{image: image, options: o, metrics: m, bus: &bus{requests: m.requests}, identity: &i, peer: new(peer), writes: new(atomic.Pointer[writes])}
	m.requests.join(&c.peer.tally)
	return c
}

// request returns the PDU of a read.
func request(function byte, address, count int) []byte {
	return []byte{function, byte(address >> 8), byte(address), byte(count >> 8), byte(count)}
}

// registers reads input registers of a unit, which must work.
func (c *core) registers(t testing.TB, unit byte, address, count int) []uint16 {
	t.Helper()
	answer := c.handlePDU(unit, "", request(readInputRegisters, address, count), nil)
	if len(answer) != 2+2*count {
		t.Fatalf("reading %d registers from %d of unit %d: got % x", count, address, unit, answer)
	}
	words := make([]uint16, count)
	for i := range words {
		words[i] = binary.BigEndian.Uint16(answer[2+2*i:])
	}
	return words
}

// dump returns registers as a table of addresses, raw words, names and values.
func (c *core) dump(t testing.TB, unit byte, address, count int) string {
	t.Helper()
	var b strings.Builder
	for v := range Decode(c.options, unit, uint16(address), c.registers(t, unit, address, count)) {
		if v.Name == "" && v.Words[0] == 0 {
			continue
		}
		raw := fmt.Sprintf("%04x", v.Words)
		fmt.Fprintf(&b, "%5d  %s  %-11s  %-24s %s\n", v.Address, Input.Reference(v.Address), raw, v.Name, v.Text)
	}
	return b.String()
}
