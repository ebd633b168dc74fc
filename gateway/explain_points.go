package gateway

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rareMeasures are left out where an asset does not have them: controllers have no place for them.
var rareMeasures = MeasuresOf(TrafficEstimate, Detections)

// explainPoints says of each point why it is what it is; also of those that are unknown.
func (e *evaluation) explainPoints() []PointExplanation {
	var out []PointExplanation
	for m := range Measure(MeasureCount) {
		if !e.out.Has.Has(m) && rareMeasures.Has(m) {
			continue
		}
		p := PointExplanation{Measure: m, Reading: e.out.Readings[m]}
		switch {
		case e.state.outOfService(e.asset):
			p.Code, p.Reason, p.Reading.Quality = ReasonOutOfService, "out of service", OutOfService
		case p.Reading.Quality == Forced && m != Utilisation:
			p.Code, p.Reason = e.forced(m)
		case !e.out.Has.Has(m):
			p.Reason = e.unheardOf(m)
		default:
			p.Code, p.Reason = e.explainPoint(m)
			p.Doubt = e.doubtAbout(m)
		}
		out = append(out, p)
	}
	return out
}

// forced says who forced a measure.
func (e *evaluation) forced(m Measure) (ReasonCode, string) {
	target := TargetPeople
	if m.Binary() {
		target = TargetLighting + Target(outputOf(m))
	}
	reason := Reason{Code: ReasonForced, By: e.inForce(target)}
	return reason.Code, reason.Text(e.days.place)
}

// unheardOf says why nobody knows a measure at all.
func (e *evaluation) unheardOf(m Measure) string {
	switch m {
	case Occupied, Lighting, HVAC, Ventilation:
		return e.unheardOutput(outputOf(m))
	case Motion:
		return e.noEventAbout("motion")
	case TrafficIn, TrafficOut:
		return e.noEventAbout("traffic")
	case OccupiedMinutesToday:
		return e.noEventAbout("people or motion of its own")
	case PeakToday:
		return e.noEventAbout("people of its own")
	case Utilisation:
		if e.asset.about.Capacity == 0 && (e.asset.sum == nil || e.asset.sum.capacity == 0) {
			return "its capacity is not known"
		}
		return "its people are not known"
	}
	if e.feeds[PeopleFeed].history != nil || e.feeds[PeopleMinuteFeed].history != nil {
		return "people_feed is " + e.settings.PeopleFeed.String() + ", and no such count ever came"
	}
	return e.noEventAbout("people")
}

func (e *evaluation) noEventAbout(what string) string {
	if sum := e.asset.sum; sum != nil && len(sum.roll) > 0 && !strings.HasSuffix(what, "own") {
		return "no event about " + what + " ever came, of itself or of its " + membersInWords(len(sum.roll))
	}
	return "no event about " + what + " ever came"
}

func membersInWords(n int) string {
	if n == 1 {
		return "1 member"
	}
	return strconv.Itoa(n) + " members"
}

// outputOf returns the output that a measure shows.
func outputOf(m Measure) Output {
	if m == Occupied {
		return HVACOutput
	}
	return Output(m - Lighting)
}

// unheardOutput says what an output is taken for where only yes or no can be said.
func (e *evaluation) unheardOutput(o Output) string {
	text := nothingKnown
	switch sum := e.asset.sum; {
	case e.out.Quality != Never:
		return text
	case sum != nil && len(sum.roll)+sum.absent.members > 0:
		text = "nothing was ever heard of its " + membersInWords(len(sum.roll)+sum.absent.members)
	case sum != nil:
		text = "it has no members yet"
	default:
		text = "no event about it ever came"
	}
	taken := PolicyVacant
	if e.out.Lost[o] {
		taken = PolicyOccupied
	}
	return text + "; what can only say yes or no says " + taken.String() + " (" + o.String() + "_on_loss)"
}

// nothingKnown is what an output says of which nothing is known.
const nothingKnown = "nothing known of people or motion"

func (e *evaluation) explainPoint(m Measure) (ReasonCode, string) {
	r := e.out.Readings[m]
	switch m {
	case Occupied, HVAC:
		return e.out.Reason.Code, e.out.Reason.Text(e.days.place)
	case Lighting, Ventilation:
		reason := e.answers[m-Lighting].reason
		reason.date(e.now, e.days)
		return reason.Code, reason.Text(e.days.place)
	case People:
		return e.explainPeople(r)
	case Motion:
		return e.explainMotion(r)
	case TrafficIn, TrafficOut, TrafficEstimate:
		return e.explainPassing(m)
	case Utilisation:
		return ReasonNoData, e.explainUtilisation()
	case PeakToday:
		return ReasonNoData, e.explainPeak(r)
	case OccupiedMinutesToday:
		by := "people"
		if e.people == nil {
			by = "motion"
		}
		return ReasonNoData, "minutes with somebody there by " + by + ", " + e.since(e.days.midnight(e.now))
	}
	return ReasonNoData, "people that the sensor saw at " + e.clock(r.At)
}

