package gateway

// snapshot returns what an asset shows by itself: of a floor, its own count.
func (r *reference) snapshot(now Timestamp, id AssetID) refSnapshot {
	s := refSnapshot{Coverage: -1}
	if a := r.look().assets[id]; a != nil && a.spoken {
		l := r.at(now, id)
		l.show(&s)
	}
	s.override(now, r.overrides[id])
	return s
}

// show puts every measure of an asset that something was said of into a snapshot.
func (l *referenceLook) show(s *refSnapshot) {
	l.showTraffic(s)
	l.showPeople(s)
	l.showMotion(s)
	l.showToday(s)
	if n := len(l.asset.seen); n > 0 {
		seen := l.feed(MotionFeed, l.asset.seen, true) // of no feed, but as alive as motion
		seen.uncertain = l.quiet()
		s.set(Detections, Reading{int64(l.asset.seen[n-1].Value), seen.newest, true, seen.quality()})
	}
	if len(l.counted) == 0 {
		s.Quality = referenceNewestQuality(s)
		return
	}
	for o := range Output(OutputCount) {
		on := l.occupied(o)
		s.setOutput(o, Reading{Value: referenceBit(on), Known: true, Quality: l.quality(o)}, l.code(o, on))
	}
}

// referenceNewestQuality is the quality of an asset without evidence: that of its newest measure. One whose only
// feed is not in use is uncertain, because it is not true that nothing was ever said of it.
func referenceNewestQuality(s *refSnapshot) Quality {
	quality, at := Uncertain, Timestamp(0)
	for _, m := range []Measure{People, Motion, Detections} {
		if r := s.Readings[m]; s.Has.Has(m) && r.At > at {
			quality, at = r.Quality, r.At
		}
	}
	return quality
}

// quality is that of a feed by itself.
func (f *referenceFeed) quality() Quality {
	switch {
	case f.life == referenceDead:
		return Substituted
	case f.life == referenceStale:
		return Held
	case f.uncertain:
		return Uncertain
	}
	return Good
}

func (l *referenceLook) showPeople(s *refSnapshot) {
	f, value := &l.people, 0
	switch {
	case f.seen:
		value = f.revisions[len(f.revisions)-1].Value
	case l.traffic.seen:
		f, value, s.Estimate = &l.traffic, l.shownEstimate(), true
	default:
		return
	}
	capacity := l.capacity()
	if f.life == referenceDead {
		switch l.settings.PeopleOnLoss {
		case PeopleNumber:
			value = l.settings.PeopleSubstitute
		case PeopleCapacity:
			if capacity > 0 {
				value = capacity
			}
		}
	}
	s.set(People, Reading{int64(value), f.newest, true, f.quality()})
	s.utilise(capacity)
}

// utilise shows the utilisation of a capacity, if there are both.
func (s *refSnapshot) utilise(capacity int) {
	if people := s.Readings[People]; capacity > 0 && people.Known {
		people.Value = (people.Value*1000 + int64(capacity)/2) / int64(capacity)
		s.set(Utilisation, people)
	}
}

// capacity returns the asset's capacity, 0 if it is not known.
func (l *referenceLook) capacity() int {
	if rule, ok := l.rules.Assets[l.asset.id]; ok {
		return rule.Capacity
	}
	if l.asset.custom == "" {
		return 0
	}
	return l.rules.Assets[AssetID("custom:"+l.asset.custom)].Capacity
}

func (l *referenceLook) showMotion(s *refSnapshot) {
	f := &l.motion
	if !f.seen {
		return
	}
	newest := f.revisions[len(f.revisions)-1]
	r := Reading{int64(newest.Value), newest.At, true, f.quality()}
	if newest.Value == 1 && newest.At.Add(l.settings.MaxLatch) <= l.now {
		r.Value, r.Known = 0, false
	}
	s.set(Motion, r)
}

// shownEstimate is what the day's increments add up to, also those that are ahead of the clock.
func (l *referenceLook) shownEstimate() int {
	return max(0, l.estimate(referenceNextMidnight(l.now, l.place(l.asset.site))-1))
}

func (l *referenceLook) showTraffic(s *refSnapshot) {
	if !l.traffic.seen {
		return
	}
	var in, out int64
	for _, p := range l.asset.passed {
		in, out = in+int64(p.In), out+int64(p.Out)
	}
	sure := l.traffic
	sure.uncertain = l.quiet()
	s.set(TrafficIn, Reading{in, l.traffic.newest, true, sure.quality()})
	s.set(TrafficOut, Reading{out, l.traffic.newest, true, sure.quality()})
	s.set(TrafficEstimate, Reading{int64(l.shownEstimate()), l.traffic.newest, true, l.traffic.quality()})
}

// showToday shows the day's peak and in how many of its minutes somebody was there, by the feed of people
// in use; without one, by motion.
func (l *referenceLook) showToday(s *refSnapshot) {
	place := l.place(l.asset.site)
	from, to := referenceMidnight(l.now, place), referenceNextMidnight(l.now, place)
	if !l.people.seen {
		if l.motion.seen {
			minutes := referenceMinutes(l.motionStretches(), from, l.now)
			s.set(OccupiedMinutesToday, Reading{int64(minutes), l.motion.newest, true, l.motion.quality()})
		}
		return
	}
	peak, minutes := 0, make(map[Timestamp]bool)
	for _, r := range l.people.revisions {
		if r.At < from || r.At >= to {
			continue
		}
		peak = max(peak, r.Value)
		if positive, _ := l.verdict(r.Value); positive {
			minutes[r.At/60_000] = true
		}
	}
	s.set(PeakToday, Reading{int64(peak), l.people.newest, true, l.people.quality()})
	s.set(OccupiedMinutesToday, Reading{int64(len(minutes)), l.people.newest, true, l.people.quality()})
}

// motionStretches returns from when to when each MOTION lasted, as HVAC's latch bounds it; nothing else
// ends it.
func (l *referenceLook) motionStretches() (stretches []referenceSpan) {
	for i, m := range l.motion.revisions {
		if m.Value == 1 {
			stretches = append(stretches, referenceSpan{m.At, min(l.nextNoMotion(i), m.At.Add(l.settings.MaxLatch))})
		}
	}
	return stretches
}
