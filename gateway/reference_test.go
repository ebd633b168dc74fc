package gateway

import (
	"math"
	"time"
)

// reference is the rules of state said as plainly as they can be: it keeps every event for ever, and
// works out everything anew from all of them whenever it is asked. The real state is compared with it.
//
// Where to look: what the events add up to is in reference_world_test.go, how alive a feed is in
// reference_feed_test.go, when the evidence was positive in reference_signal_test.go, the three outputs
// in reference_output_test.go, everything else that an asset shows in reference_snapshot_test.go, and
// sites, buildings, floors and groups in reference_aggregate_test.go.
//
// It takes the clock for trusted, and knows nothing of assets that are out of service.
type reference struct {
	rules     Rules
	starts    []Start // of the process; before the first of them there was none
	events    []Event // every admitted one, in the order of arrival
	overrides map[AssetID]map[Target]Override
	resets    map[AssetID][]Timestamp // when the estimate of an asset began anew on command

	// inUse tells whether the building is in use at a moment, and whether it has hours at all.
	inUse func(site AssetID, at Timestamp) (inside, hours bool)

	world *referenceWorld // what the events add up to; nil until somebody asks
}

// newReference returns the model of a process that knows no event yet.
func newReference(rules Rules, start, lastAlive Timestamp) *reference {
	r := &reference{
		rules: rules, starts: []Start{{lastAlive, start}},
		overrides: make(map[AssetID]map[Target]Override), resets: make(map[AssetID][]Timestamp),
	}
	r.inUse = func(site AssetID, at Timestamp) (bool, bool) {
		hours := rules.Sites[site].Hours
		if hours == nil {
			return true, false
		}
		return hours.Inside(at, r.place(site)), true
	}
	return r
}

// apply takes an event that was admitted. When it arrives plays no part: only the order of arrival does,
// and that only where it breaks ties.
func (r *reference) apply(_ Timestamp, e Event) {
	if e.Type == UnknownType || e.Type == Health {
		return
	}
	r.events = append(r.events, e)
	r.world = nil
}

// restart lets the process start again, with every event that it knew.
func (r *reference) restart(start, lastAlive Timestamp) {
	r.starts = append(r.starts, Start{lastAlive, start})
}

// force puts an override of an asset in force. Whether its source may do so is the caller's question.
func (r *reference) force(id AssetID, o Override) {
	if r.overrides[id] == nil {
		r.overrides[id] = make(map[Target]Override)
	}
	r.overrides[id][o.Target] = o
}

// release ends the override of an asset's target.
func (r *reference) release(id AssetID, target Target) { delete(r.overrides[id], target) }

// resetEstimate begins the traffic estimate of an asset anew.
func (r *reference) resetEstimate(at Timestamp, id AssetID) {
	r.resets[id] = append(r.resets[id], at)
}

// show returns what an asset of any kind shows.
func (r *reference) show(now Timestamp, id AssetID) refSnapshot {
	switch r.kind(id) {
	case Site, Building, Floor, Group:
		return r.aggregate(now, id)
	}
	return r.snapshot(now, id)
}

// place returns the time zone of a site.
func (r *reference) place(site AssetID) *time.Location {
	if place := r.rules.Sites[site].Location; place != nil {
		return place
	}
	if r.rules.Location != nil {
		return r.rules.Location
	}
	return time.UTC
}

// referenceMidnight returns when the day of a moment began, by the clocks of a place.
func referenceMidnight(at Timestamp, place *time.Location) Timestamp {
	return referenceDayBegins(at, 0, place)
}

// referenceNextMidnight returns when the day after that of a moment begins.
func referenceNextMidnight(at Timestamp, place *time.Location) Timestamp {
	return referenceDayBegins(at, 1, place)
}

// referenceDayBegins returns when a day begins. Where the clocks are put forward at midnight there is no
// such time, and the library may answer with one of the day before.
func referenceDayBegins(at Timestamp, later int, place *time.Location) Timestamp {
	year, month, day := at.Time().In(place).Date()
	noon := time.Date(year, month, day+later, 12, 0, 0, 0, place)
	begins := time.Date(year, month, day+later, 0, 0, 0, 0, place)
	for begins.Day() != noon.Day() {
		begins = begins.Add(time.Minute)
	}
	return TimestampOf(begins)
}

// referenceForever is when something ends that does not. Delays can be added to it.
const referenceForever Timestamp = math.MaxInt64 / 4

// refSnapshot is what the model believes of one asset at one moment. The times of the outputs and of
// aggregates are not modelled: At is that of people and motion of single assets.
type refSnapshot struct {
	Readings [MeasureCount]Reading
	Quality  Quality
	Has      Measures
	Codes    [OutputCount]ReasonCode
	Estimate bool // people is the traffic estimate
	Coverage int  // 0.1 %; -1 where the asset is no aggregate
}

// set shows a measure.
func (s *refSnapshot) set(m Measure, r Reading) {
	s.Readings[m] = r
	s.Has |= MeasuresOf(m)
}

// setOutput shows an output; occupied is the output for HVAC under another name.
func (s *refSnapshot) setOutput(o Output, r Reading, code ReasonCode) {
	s.set(o.Measure(), r)
	s.Codes[o] = code
	if o == HVACOutput {
		s.set(Occupied, r)
		s.Quality = r.Quality
	}
}

// override lays the overrides in force over what the events say. They change nothing else.
func (s *refSnapshot) override(now Timestamp, overrides map[Target]Override) {
	inForce := func(t Target) (o Override, ok bool) {
		o, ok = overrides[t]
		return o, ok && o.Since <= now && now < o.Until
	}
	forced := func(value int, at Timestamp) Reading {
		return Reading{Value: int64(value), At: at, Known: true, Quality: Forced}
	}
	for o := range Output(OutputCount) {
		all, some := inForce(TargetOutputs)
		one, single := inForce(TargetLighting + Target(o))
		if single && (!some || one.Source >= all.Source) {
			all, some = one, true
		}
		if some {
			s.setOutput(o, forced(all.Value, 0), ReasonForced)
		}
	}
	if o, ok := inForce(TargetPeople); ok {
		s.set(People, forced(o.Value, s.Readings[People].At))
	}
}

// referenceBit is a yes or a no as readings show it.
func referenceBit(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// referenceRevision is what a feed said about one moment.
type referenceRevision struct {
	At    Timestamp
	Value int
	ID    string
}
