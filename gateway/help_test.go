package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// morning is the moment around which the tests' buildings live.
var morning = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

// at returns a moment of that day from its time, "09:00:05".
func at(clock string) gateway.Timestamp {
	t, err := time.Parse(time.TimeOnly, clock)
	if err != nil {
		panic(err)
	}
	return gateway.TimestampOf(time.Date(2026, 3, 10, t.Hour(), t.Minute(), t.Second(), 0, time.UTC))
}

// now is the same as an instant.
func now(clock string) gateway.Instant { return instant(at(clock)) }

// instant is a moment at which both clocks are right.
func instant(t gateway.Timestamp) gateway.Instant {
	return gateway.Instant{Wall: t.Time(), Mono: t.Time().Sub(morning)}
}

// eventID makes an id minted at a moment of that day, with a tail that tells it from others.
func eventID(minted gateway.Timestamp, tail int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	limbs := [5]uint32{uint32(minted/1000 - 1_400_000_000), 0, 0, 0, uint32(tail)}
	var text [27]byte
	for i := range slices.Backward(text[:]) {
		var rest uint64
		for j, limb := range limbs {
			rest = rest<<32 | uint64(limb)
			limbs[j] = uint32(rest / 62)
			rest %= 62
		}
		text[i] = digits[rest]
	}
	return "event_" + string(text[:])
}

// maasHouse is the way to the floor on which most of it happens.
func maasHouse() gateway.Path {
	return gateway.Path{
		Organisation: gateway.Place{ID: "org_1", Name: "Northwind"},
		Site:         gateway.Place{ID: "site_1", Name: "Rotterdam"},
		Building:     gateway.Place{ID: "building_1", Name: "Maas House"},
		Floor:        gateway.Place{ID: "space_3", Name: "Level 3"},
	}
}

func in(room string) gateway.Path {
	p := maasHouse()
	p.Room = gateway.Place{ID: gateway.AssetID(room), Name: "Name of " + room}
	return p
}

func people(room string, n int, sensed string) gateway.Event {
	t := at(sensed)
	return gateway.Event{ID: eventID(t, 0), Type: gateway.Occupancy, Subject: gateway.Room, At: t, Path: in(room), People: n}
}

func minute(room string, n int, sensed string) gateway.Event {
	e := people(room, n, sensed)
	e.Type = gateway.OccupancyMinute
	return e
}

func motion(room string, sensed string) gateway.Event {
	e := people(room, 0, sensed)
	e.Type = gateway.MotionStarted
	return e
}

func noMotion(room string, sensed string) gateway.Event {
	e := motion(room, sensed)
	e.Type = gateway.MotionEnded
	return e
}

// passed is a TRAFFIC event of a sensor in a room, or at the floor's entrance if room is "".
func passed(sensor, room string, in_, out int, sensed string) gateway.Event {
	p := maasHouse()
	if room != "" {
		p = in(room)
	}
	p.Sensor = gateway.Place{ID: gateway.AssetID(sensor), MAC: "00-17-" + sensor}
	t := at(sensed)
	return gateway.Event{ID: eventID(t, 0), Type: gateway.Traffic, Subject: gateway.Sensor, At: t, Path: p, In: in_, Out: out}
}

// withID gives an event another id.
func withID(e gateway.Event, id string) gateway.Event {
	e.ID = id
	return e
}

