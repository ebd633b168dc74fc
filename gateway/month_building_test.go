package gateway

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// monthBuildings are two sites that live: twelve rooms, an open zone, entrances, and floors that count. They
// say what Butlr would say, with its delays, repetitions and corrections. The same seed is the same month.
type monthBuildings struct {
	*rand.Rand
	rooms   []*monthRoom
	losses  []monthLoss
	pending []timedEvent // said, but not arrived
	serial  int
}

// monthRoom is a place with its own people, and with feeds about them.
type monthRoom struct {
	name     string
	path     Path
	subject  Kind
	location *time.Location
	kind     monthKind
	size     int // people; 0 for a floor, which counts those of its rooms
	of       []*monthRoom
	feeds    monthFeeds

	quiet, busy time.Duration // how often it repeats itself while nobody is there, and while somebody is

	visits []monthVisit // of the day
	people int          // now
	said   [2]monthSaid // by raw and by minutes
	moving bool         // as the PIR said last
}

// monthKind is how people use a place.
type monthKind uint8

const (
	meetingRoom monthKind = iota
	openSpace
	entrance
)

// monthFeeds are the event types of a place.
type monthFeeds uint8

const (
	rawFeed monthFeeds = 1 << iota
	minuteFeed
	pirFeed
	doorFeed
	onChange // raw is sent only when it changes
)

// monthVisit is some people in a room.
type monthVisit struct {
	from, to Timestamp
	people   int
}

// monthSaid is what a feed said last.
type monthSaid struct {
	people int
	at     Timestamp
}

// monthLoss is a time in which some events get nowhere.
type monthLoss struct {
	of       func(*Event) bool
	from, to Timestamp
	again    bool // they come when it ends; else never
}

func newMonthBuildings(seed uint64) *monthBuildings {
	b := &monthBuildings{Rand: rand.New(rand.NewPCG(seed, 30))}
	b.addAmsterdam()
	b.addNewYork()
	return b
}

func (b *monthBuildings) addAmsterdam() {
	place := monthZone("Europe/Amsterdam")
	path := func(floor AssetID) Path {
		return Path{Organisation: Place{ID: "org_1"}, Site: Place{ID: "site_ams"}, Building: Place{ID: "building_ams"}, Floor: Place{ID: floor}}
	}
	ground := []*monthRoom{
		b.room("room_01", path("space_a0"), place, meetingRoom, 8, rawFeed|minuteFeed),
		b.room("room_02", path("space_a0"), place, meetingRoom, 6, rawFeed|minuteFeed|pirFeed),
		b.room("room_03", path("space_a0"), place, meetingRoom, 10, minuteFeed),
		b.room("room_04", path("space_a0"), place, meetingRoom, 4, minuteFeed|pirFeed),
		b.room("room_05", path("space_a0"), place, meetingRoom, 3, pirFeed),
		b.room("room_06", path("space_a0"), place, meetingRoom, 2, pirFeed),
		b.room("zone_open", path("space_a0"), place, openSpace, 9, minuteFeed),
	}
	first := []*monthRoom{
		b.room("room_07", path("space_a1"), place, meetingRoom, 5, doorFeed),
		b.room("room_08", path("space_a1"), place, meetingRoom, 4, rawFeed|onChange),
		b.room("room_09", path("space_a1"), place, meetingRoom, 6, doorFeed|pirFeed),
	}
	b.floor("space_a0", path("space_a0"), place, rawFeed, ground)
	b.floor("space_a1", path("space_a1"), place, minuteFeed, first)
	b.room("sensor_door_a", path("space_a0"), place, entrance, 20, doorFeed)
}

func (b *monthBuildings) addNewYork() {
	place := monthZone("America/New_York")
	path := func(floor AssetID) Path {
		return Path{Organisation: Place{ID: "org_1"}, Site: Place{ID: "site_nyc"}, Building: Place{ID: "building_nyc"}, Floor: Place{ID: floor}}
	}
	b.room("room_10", path("space_n1"), place, meetingRoom, 8, rawFeed|minuteFeed)
	b.room("room_11", path("space_n1"), place, openSpace, 7, minuteFeed|pirFeed)
	b.room("room_12", path("space_n1"), place, meetingRoom, 3, pirFeed)
	b.room("sensor_door_n", path("space_n1"), place, entrance, 20, doorFeed)
	b.floor("space_n2", path("space_n2"), place, rawFeed, nil).size = 12 // no rooms: it counts itself
	for _, r := range b.rooms {
		r.quiet, r.busy = 10*time.Minute, 5*time.Minute
		if r.path.Site.ID == "site_nyc" {
			r.quiet, r.busy = 4*time.Minute, 3*time.Minute
		}
	}
}

