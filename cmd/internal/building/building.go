// Package building simulates buildings whose sensors report as Butlr's do.
//
//	people, by the rhythm of the day ──► rooms, zones, floors ──► Advance: what Butlr would send
//	                                 └─► doors                └─► People, Passed: what is true
//
// People arrive in the morning, work, meet, have lunch, go home; a cleaner comes in the evening. Every
// minute each place is counted, sometimes wrongly, which is corrected a minute later; counts of the
// minutes before are sent again. Doors count who passes, motion sensors tell when motion begins and
// ends. The same options and the same calls give the same events.
package building

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// Options is what a building is made from.
type Options struct {
	Seed  uint64
	Sites int            // 1 if 0
	Rooms int            // of all sites together; 40 if 0
	Start time.Time      // from when on it reports; must be set
	Place *time.Location // whose clock the people live by; UTC if nil
}

// Building is a simulated estate. It is for one goroutine.
type Building struct {
	place   *time.Location
	random  *rand.Rand // the people's and the sensors' luck
	mint    *mint
	floors  []*floor
	counted []*counted // every floor, room and zone
	byID    map[gateway.AssetID]*counted
	doors   map[gateway.AssetID]*door

	minute  time.Time // the next minute to live through
	pending []message // to be sent, by time
	silent  bool      // nothing is sent: it is living up to its start
	turn    int       // of counted: whose turn it is in Load
}

// message is an event on its way.
type message struct {
	sent  time.Time
	event gateway.Event
}

// Limits of what New makes.
const (
	maxRooms = 100_000
	maxSites = 100
)

// New builds a building and lets its people live from the midnight before the start, in silence.
func New(o Options) (*Building, error) {
	if o.Sites == 0 {
		o.Sites = 1
	}
	if o.Rooms == 0 {
		o.Rooms = 40
	}
	if o.Place == nil {
		o.Place = time.UTC
	}
	if o.Start.IsZero() {
		return nil, errors.New("simulating a building: a start must be given")
	}
	if o.Sites < 0 || o.Sites > maxSites || o.Rooms < o.Sites || o.Rooms > maxRooms {
		return nil, fmt.Errorf("simulating %d rooms in %d sites: at most %d rooms and %d sites, with a room in each", o.Rooms, o.Sites, maxRooms, maxSites)
	}
	b := &Building{
		place: o.Place, random: rand.New(rand.NewPCG(o.Seed, 1)), mint: newMint(o.Seed),
		byID: make(map[gateway.AssetID]*counted), doors: make(map[gateway.AssetID]*door),
	}
	b.furnish(o.Sites, o.Rooms)
	year, month, day := o.Start.In(o.Place).Date()
	start := o.Start.Truncate(time.Minute)
	b.silent = true
	for b.minute = time.Date(year, month, day, 0, 0, 0, 0, o.Place); b.minute.Before(start); {
		b.live()
	}
	b.silent = false
	return b, nil
}

// Advance lives on to the moment given and returns what was sent meanwhile, in the order of sending.
func (b *Building) Advance(to time.Time) []gateway.Event {
	var out []gateway.Event
	for !b.minute.After(to) {
		b.live()
		out = b.deliver(out, earlier(to, b.minute))
	}
	return b.deliver(out, to)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// deliver appends what is sent by then.
func (b *Building) deliver(out []gateway.Event, then time.Time) []gateway.Event {
	n := 0
	for n < len(b.pending) && !b.pending[n].sent.After(then) {
		out = append(out, b.pending[n].event)
		b.remember(&b.pending[n].event)
		n++
	}
	b.pending = slices.Delete(b.pending, 0, n)
	return out
}

// send puts an event on its way.
func (b *Building) send(at time.Time, e gateway.Event) {
	if !b.silent {
		b.pending = append(b.pending, message{at, e})
	}
}

// live lives through one minute: people move, then every place is counted.
func (b *Building) live() {
	if local := b.minute.In(b.place); local.Hour() == 0 && local.Minute() == 0 {
		b.plan(local.Weekday())
	}
	for _, f := range b.floors {
		for i := range f.people {
			b.stir(f, &f.people[i])
		}
		for _, r := range f.rooms {
			b.watch(r)
		}
	}
	for _, c := range b.counted {
		b.count(c)
	}
	b.minute = b.minute.Add(time.Minute)
	slices.SortStableFunc(b.pending, func(x, y message) int { return x.sent.Compare(y.sent) })
}

// Each calls yield with every place that is counted.
func (b *Building) Each(yield func(gateway.AssetID) bool) {
	for _, c := range b.counted {
		if !yield(c.id()) {
			return
		}
	}
}

// People returns how many people really are in a floor, room or zone.
func (b *Building) People(id gateway.AssetID) int {
	if c := b.byID[id]; c != nil {
		return c.people
	}
	return 0
}

// Reported is what a place was last said to be: what whoever got every event must believe.
type Reported struct {
	People   int
	At       gateway.Timestamp // 0: nothing was said
	Motion   bool
	MotionAt gateway.Timestamp // 0: nothing was said
}

// Reported returns what Advance has said of a floor, room or zone so far.
func (b *Building) Reported(id gateway.AssetID) Reported {
	if c := b.byID[id]; c != nil {
		return c.reported
	}
	return Reported{}
}

// Passed is who passed a traffic sensor, as far as Advance has said so.
type Passed struct {
	Sensor  gateway.AssetID
	In, Out int
}

// Doors returns what every traffic sensor has counted.
func (b *Building) Doors() []Passed {
	var all []Passed
	for _, f := range b.floors {
		for _, d := range f.doors {
			all = append(all, Passed{d.path.Sensor.ID, d.in, d.out})
		}
	}
	return all
}

// remember notes what an event said.
func (b *Building) remember(e *gateway.Event) {
	switch e.Type {
	case gateway.Traffic:
		d := b.doors[e.Path.Sensor.ID]
		d.in += e.In
		d.out += e.Out
	case gateway.Occupancy:
		if r := &b.byID[subject(e)].reported; e.At >= r.At {
			r.People, r.At = e.People, e.At
		}
	case gateway.MotionStarted, gateway.MotionEnded:
		if r := &b.byID[subject(e)].reported; e.At >= r.MotionAt {
			r.Motion, r.MotionAt = e.Type == gateway.MotionStarted, e.At
		}
	}
}

func subject(e *gateway.Event) gateway.AssetID {
	switch e.Subject {
	case gateway.Floor:
		return e.Path.Floor.ID
	case gateway.Zone:
		return e.Path.Zone.ID
	}
	return e.Path.Room.ID
}
