package gateway

// tally adds up the members of one aggregate as they were last published, so that a member that changes
// costs the same however many there are.
type tally struct {
	roll     []*membership
	absent   absence // named in the rules, and no asset is
	sums     [summedCount]measureSum
	capacity int64
	follow   [classCount]int // members that are as old as their site
	newest   Timestamp       // when the newest of what any member shows was sensed
	unsure   bool            // newest is to be found again
	extremes [extremeCount]queue[*membership]
}

// The measures that are added up. The outputs come first: every member has them.
var summed = [...]Measure{Lighting, HVAC, Ventilation, Motion, People, TrafficIn, TrafficOut, TrafficEstimate}

const (
	summedCount  = len(summed)
	summedHVAC   = 1
	summedMotion = 3
	summedPeople = 4
)

// findNewest returns when the newest of what the members show was sensed. It is looked for only after the
// member that had it has gone back, which is rare: another of its feeds is in use.
func (t *tally) findNewest() Timestamp {
	if t.unsure {
		t.unsure, t.newest = false, 0
		for _, m := range t.roll {
			t.newest = max(t.newest, m.member.shown.contribution.newest)
		}
	}
	return t.newest
}

// measureSum adds up one measure.
type measureSum struct {
	classes  [classCount]classSum
	doubtful int // members that are uncertain
	never    int // members of which nothing was ever heard
}

// classSum adds up the members of one class.
type classSum struct {
	members int
	known   int
	value   int64 // of a yes or no: how many are yes
}

// class is how a member counts.
type class uint8

const (
	sound      class = iota // good, uncertain or forced
	kept                    // held: its last value counts in any case
	lost                    // substituted or never: counts only where too few are sound
	classCount = iota
)

func classOf(q Quality) class {
	switch q {
	case Good, Uncertain, Forced:
		return sound
	case Held:
		return kept
	}
	return lost
}

// contribution is what a member adds to each of its aggregates.
type contribution struct {
	valid     bool
	quality   Quality
	following bool
	values    [summedCount]int64
	qualities [summedCount]Quality
	known     summedSet
	has       summedSet
	capacity  int64
	newest    Timestamp
	oldest    Timestamp
	offDelay  Timestamp
}

// summedSet is a set of the measures that are added up, by their place in summed.
type summedSet uint8

func (s summedSet) holds(i int) bool { return s&(1<<i) != 0 }

func (s *summedSet) put(i int, in bool) { *s |= summedSet(one(in)) << i }

