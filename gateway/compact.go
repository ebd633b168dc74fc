package gateway

// Compact is a snapshot for who keeps those of many assets: without the readings that an asset does not have, which are
// most of a snapshot.
type Compact struct {
	Asset        *Asset
	readings     []keptReading // of the measures in has, in their order
	Overrides    []Override
	reason       Reason
	at           Timestamp
	oldest       Timestamp
	offDelayEnds Timestamp
	has          Measures
	coverage     int16 // 0.1 %; -1 where the asset is no aggregate
	Quality      Quality
	lost         [OutputCount]bool
	followsSite  bool
	estimate     bool
	simulated    bool
}

// keptReading is a reading in two thirds of its room.
type keptReading struct {
	value int64
	rest  int64 // 56 bits of milliseconds, 7 of quality, one that tells whether it is known
}

func keep(r *Reading) keptReading {
	return keptReading{r.Value, int64(r.At)<<8 | int64(r.Quality)<<1 | int64(one(r.Known))}
}

func (k keptReading) reading() Reading {
	return Reading{Value: k.value, At: Timestamp(k.rest >> 8), Quality: Quality(k.rest >> 1 & 0x7f), Known: k.rest&1 != 0}
}

// Keep takes over a snapshot. An asset seldom gets another measure, so there is mostly room.
func (d *Compact) Keep(s *Snapshot) {
	readings := d.readings[:0]
	if s.Has != d.has {
		readings = make([]keptReading, 0, s.Has.Len())
	}
	for m := range Measure(MeasureCount) {
		if s.Has.Has(m) {
			readings = append(readings, keep(&s.Readings[m]))
		}
	}
	*d = Compact{
		Asset: s.Asset, readings: readings, Overrides: s.Overrides, reason: s.Reason, at: s.At, oldest: s.Oldest,
		offDelayEnds: s.OffDelayEnds, has: s.Has, coverage: int16(s.Coverage), Quality: s.Quality, lost: s.Lost,
		followsSite: s.FollowsSite, estimate: s.Estimate, simulated: s.Simulated,
	}
}

// Snapshot returns what was kept.
func (d *Compact) Snapshot() Snapshot {
	s := Snapshot{
		Asset: d.Asset, Overrides: d.Overrides, Reason: d.reason, At: d.at, Oldest: d.oldest,
		OffDelayEnds: d.offDelayEnds, Has: d.has, Coverage: int(d.coverage), Quality: d.Quality, Lost: d.lost,
		FollowsSite: d.followsSite, Estimate: d.estimate, Simulated: d.simulated,
	}
	rest := d.readings
	for m := range Measure(MeasureCount) {
		if d.has.Has(m) {
			s.Readings[m], rest = rest[0].reading(), rest[1:]
		}
	}
	return s
}
