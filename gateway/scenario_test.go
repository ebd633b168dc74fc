package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// timedEvent is an event, and when it arrives at the gateway.
type timedEvent struct {
	Arrival Timestamp
	Event   Event
}

// String tells an event as a line of a log would.
func (e timedEvent) String() string {
	v := &e.Event
	what := fmt.Sprint(v.Type)
	switch v.Type {
	case Occupancy, OccupancyMinute:
		what += fmt.Sprint(" ", v.People)
	case Detected:
		what += fmt.Sprint(" ", len(v.Found))
	case Traffic:
		what += fmt.Sprintf(" %d in, %d out, room %q", v.In, v.Out, v.Path.Room.ID)
	}
	return fmt.Sprintf("%s %s %s, %s late, id %s", v.At.Time().Format("02 15:04:05.000"), referenceSubject(v), what, e.Arrival.Sub(v.At), v.ID)
}

// historyOptions bound a history. The real state promises to equal the model for events that are less late
// than half an hour: it forgets what has left its windows.
type historyOptions struct {
	Steps      int           // things that happen; 0 means 25
	Longest    time.Duration // from the first thing to the last; 0 means days
	Lateness   time.Duration // how much later than it was sensed an event may arrive
	Ahead      time.Duration // how far the gateway's clock may be behind
	Shuffled   bool          // everything arrives at the end, in any order
	Duplicates bool          // some events arrive again
	Customs    []string      // what some events tell instead of the customer's own id of a room
}

// scenarioEvents bounds the events of a history, so that no feed has more than are kept of one.
const scenarioEvents = 220

// scenarioDays are when histories begin: an ordinary morning, evenings before the clocks change, and shortly
// before midnight.
var scenarioDays = []string{
	"2026-03-10T08:00:00Z", "2026-03-10T22:50:00Z", "2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z",
	"2026-03-08T03:30:00Z", "2026-04-04T12:00:00Z",
}

// scenario is a building that lives.
type scenario struct {
	*rapid.T
	historyOptions
	sources []scenarioSource
	waits   []time.Duration // after which something may change
	begin   Timestamp
	clock   Timestamp
	history []timedEvent
	used    map[string]bool // ids of TRAFFIC events by sensor
}

// scenarioSource is one thing that can be said of one place.
type scenarioSource struct {
	Type    EventType
	Subject Kind
	Path    Path
}

// drawHistory draws what happens in a building of two to four rooms, on one floor with or without a count
// of its own, with a zone in a room and one on the open floor, with sensors in a room and at the entrance.
// Events come in the order of their arrival.
func drawHistory(t *rapid.T, rules Rules, o historyOptions) []timedEvent {
	day, err := time.Parse(time.RFC3339, rapid.SampledFrom(scenarioDays).Draw(t, "day"))
	if err != nil {
		t.Fatal(err)
	}
	s := &scenario{T: t, historyOptions: o, waits: scenarioWaits(&rules), begin: TimestampOf(day), clock: TimestampOf(day), used: make(map[string]bool)}
	s.sources = drawSources(t)
	if s.Steps == 0 {
		s.Steps = 25
	}
	for range rapid.IntRange(1, s.Steps).Draw(t, "steps") {
		s.step()
	}
	s.arrive()
	return s.history
}

// drawSources draws which feeds the places of a building have.
func drawSources(t *rapid.T) (sources []scenarioSource) {
	floor := referencePath("")
	add := func(label string, types []EventType, subject Kind, path Path, least int) {
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(types), least, len(types), rapid.ID[EventType]).Draw(t, label)
		for _, kind := range chosen {
			sources = append(sources, scenarioSource{kind, subject, path})
			if kind == MotionStarted {
				sources = append(sources, scenarioSource{MotionEnded, subject, path})
			}
		}
	}
	for n := range rapid.IntRange(2, 4).Draw(t, "rooms") {
		path := referencePath(AssetID(fmt.Sprint("room_", n+1)))
		if n == 2 {
			path.Room.CustomID = "3.03"
		}
		add("room", []EventType{Occupancy, OccupancyMinute, MotionStarted}, Room, path, min(n, 1)) // the first may have none
		path.Sensor = Place{ID: AssetID(fmt.Sprint("sensor_", n+1))}
		add("sensor in a room", []EventType{Traffic}, Sensor, path, 0)
		if n == 1 {
			path.Sensor = Place{ID: "sensor_eye"}
			add("sensor that sees a room", []EventType{Detected}, Sensor, path, 0)
		}
		if n == 0 {
			path.Sensor, path.Zone = Place{}, Place{ID: "zone_inner"}
			add("zone in a room", []EventType{Occupancy, OccupancyMinute}, Zone, path, 0)
		}
	}
	add("floor", []EventType{Occupancy, OccupancyMinute}, Floor, floor, 0)
	door := floor
	door.Sensor = Place{ID: "sensor_door"}
	add("sensor at the door", []EventType{Traffic}, Sensor, door, 0)
	floor.Zone = Place{ID: "zone_open"}
	add("zone on the floor", []EventType{Occupancy, OccupancyMinute}, Zone, floor, 0)
	return sources
}

