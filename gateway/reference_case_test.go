package gateway

import (
	"cmp"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

// referenceCase is a few events about a building, and what the model says of one asset at some times of
// the day. Hours beyond 24 are of the next day.
type referenceCase struct {
	name     string
	settings func(*Settings)
	rules    func(*Rules)
	started  string    // when; long before everything if it is ""
	alive    string    // when the process before was last alive
	hours    [2]string // when the building is in use; "" has none
	forced   []Override
	events   []Event
	asset    AssetID           // room_a if it is ""
	then     map[string]string // by the time of day
}

// check compares the model with a case, in the words of tell.
func (c *referenceCase) check(t *testing.T, tell func(refSnapshot) string) {
	t.Helper()
	rules := DefaultRules()
	if c.settings != nil {
		c.settings(&rules.State)
	}
	if c.rules != nil {
		c.rules(&rules)
	}
	for clock, want := range c.then {
		if got := tell(c.model(rules, referenceClock(clock)).show(referenceClock(clock), c.about())); got != want {
			t.Errorf("at %s:\n got %s\nwant %s", clock, got, want)
		}
	}
}

func (c *referenceCase) about() AssetID { return cmp.Or(c.asset, "room_a") }

// model returns the model with what was sensed until now.
func (c *referenceCase) model(rules Rules, now Timestamp) *reference {
	start, alive := referenceClock("-24:00:00"), Timestamp(0)
	if c.started != "" {
		start, alive = referenceClock(c.started), referenceClock(c.alive)
	}
	r := newReference(rules, start, alive)
	if c.hours[0] != "" {
		r.inUse = func(_ AssetID, at Timestamp) (bool, bool) {
			of := func(t Timestamp) Timestamp { return (t - referenceClock("00:00:00")) % (24 * 3_600_000) }
			return of(referenceClock(c.hours[0])) <= of(at) && of(at) < of(referenceClock(c.hours[1])), true
		}
	}
	for _, o := range c.forced {
		r.force(c.about(), o)
	}
	for _, e := range c.events {
		if e.At <= now {
			r.apply(e.At, e)
		}
	}
	return r
}

func checkReference(t *testing.T, tell func(refSnapshot) string, cases []referenceCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.check(t, tell) })
	}
}

// referenceClock returns a moment of the tests' day from "09:00:05" or "09:00:05.250".
func referenceClock(clock string) Timestamp {
	day := TimestampOf(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC))
	sign := Timestamp(1)
	if rest, before := strings.CutPrefix(clock, "-"); before {
		clock, sign = rest, -1
	}
	var hours, minutes int
	var seconds float64
	if _, err := fmt.Sscanf(clock, "%d:%d:%f", &hours, &minutes, &seconds); err != nil {
		panic(fmt.Sprintf("reading the time %q: %v", clock, err))
	}
	return day + sign*Timestamp((hours*60+minutes)*60_000+int(seconds*1000+0.5))
}

// referenceID makes the id of an event made at a moment, with a tail that tells it from others.
func referenceID(minted Timestamp, tail int) string {
	number := big.NewInt(int64(minted)/1000 - 1_400_000_000)
	number.Lsh(number, 128).Add(number, big.NewInt(int64(tail)))
	var text [27]byte
	for i := len(text) - 1; i >= 0; i-- {
		digit := new(big.Int)
		number.DivMod(number, big.NewInt(62), digit)
		text[i] = referenceDigits[digit.Int64()]
	}
	return "event_" + string(text[:])
}

// referencePath is the way to the floor on which most of it happens, or to a room of it.
func referencePath(room AssetID) Path {
	return Path{
		Organisation: Place{ID: "org_1"}, Site: Place{ID: "site_1"}, Building: Place{ID: "building_1"},
		Floor: Place{ID: "space_1"}, Room: Place{ID: room},
	}
}

func refPeople(room AssetID, people int, sensed string) Event {
	at := referenceClock(sensed)
	return Event{ID: referenceID(at, 0), Type: Occupancy, Subject: Room, At: at, Path: referencePath(room), People: people}
}

func refMinute(room AssetID, people int, sensed string) Event {
	e := refPeople(room, people, sensed)
	e.Type = OccupancyMinute
	return e
}

func refMotion(room AssetID, sensed string) Event {
	e := refPeople(room, 0, sensed)
	e.Type = MotionStarted
	return e
}

func refNoMotion(room AssetID, sensed string) Event {
	e := refPeople(room, 0, sensed)
	e.Type = MotionEnded
	return e
}

// refZone is a count of a zone, in a room or, if that is "", on the open floor.
func refZone(zone, room AssetID, people int, sensed string) Event {
	e := refPeople(room, people, sensed)
	e.Subject, e.Path.Zone = Zone, Place{ID: zone}
	return e
}

func refFloor(people int, sensed string) Event {
	e := refPeople("", people, sensed)
	e.Subject = Floor
	return e
}

// refPassed is a TRAFFIC event of a sensor in a room or, if that is "", at an entrance of the floor.
func refPassed(sensor, room AssetID, in, out int, sensed string) Event {
	e := refPeople(room, 0, sensed)
	e.Type, e.Subject, e.Path.Sensor, e.In, e.Out = Traffic, Sensor, Place{ID: sensor}, in, out
	return e
}

// refMinted gives an event the id of another moment.
func refMinted(e Event, minted string, tail int) Event {
	e.ID = referenceID(referenceClock(minted), tail)
	return e
}

// refNamed gives an event an id.
func refNamed(e Event, id string) Event {
	e.ID = id
	return e
}

// refEveryMinute repeats what happens every minute.
func refEveryMinute(from, to string, say func(sensed string) Event) (events []Event) {
	for t := referenceClock(from); t <= referenceClock(to); t = t.Add(time.Minute) {
		e := say(from)
		e.At, e.ID = t, referenceID(t, 0)
		events = append(events, e)
	}
	return events
}

// refRhythm gives the site two minute feeds that speak every minute.
func refRhythm(from, to string) []Event {
	return append(
		refEveryMinute(from, to, func(at string) Event { return refPeople("room_y", 0, at) }),
		refEveryMinute(from, to, func(at string) Event { return refPeople("room_z", 0, at) })...)
}

var referenceCodes = [...]string{
	"no data", "people", "motion", "people and motion", "on-delay", "off-delay", "vacant", "forced", "held",
	"on loss occupied", "on loss hold", "on loss vacant", "latch ended", "members", "traffic estimate",
	"start-up grace", "waiting", "out of service",
}

// tellOutputs tells lighting, HVAC and ventilation, the quality, and why HVAC is so.
func tellOutputs(s refSnapshot) string {
	outputs := ""
	for o := range Output(OutputCount) {
		outputs += tellValue(s.Readings[o.Measure()])
	}
	return fmt.Sprintf("%s %s: %s", outputs, s.Quality, referenceCodes[s.Codes[HVACOutput]])
}

func tellValue(r Reading) string {
	if !r.Known {
		return "?"
	}
	return fmt.Sprint(r.Value)
}

// telling tells some measures with their qualities.
func telling(measures ...Measure) func(refSnapshot) string {
	return func(s refSnapshot) string {
		var words []string
		for _, m := range measures {
			words = append(words, fmt.Sprintf("%s %s", tellValue(s.Readings[m]), s.Readings[m].Quality))
		}
		return strings.Join(words, ", ")
	}
}
