package web

import "butlr-gateway/gateway"

// posted is a snapshot as the board keeps it: without the readings that the asset does not have, which are most
// of a snapshot, and a campus has many of them.
type posted struct {
	asset        *gateway.Asset
	readings     []gateway.Reading // of the measures in has, in their order
	overrides    []gateway.Override
	reason       gateway.Reason
	at           gateway.Timestamp
	oldest       gateway.Timestamp
	offDelayEnds gateway.Timestamp
	has          gateway.Measures
	coverage     int16 // 0.1 %; -1 where the asset is no aggregate
	quality      gateway.Quality
	lost         [gateway.OutputCount]bool
	followsSite  bool
	estimate     bool
	simulated    bool
}

// keep takes over a snapshot. An asset seldom gets another measure, so there is mostly room.
func (p *posted) keep(s *gateway.Snapshot) {
	readings := p.readings[:0]
	if s.Has != p.has {
		readings = make([]gateway.Reading, 0, s.Has.Len())
	}
	for m := range gateway.Measure(gateway.MeasureCount) {
		if s.Has.Has(m) {
			readings = append(readings, s.Readings[m])
		}
	}
	*p = posted{
		asset: s.Asset, readings: readings, overrides: s.Overrides, reason: s.Reason, at: s.At, oldest: s.Oldest,
		offDelayEnds: s.OffDelayEnds, has: s.Has, coverage: int16(s.Coverage), quality: s.Quality, lost: s.Lost,
		followsSite: s.FollowsSite, estimate: s.Estimate, simulated: s.Simulated,
	}
}

// snapshot returns what was kept.
func (p *posted) snapshot() gateway.Snapshot {
	s := gateway.Snapshot{
		Asset: p.asset, Overrides: p.overrides, Reason: p.reason, At: p.at, Oldest: p.oldest,
		OffDelayEnds: p.offDelayEnds, Has: p.has, Coverage: int(p.coverage), Quality: p.quality, Lost: p.lost,
		FollowsSite: p.followsSite, Estimate: p.estimate, Simulated: p.simulated,
	}
	rest := p.readings
	for m := range gateway.Measure(gateway.MeasureCount) {
		if p.has.Has(m) {
			s.Readings[m], rest = rest[0], rest[1:]
		}
	}
	return s
}