func (e *evaluation) explainPeople(r Reading) (ReasonCode, string) {
	v := e.people
	switch fromMembers := e.asset.sum != nil && e.out.Coverage >= 0 && e.asset.sum.sums[summedPeople].total() > 0; {
	case fromMembers && (v == nil || v.life == feedDead):
		text := "the sum of " + e.counting(summedPeople)
		if v != nil {
			text += "; its own count is lost since " + e.clock(v.newest)
		}
		return ReasonMembers, text
	case e.out.Estimate:
		_, text := e.explainPassing(TrafficEstimate)
		return ReasonTrafficEstimate, "no feed of people: " + text
	}
	last := feedWords[v.feed] + " was " + strconv.Itoa(v.history.value()) + " at " + e.clock(v.newest)
	switch v.life {
	case feedDead:
		code, policy := ReasonOnLossHold, "hold"
		if e.settings.PeopleOnLoss != PeopleHold {
			code, policy = ReasonOnLossOccupied, e.settings.peopleOnLoss()
		}
		if e.settings.PeopleOnLoss == PeopleCapacity && e.asset.about.Capacity == 0 {
			policy += ", which is not known"
		}
		return code, "feed lost, people_on_loss = " + policy + "; " + last
	case feedStale:
		if v.grace {
			return ReasonStartupGrace, last + ", kept after the start until " + e.clock(e.started.Add(e.settings.StartupGrace))
		}
		return ReasonHeld, last + ", nothing since"
	}
	return ReasonPeople, feedWords[v.feed] + " at " + e.clock(v.newest)
}

var feedWords = [FeedCount]string{"the raw count", "the minute's count", "motion", "traffic"}

// total returns how many members have a measure.
func (m *measureSum) total() (n int) {
	for i := range m.classes {
		n += m.classes[i].members
	}
	return n
}

// counting says how many members a sum is of.
func (e *evaluation) counting(i int) string {
	sum := &e.asset.sum.sums[i]
	c := sum.cover(0, e.settings.MinCoverage)
	n := 0
	for k := range sum.classes[:c.classes] {
		n += sum.classes[k].members
	}
	if n == c.total {
		return membersInWords(n)
	}
	return strconv.Itoa(n) + " of " + membersInWords(c.total) + ", the others are lost"
}

func (e *evaluation) explainMotion(r Reading) (ReasonCode, string) {
	if e.asset.sum != nil && e.out.Coverage >= 0 {
		return ReasonMembers, "any of " + e.counting(summedMotion) + ", those with a PIR"
	}
	v := &e.feeds[MotionFeed]
	switch {
	case !r.Known:
		return ReasonLatchEnded, "motion began at " + e.clock(v.newest) + " and was not said to end for max_latch, " + brief(e.settings.MaxLatch)
	case r.Value == 1:
		return ReasonMotion, "the PIR saw motion begin at " + e.clock(v.newest)
	}
	return ReasonMotion, "the PIR saw motion end at " + e.clock(v.newest)
}

func (e *evaluation) explainPassing(m Measure) (ReasonCode, string) {
	t := &e.asset.total
	code := ReasonNoData
	if m == TrafficEstimate {
		code = ReasonTrafficEstimate
	}
	switch {
	case e.asset.about.Kind == Group:
		return code, "the sum of " + e.counting(slices.Index(summed[:], m))
	case m != TrafficEstimate:
		return code, "counted since commissioning, the newest at " + e.clock(t.At)
	case t.Day < e.days.midnight(e.now):
		return code, "nobody passed " + e.since(e.days.midnight(e.now))
	case t.Net < 0:
		return code, fmt.Sprintf("in less out is %d %s, shown as 0", t.Net, e.since(t.Day))
	}
	return code, "in less out " + e.since(t.Day)
}

func (e *evaluation) explainUtilisation() string {
	people := e.out.Readings[People].Value
	if capacity := e.asset.about.Capacity; capacity > 0 {
		return fmt.Sprintf("%d people of a capacity of %d", people, capacity)
	}
	return fmt.Sprintf("%d people of a capacity of %d, the sum of what is known of its members", people, e.asset.sum.capacity)
}

func (e *evaluation) explainPeak(r Reading) string {
	midnight := e.days.midnight(e.now)
	text := "the highest count " + e.since(midnight)
	if at := e.people.history.peakAt(int32(r.Value), midnight); at != 0 && r.Value > 0 {
		text += ", at " + e.clock(at)
	}
	return text
}

// peakAt returns when the highest count of the day was sensed first, 0 if that is no longer known.
func (h *history) peakAt(peak int32, midnight Timestamp) Timestamp {
	if h.before.Day == midnight && h.before.Peak >= int(peak) {
		return 0
	}
	for i := range h.window {
		if h.window[i].At >= midnight && h.window[i].Value == peak {
			return h.window[i].At
		}
	}
	return 0
}

// since says from when on something was counted: a midnight, or a moment that somebody chose.
func (e *evaluation) since(t Timestamp) string {
	if e.days.midnight(t) == t {
		if e.days.place == time.Local {
			return "since midnight where this machine is"
		}
		return "since midnight in " + e.days.place.String()
	}
	return "since the reset at " + e.clock(t)
}

// clock returns the time of day of a moment, and the day if that is another one than now's.
func (e *evaluation) clock(t Timestamp) string {
	layout := time.TimeOnly
	if e.days.midnight(t) != e.days.midnight(e.now) {
		layout = time.DateTime
	}
	return t.Time().In(e.days.place).Format(layout)
}