// step lets one thing happen.
func (s *scenario) step() {
	if len(s.history) > scenarioEvents || s.Longest > 0 && s.clock.Sub(s.begin) > s.Longest {
		return
	}
	switch rapid.IntRange(0, 9).Draw(s.T, "what") {
	case 0, 1, 2:
		s.minutes()
	case 3, 4:
		s.event(s.source(), s.clock)
	case 5:
		at := s.clock
		for range rapid.IntRange(2, 4).Draw(s.T, "burst") { // of one moment
			s.event(s.source(), at)
		}
	case 6:
		s.correct()
	case 7:
		s.event(s.source(), s.clock.Add(-s.lateness()))
	default:
		s.rest()
	}
}

// rest lets time pass: so that delays end, feeds die, windows are left, days end.
func (s *scenario) rest() {
	pause := drawDuration(s.T, "pause", append(s.waits, 0, time.Minute, 4*time.Minute, 16*time.Minute, 40*time.Minute, 5*time.Hour)...)
	if s.Longest > 0 {
		pause = min(pause, s.Longest/4)
	}
	s.clock = s.clock.Add(pause)
}

// minutes lets some feeds speak every minute, as Butlr does.
func (s *scenario) minutes() {
	var speaking []scenarioSource
	for _, source := range s.sources {
		if (source.Type == Occupancy || source.Type == OccupancyMinute) && rapid.IntRange(0, 3).Draw(s.T, "speaks") > 0 {
			speaking = append(speaking, source)
		}
	}
	people := rapid.IntRange(0, 5).Draw(s.T, "people")
	for range rapid.IntRange(1, 12).Draw(s.T, "minutes") {
		if rapid.IntRange(0, 5).Draw(s.T, "changes") == 0 {
			people = rapid.IntRange(0, 5).Draw(s.T, "people")
		}
		for _, source := range speaking {
			if len(s.history) < scenarioEvents {
				s.say(source, s.clock, people, 0, drawTail(s.T))
			}
		}
		s.clock = s.clock.Add(time.Minute)
	}
}

// source draws who speaks: as often one that speaks on change as one that counts people.
func (s *scenario) source() scenarioSource {
	onChange := rapid.Bool().Draw(s.T, "on change")
	some := slices.DeleteFunc(slices.Clone(s.sources), func(source scenarioSource) bool {
		return onChange != (source.Type != Occupancy && source.Type != OccupancyMinute)
	})
	if len(some) == 0 {
		some = s.sources
	}
	return rapid.SampledFrom(some).Draw(s.T, "source")
}

// lateness draws how late something arrives: by far most come at once.
func (s *scenario) lateness() time.Duration {
	if s.Lateness == 0 || rapid.IntRange(0, 2).Draw(s.T, "late") > 0 {
		return 0
	}
	return time.Duration(rapid.Int64Range(0, int64(s.Lateness/time.Second)).Draw(s.T, "lateness")) * time.Second
}

// drawLateness draws how late events may be: within every window, or of any age.
func drawLateness(t *rapid.T) time.Duration {
	return drawDuration(t, "lateness bound", within, ofAnyAge)
}

func drawTail(t *rapid.T) int { return rapid.IntRange(0, 2).Draw(t, "tail") }

// event lets a source say anything, about a moment.
func (s *scenario) event(source scenarioSource, at Timestamp) {
	at += Timestamp(rapid.SampledFrom([]int{0, 0, 0, 1, 999, 1000, 20_000}).Draw(s.T, "a little later"))
	minted := time.Duration(rapid.SampledFrom([]int{0, 0, 1, 180}).Draw(s.T, "minted later")) * time.Second
	s.say(source, at, rapid.IntRange(0, 5).Draw(s.T, "people"), minted, drawTail(s.T))
	s.clock = max(s.clock, at)
}