func monthZone(name string) *time.Location {
	place, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return place
}

// room adds a room, a zone or, of kind entrance, a sensor.
func (b *monthBuildings) room(id AssetID, path Path, place *time.Location, kind monthKind, size int, feeds monthFeeds) *monthRoom {
	r := &monthRoom{name: string(id), path: path, subject: id.Kind(), location: place, kind: kind, size: size, feeds: feeds}
	switch r.subject {
	case Room:
		r.path.Room = Place{ID: id}
	case Zone:
		r.path.Zone = Place{ID: id}
	}
	b.rooms = append(b.rooms, r)
	return r
}

func (b *monthBuildings) floor(id AssetID, path Path, place *time.Location, feeds monthFeeds, of []*monthRoom) *monthRoom {
	r := &monthRoom{name: string(id), path: path, subject: Floor, location: place, kind: openSpace, of: of, feeds: feeds}
	b.rooms = append(b.rooms, r)
	return r
}

// minute lets everybody live for a minute, and say what there is to say.
func (b *monthBuildings) minute(at Timestamp) {
	for _, r := range b.rooms {
		local := at.Time().In(r.location)
		if local.Hour() == 4 && local.Minute() == 0 {
			b.plan(r, local)
		}
		before := r.people
		r.people = b.present(r, at)
		b.count(r, at)
		if r.feeds&pirFeed != 0 {
			b.move(r, at)
		}
		if r.feeds&doorFeed != 0 {
			b.pass(r, at, r.people-before)
		}
	}
}

// plan lays down who visits a room between four in the morning and the next.
func (b *monthBuildings) plan(r *monthRoom, day time.Time) {
	r.visits = r.visits[:0]
	visit := func(hour float64, length time.Duration, people int) {
		from := TimestampOf(time.Date(day.Year(), day.Month(), day.Day(), 0, int(hour*60), 0, 0, r.location))
		r.visits = append(r.visits, monthVisit{from, from.Add(length), people})
	}
	if r.size == 0 {
		return
	}
	weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
	switch {
	case weekend && b.IntN(6) > 0:
	case weekend:
		visit(10+6*b.Float64(), b.minutes(15, 90), 1)
	case r.kind == meetingRoom:
		for range 1 + b.IntN(4) {
			visit(8.5+9*b.Float64(), b.minutes(15, 110), 1+b.IntN(r.size))
		}
		if b.IntN(2) == 0 {
			visit(21, b.minutes(3, 9), 1) // cleaners
		}
	default: // people come, go to lunch, and leave one after the other
		for range r.size {
			came := 7.8 + 1.8*b.Float64()
			visit(came, time.Duration((12.1+b.Float64()/2-came)*float64(time.Hour)), 1)
			visit(12.9+b.Float64()/3, b.minutes(150, 320), 1)
		}
	}
}

func (b *monthBuildings) minutes(least, most int) time.Duration {
	return time.Duration(least+b.IntN(most-least)) * time.Minute
}

// present returns how many people a room has, as far as sensors see it.
func (b *monthBuildings) present(r *monthRoom, at Timestamp) (people int) {
	for _, room := range r.of {
		people += room.people
	}
	for _, v := range r.visits {
		if v.from <= at && at < v.to {
			people += v.people
		}
	}
	switch {
	case r.size == 0, r.kind == entrance:
	case people > 1 && b.IntN(40) == 0:
		people--
	case people > 0 && b.IntN(60) == 0:
		people = 0 // overlooked for a minute
	case people == 0 && b.IntN(900) == 0:
		people = 1 // somebody looks in
	}
	return people
}