// contributionOf says what an asset's readings add. Of an asset that nothing was ever heard of, the outputs
// are what its policies say.
func contributionOf(s *Snapshot) contribution {
	c := contribution{
		valid: s.Quality != OutOfService, quality: s.Quality, capacity: int64(s.Asset.Capacity),
		newest: s.At, oldest: s.Oldest, following: s.FollowsSite, offDelay: s.OffDelayEnds,
	}
	for i, m := range summed {
		r := &s.Readings[m]
		switch {
		case s.Has.Has(m):
			c.values[i], c.qualities[i] = r.Value, r.Quality
			c.known.put(i, r.Known)
			c.has.put(i, r.Known || m == Motion)
		case i < OutputCount:
			c.qualities[i] = s.Quality
			c.has.put(i, true)
			if s.Quality == Never {
				c.values[i] = int64(one(s.Lost[i]))
				c.known.put(i, true)
			}
		}
	}
	return c
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// add takes a contribution in, or with sign -1 out again.
func (t *tally) add(c *contribution, sign int) {
	if !c.valid {
		return
	}
	if sign > 0 {
		t.newest = max(t.newest, c.newest)
	}
	t.capacity += int64(sign) * c.capacity
	t.follow[classOf(c.quality)] += sign * one(c.following)
	for i := range t.sums {
		if c.has.holds(i) {
			t.sums[i].add(c.qualities[i], sign, c.values[i], c.known.holds(i))
		}
	}
}

// add counts a member of that quality, or with sign -1 no longer, and adds its value if that is known.
func (m *measureSum) add(q Quality, sign int, value int64, known bool) {
	sum := &m.classes[classOf(q)]
	sum.members += sign
	m.doubtful += sign * one(q == Uncertain)
	m.never += sign * one(q == Never)
	if known {
		sum.known += sign
		sum.value += int64(sign) * value
	}
}

// coverage is what the members of a measure come to.
type coverage struct {
	quality Quality
	classes class // those before it count
	sound   int   // members
	total   int
}

// cover tells which members count, and how far the sum can be trusted. absent members are missing;
// minimum is in percent.
func (m *measureSum) cover(absent, minimum int) coverage {
	c := coverage{sound: m.classes[sound].members, classes: classCount}
	missing := m.classes[lost].members + absent
	c.total = c.sound + m.classes[kept].members + missing
	switch {
	case m.never+absent == c.total:
		c.quality = Never
	case c.sound == c.total && m.doubtful == 0:
		c.quality = Good
	case c.sound == c.total:
		c.quality = Uncertain
	case c.sound*100 >= minimum*c.total && missing < c.total:
		c.quality, c.classes = Uncertain, lost
	case missing == 0:
		c.quality = Held
	default:
		c.quality = Substituted
	}
	return c
}

// part is cover for what only some members have. Where members are missing, or were never heard, nobody knows
// what they would have added.
func (t *tally) part(i, minimum int) coverage {
	c := t.sums[i].cover(0, minimum)
	if c.quality == Good && t.absent.members+t.sums[summedHVAC].never > 0 {
		c.quality = Uncertain
	}
	return c
}

// certain tells whether all that counts is known.
func (m *measureSum) certain(c coverage) bool {
	for i := range m.classes[:c.classes] {
		if m.classes[i].known < m.classes[i].members {
			return false
		}
	}
	return true
}

// value adds up the classes that count.
func (m *measureSum) value(c coverage) (value int64, known bool) {
	for i := range m.classes[:c.classes] {
		value += m.classes[i].value
		known = known || m.classes[i].known > 0
	}
	return value, known
}

// aggregate lays over an asset's own readings what its members say. Its own count is one member more,
// except of people: those are in it anyway.
func (e *evaluation) aggregate() {
	t, out := e.asset.sum, e.out
	self, newest := contribution{}, t.findNewest()
	if e.heard() {
		self = contributionOf(out)
		self.capacity = 0
		self.has &= 1<<summedMotion - 1
		t.add(&self, 1)
		defer func() {
			t.add(&self, -1)
			t.newest, t.unsure = newest, false
		}()
	}
	minimum := e.settings.MinCoverage
	all := t.sums[summedHVAC].cover(t.absent.members, minimum)
	if all.total == 0 {
		if e.asset.counts() {
			out.Coverage = 0 // it is its own member, and was never heard of
		}
		return
	}
	out.Coverage = all.sound * 1000 / all.total
	if all.quality == Never {
		return // what was said of itself, its traffic, still stands
	}
	out.Quality = all.quality
	out.At = max(out.At, newest)
	for o := range Output(OutputCount) {
		e.aggregateOutput(o, t.sums[o].cover(t.absent.members, minimum))
	}
	e.aggregateMotion(minimum)
	e.aggregatePeople(minimum)
	if e.asset.about.Kind == Group {
		e.aggregateTraffic(minimum)
	}
	e.aggregateAge(all, &self)
}

func (e *evaluation) aggregateOutput(o Output, c coverage) {
	on, known := e.asset.sum.sums[o].value(c)
	if c.classes == classCount && e.asset.sum.absent.members > 0 {
		on, known = on+int64(e.absentOn(o)), true
	}
	if !known || c.quality == Never {
		e.hide(o.Measure())
		if o == HVACOutput {
			e.hide(Occupied)
			e.out.Reason = Reason{Code: ReasonNoData}
		}
		return
	}
	r := Reading{Value: min(on, 1), At: e.out.At, Known: true, Quality: c.quality}
	reason := Reason{Code: ReasonMembers, Few: int(on), Of: c.total}
	e.answers[o] = answer{on: on > 0, known: true, quality: c.quality, reason: reason}
	e.show(o.Measure(), r)
	if o == HVACOutput {
		e.show(Occupied, r)
		e.out.Reason = reason
	}
}

func (e *evaluation) aggregateMotion(minimum int) {
	sum := &e.asset.sum.sums[summedMotion]
	c := e.asset.sum.part(summedMotion, minimum)
	if c.total == 0 {
		return
	}
	moving, known := sum.value(c)
	known = known && (moving > 0 || sum.certain(c)) // unknown is never no
	e.show(Motion, Reading{Value: min(moving, 1), At: e.out.At, Known: known, Quality: c.quality})
}

// aggregatePeople adds up the people of the members, unless Butlr counts those of the asset itself. A member
// that was never heard of may well count people one day: without it the sum is not complete.
func (e *evaluation) aggregatePeople(minimum int) {
	sum := &e.asset.sum.sums[summedPeople]
	c := e.asset.sum.part(summedPeople, minimum)
	if e.people != nil && e.people.life != feedDead || c.total == 0 {
		return
	}
	people, _ := sum.value(c)
	e.out.Estimate = false
	e.show(People, Reading{Value: people, At: e.out.At, Known: true, Quality: c.quality})
	e.utilise()
}

func (e *evaluation) aggregateTraffic(minimum int) {
	for i := summedPeople + 1; i < summedCount; i++ {
		sum := &e.asset.sum.sums[i]
		if c := e.asset.sum.part(i, minimum); c.total > 0 {
			value, known := sum.value(c)
			e.show(summed[i], Reading{Value: value, At: e.out.At, Known: known, Quality: c.quality})
		}
	}
}

// aggregateAge takes over the age and the off-delay of the members that count.
func (e *evaluation) aggregateAge(c coverage, self *contribution) {
	t, out := e.asset.sum, e.out
	out.Oldest = earlier(self.oldest, t.top(oldestSound))
	if c.classes == classCount {
		out.Oldest = earlier(out.Oldest, t.top(oldestLost))
	}
	for i := range t.follow[:c.classes] {
		out.FollowsSite = out.FollowsSite || t.follow[i] > 0
	}
	out.OffDelayEnds = max(self.offDelay, -t.top(latestOffDelay))
	if out.Readings[Occupied].Value == 0 {
		out.OffDelayEnds = 0
	}
}