// correct lets the source of an earlier event say something else of the same moment.
func (s *scenario) correct() {
	if len(s.history) == 0 {
		return
	}
	old := rapid.SampledFrom(s.history).Draw(s.T, "corrected").Event
	if old.Type == Traffic || s.clock.Sub(old.At) > s.Lateness {
		return
	}
	source := scenarioSource{old.Type, old.Subject, old.Path}
	if old.Type == MotionStarted && rapid.Bool().Draw(s.T, "ended after all") {
		source.Type = MotionEnded
	}
	minted := time.Duration(rapid.SampledFrom([]int{0, 1, 180}).Draw(s.T, "minted later")) * time.Second
	s.say(source, old.At, rapid.IntRange(0, 5).Draw(s.T, "people"), minted, drawTail(s.T))
}

// say lets a source say something. It arrives now, or later, but no later than it may.
func (s *scenario) say(source scenarioSource, at Timestamp, people int, minted time.Duration, tail int) {
	e := Event{Type: source.Type, Subject: source.Subject, At: at, Path: source.Path, ID: referenceID(at.Add(minted), tail)}
	switch source.Type {
	case Occupancy, OccupancyMinute:
		e.People = people
		switch rapid.IntRange(0, 19).Draw(s.T, "id") {
		case 0:
			e.ID = fmt.Sprint("poll:", tail)
		case 1:
			e.ID = strings.TrimPrefix(e.ID, "event_")
		}
	case Detected:
		e.Found = make([]Position, people)
	case Traffic:
		e.In, e.Out = people%4, people/2
		for s.used[string(e.Path.Sensor.ID)+e.ID] { // one id of one sensor is one event
			tail++
			e.ID = referenceID(at.Add(minted), tail)
		}
		s.used[string(e.Path.Sensor.ID)+e.ID] = true
	}
	if rapid.IntRange(0, 9).Draw(s.T, "names every place") == 0 {
		s.leaveOut(&e)
	}
	if s.Customs != nil && e.Path.Room.ID != "" {
		e.Path.Room.CustomID = rapid.SampledFrom(append(s.Customs, e.Path.Room.CustomID)).Draw(s.T, "custom id")
	}
	late := min(max(0, s.clock.Sub(at)), s.Lateness)
	arrival := at.Add(min(late+s.lateness(), s.Lateness))
	if s.Ahead > 0 {
		behind := rapid.Int64Range(0, int64(s.Ahead/time.Second)).Draw(s.T, "ahead")
		arrival = arrival.Add(-time.Duration(behind) * time.Second)
	}
	s.history = append(s.history, timedEvent{arrival, e})
}

// leaveOut has an event not name one of the places around its subject. The site it always names, and TRAFFIC its
// floor.
func (s *scenario) leaveOut(e *Event) {
	places := []*Place{&e.Path.Building, &e.Path.Floor, &e.Path.Room}
	switch {
	case e.Type == Traffic:
		places = []*Place{&e.Path.Building, &e.Path.Room}
	case e.Subject <= Room:
		places = places[:max(0, int(e.Subject-Building))]
	}
	if len(places) > 0 {
		*rapid.SampledFrom(places).Draw(s.T, "left out") = Place{}
	}
}

// arrive brings the events into the order in which they arrive.
func (s *scenario) arrive() {
	if s.Duplicates && len(s.history) > 0 {
		for _, e := range rapid.SliceOfN(rapid.SampledFrom(s.history), 0, 8).Draw(s.T, "again") {
			again := time.Duration(rapid.IntRange(0, 20).Draw(s.T, "seconds later")) * time.Second
			s.history = append(s.history, timedEvent{e.Arrival.Add(again), e.Event})
		}
	}
	if !s.Shuffled {
		slices.SortStableFunc(s.history, func(a, b timedEvent) int { return cmp.Compare(a.Arrival, b.Arrival) })
		return
	}
	var end Timestamp
	for _, e := range s.history {
		end = max(end, e.Arrival)
	}
	for i := range s.history {
		s.history[i].Arrival = end
	}
	s.history = rapid.Permutation(s.history).Draw(s.T, "order")
}