// count lets a room's feeds of people speak: when the count changes, else so often that they are not stale.
// Quiet ones are thinned out: what they say again adds nothing but work.
func (b *monthBuildings) count(r *monthRoom, at Timestamp) {
	for i, feed := range []monthFeeds{rawFeed, minuteFeed} {
		if r.feeds&feed == 0 {
			continue
		}
		said := &r.said[i]
		every := r.quiet
		if r.people > 0 {
			every = r.busy
		}
		if r.people == said.people && said.at != 0 && (at.Sub(said.at) < every || r.feeds&onChange != 0) {
			continue
		}
		*said = monthSaid{r.people, at}
		e := Event{Type: OccupancyMinute, Subject: r.subject, At: at, Path: r.path, People: r.people}
		arrives := at.Add(3 * time.Second)
		if feed == rawFeed {
			e.Type, e.At, arrives = Occupancy, at.Add(17*time.Second+time.Duration(b.IntN(1500))*time.Millisecond), at.Add(20*time.Second)
		}
		b.say(e, arrives)
	}
}

// move lets a room's PIR speak. It loses people who sit still, and now and then it forgets to.
func (b *monthBuildings) move(r *monthRoom, at Timestamp) {
	moving := r.people > 0 && (r.moving && b.IntN(25) > 0 || !r.moving && b.IntN(6) == 0)
	if moving == r.moving {
		return
	}
	r.moving = moving
	if !moving && b.IntN(60) == 0 {
		return
	}
	e := Event{Type: MotionEnded, Subject: Room, At: at.Add(time.Duration(b.IntN(55_000)) * time.Millisecond), Path: r.path}
	if moving {
		e.Type = MotionStarted
	}
	b.say(e, e.At.Add(2*time.Second))
}

// pass lets the sensor at a room's door, or at an entrance, count who passes: not all of them.
func (b *monthBuildings) pass(r *monthRoom, at Timestamp, more int) {
	e := Event{Type: Traffic, Subject: Sensor, Path: r.path, In: max(0, more), Out: max(0, -more)}
	if more == 0 || b.IntN(20) == 0 {
		return
	}
	e.Path.Sensor = Place{ID: AssetID("sensor_" + r.name)}
	if r.subject == Sensor {
		e.Path.Sensor.ID = AssetID(r.name)
	}
	e.At = at.Add(time.Duration(b.IntN(50_000)) * time.Millisecond)
	b.say(e, e.At.Add(2*time.Second))
}

// say sends an event on its way. Some come late, some twice, some are corrected: all within 25 minutes.
func (b *monthBuildings) say(e Event, arrives Timestamp) {
	b.serial++
	e.ID = referenceID(e.At, b.serial)
	straight := arrives
	if b.IntN(80) == 0 {
		arrives = arrives.Add(b.minutes(1, 24))
	}
	b.send(e, arrives)
	if b.IntN(60) == 0 {
		b.send(e, straight.Add(b.minutes(0, 24)))
	}
	if b.IntN(60) == 0 && (e.Type == Occupancy || e.Type == OccupancyMinute) {
		b.serial++
		e.ID = referenceID(e.At.Add(time.Duration(b.IntN(180))*time.Second), b.serial)
		e.People = max(0, e.People-1+b.IntN(4))
		b.send(e, straight.Add(b.minutes(1, 20)))
	}
}

// send lets an event arrive at a moment, unless it gets lost.
func (b *monthBuildings) send(e Event, arrives Timestamp) {
	for _, l := range b.losses {
		if !l.of(&e) || arrives < l.from || arrives >= l.to {
			continue
		}
		if !l.again {
			return
		}
		arrives = l.to
	}
	b.pending = append(b.pending, timedEvent{arrives, e})
}

// arriving returns what arrives until just before a moment, in the order of arrival. What waited for the same
// moment comes in the order in which it was sensed.
func (b *monthBuildings) arriving(until Timestamp) []timedEvent {
	slices.SortStableFunc(b.pending, func(x, y timedEvent) int {
		return cmp.Or(cmp.Compare(x.Arrival, y.Arrival), cmp.Compare(x.Event.At, y.Event.At))
	})
	n, _ := slices.BinarySearchFunc(b.pending, until, func(e timedEvent, t Timestamp) int { return cmp.Compare(e.Arrival, t) })
	arriving := slices.Clone(b.pending[:n])
	b.pending = slices.Delete(b.pending, 0, n)
	return arriving
}