func newState(t testing.TB, rules gateway.Rules) *gateway.State {
	t.Helper()
	s, err := gateway.NewState(rules, &gateway.Saved{}, now("09:00:00"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// apply applies events as one batch that is stored.
func apply(t testing.TB, s *gateway.State, now gateway.Instant, events ...gateway.Event) *gateway.Update {
	t.Helper()
	if err := s.Apply(now, events); err != nil {
		t.Fatal(err)
	}
	s.Batch()
	return s.Settle(now)
}

// show returns the snapshot of one asset.
func show(t testing.TB, s *gateway.State, now gateway.Instant, id gateway.AssetID) *gateway.Snapshot {
	t.Helper()
	for _, snapshot := range s.All(now).Changed {
		if snapshot.Asset.ID == id {
			return &snapshot
		}
	}
	t.Fatalf("no asset %s", id)
	return nil
}

// journal is a journal in memory that can fail, and remembers as a database does.
type journal struct {
	fail    error
	torn    bool // it fails after everything is on disk
	ahead   bool // it has rows of a batch that failed
	commits int
	rows    rows
}

type rows struct {
	assets    map[gateway.Number]gateway.Asset
	histories map[string]gateway.History
	totals    map[gateway.Number]gateway.Total
	sites     map[gateway.Number]gateway.SiteLife
	overrides map[gateway.OverrideKey]gateway.Override
	audit     []gateway.OverrideChange
	counted   map[gateway.IncrementKey]gateway.Increment
	alive     gateway.Timestamp
	process   gateway.Process
	edition   gateway.Edition
}

var errDisk = errors.New("disk full")

func (j *journal) Commit(_ context.Context, b *gateway.Batch) error {
	if j.fail != nil && !j.torn {
		return j.fail
	}
	j.write(b)
	if len(b.Assets)+len(b.Histories)+len(b.Totals) > 0 {
		j.commits++ // heartbeats are not counted
	}
	j.ahead = j.fail != nil
	return j.fail
}

// lose loses everything but what is not in a whole batch.
func (j *journal) lose() {
	j.rows = rows{audit: j.rows.audit, alive: j.rows.alive, process: j.rows.process}
}

func (j *journal) write(b *gateway.Batch) {
	r := &j.rows
	if b.Whole {
		j.lose()
		r.audit = nil // all of it is in the batch, as few as there are here
	}
	if r.assets == nil {
		*r = rows{
			audit: r.audit, alive: r.alive, process: r.process,
			assets: map[gateway.Number]gateway.Asset{}, histories: map[string]gateway.History{},
			totals: map[gateway.Number]gateway.Total{}, sites: map[gateway.Number]gateway.SiteLife{},
			overrides: map[gateway.OverrideKey]gateway.Override{}, counted: map[gateway.IncrementKey]gateway.Increment{},
		}
	}
	for _, n := range b.Removed {
		delete(r.assets, n)
		delete(r.totals, n)
		delete(r.sites, n)
		maps.DeleteFunc(r.histories, func(_ string, h gateway.History) bool { return h.Asset == n })
		maps.DeleteFunc(r.overrides, func(k gateway.OverrideKey, _ gateway.Override) bool { return k.Asset == n })
	}
	for _, i := range b.Forgotten {
		delete(r.counted, i.Key)
	}
	maps.DeleteFunc(r.counted, func(_ gateway.IncrementKey, i gateway.Increment) bool { return i.At < b.Expired })
	for _, a := range b.Assets {
		if _, twice := r.assets[a.Number]; twice && slices.Contains(b.Removed, a.Number) {
			panic(fmt.Sprintf("asset %d is in one batch twice", a.Number))
		}
		r.assets[a.Number] = *a
	}
	for _, h := range b.Histories {
		h.Window = slices.Clone(h.Window)
		r.histories[fmt.Sprint(h.Asset, h.Feed)] = h
	}
	for _, t := range b.Totals {
		r.totals[t.Asset] = t
	}
	for _, l := range b.Sites {
		l.Minutes = slices.Clone(l.Minutes)
		r.sites[l.Site] = l
	}
	for _, k := range b.Released {
		delete(r.overrides, k)
	}
	for _, o := range b.Overrides {
		r.overrides[gateway.OverrideKey{Asset: o.Asset, Target: o.Target}] = o
	}
	r.audit = append(r.audit, b.Audit...)
	for _, c := range b.Counted {
		r.counted[c.Key] = c
	}
	if b.Alive != 0 {
		r.alive, r.process = b.Alive, *b.Process
	}
	if b.Edition != nil {
		r.edition = *b.Edition
	}
}

// saved returns what a restart would read.
func (j *journal) saved() *gateway.Saved {
	s := &gateway.Saved{}
	for _, a := range j.rows.assets {
		s.Assets = append(s.Assets, a)
	}
	for _, h := range j.rows.histories {
		h.Window = slices.Clone(h.Window)
		s.Histories = append(s.Histories, h)
	}
	s.Totals = slices.AppendSeq(s.Totals, maps.Values(j.rows.totals))
	s.Overrides = slices.AppendSeq(s.Overrides, maps.Values(j.rows.overrides))
	s.Counted = slices.AppendSeq(s.Counted, maps.Values(j.rows.counted))
	for _, l := range j.rows.sites {
		l.Minutes = slices.Clone(l.Minutes)
		s.Sites = append(s.Sites, l)
	}
	s.Audit, s.Alive, s.Process = slices.Clone(j.rows.audit), j.rows.alive, j.rows.process
	s.Edition = j.rows.edition
	return s
}

// store commits the batch in progress to the journal and settles it, or undoes it.
func (j *journal) store(t testing.TB, s *gateway.State, now gateway.Instant) {
	t.Helper()
	if b := s.Batch(); !b.Empty() {
		if err := j.Commit(t.Context(), b); err != nil {
			s.Undo()
			return
		}
	}
	s.Settle(now)
}

// repair stores what a failed batch left, as a hub does before the next one.
func (j *journal) repair(t testing.TB, s *gateway.State) bool {
	t.Helper()
	if b := s.Leftover(); !b.Empty() && j.Commit(t.Context(), b) != nil {
		return false
	}
	s.Repaired()
	return true
}

// belief is everything that a state shows of its assets, and when each site was heard of, without the
// order in which they got numbers.
func belief(s *gateway.State, now gateway.Instant) map[gateway.AssetID]string {
	out := make(map[gateway.AssetID]string)
	u := s.All(now)
	for _, h := range u.Heard {
		out["heard of "+s.Assets()[h.Site].ID] = h.Newest.Time().String()
	}
	for _, snapshot := range u.Changed {
		a := *snapshot.Asset
		var facts gateway.Facts
		if a.Facts != nil {
			facts = *a.Facts
		}
		a.Number, a.Told, a.Appended, a.Facts = 0, 0, false, nil
		snapshot.Asset = nil
		out[a.ID] = fmt.Sprintf("%+v %+v %+v", a, facts, snapshot)
	}
	return out
}

// readings is belief without descriptions.
func readings(s *gateway.State, now gateway.Instant) map[gateway.AssetID]string {
	out := make(map[gateway.AssetID]string)
	for _, snapshot := range s.All(now).Changed {
		id := snapshot.Asset.ID
		snapshot.Asset = nil
		out[id] = fmt.Sprintf("%+v", snapshot)
	}
	return out
}

// after moves an event some milliseconds on.
func after(milliseconds int, e gateway.Event) gateway.Event {
	e.At += gateway.Timestamp(milliseconds)
	return e
}
