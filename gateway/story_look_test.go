package gateway_test

import (
	"butlr-gateway/gateway"
)

// publish takes what the gateway tells its sinks, as a controller does: the newest of each asset stays.
func (b *building) publish(u *gateway.Update) {
	b.summary[0] = u.Summary
	for _, s := range u.Changed {
		b.shown[s.Asset.ID] = s
		for _, expected := range b.lasting {
			if b.now > expected.until {
				continue
			}
			for _, id := range expected.assets {
				if id == s.Asset.ID {
					b.compare(expected, id)
				}
			}
		}
	}
}

// look asks for everything that is to be shown now. It must be what was published: a reading that changes
// with time and wakes nobody stays wrong at every controller.
func (b *building) look() {
	if b.running == nil {
		return
	}
	u := b.mirror.All(b.instant())
	b.summary[1] = u.Summary
	b.all = make(map[gateway.AssetID]gateway.Snapshot, len(u.Changed))
	for _, s := range u.Changed {
		b.all[s.Asset.ID] = s
		published := b.shown[s.Asset.ID]
		if !b.astray && (published.Asset == nil || gistOf(&published) != gistOf(&s)) {
			b.astray = true
			b.Errorf("%s: at %s what was published of %s is not what is so:\npublished: %s\n       so: %s", b.file, b.clock(), s.Asset.ID,
				describe(&published, published.Reason.Text(b.story.place)), describe(&s, s.Reason.Text(b.story.place)))
		}
	}
}

// gist is what matters of a snapshot to whoever reads it.
type gist struct {
	has      gateway.Measures
	readings [gateway.MeasureCount]gateway.Reading
	quality  gateway.Quality
	reason   gateway.Reason
	ends     gateway.Timestamp
	coverage int
	estimate bool
}

func gistOf(s *gateway.Snapshot) gist {
	reason := s.Reason
	reason.By = nil
	return gist{s.Has, s.Readings, s.Quality, reason, s.OffDelayEnds, s.Coverage, s.Estimate}
}

// expect compares what must be so now with what is seen, and goes on to do so as long as it must be so.
func (b *building) expect(s *episode) {
	if b.running == nil {
		b.Fatalf("%s:%d: %s: nothing can be expected of a gateway that is down", b.file, s.line, s.text)
	}
	if len(s.assets) == 0 {
		b.compare(s, "")
	}
	for _, id := range s.assets {
		b.compare(s, id)
	}
	if s.until > s.at {
		b.lasting = append(b.lasting, s)
	}
}

// compare compares an expectation with what was published, and with what is shown when everything is asked
// for. It tells of each expectation that fails only once.
func (b *building) compare(s *episode, id gateway.AssetID) {
	for i, seen := range []map[gateway.AssetID]gateway.Snapshot{b.shown, b.all} {
		asset, ok := seen[id]
		if !ok && id != "" {
			b.failed(s, id, "nothing is known of it", "")
			return
		}
		state := [...]*gateway.State{b.running, b.mirror}[i]
		v := &view{asset: asset, summary: b.summary[i], reason: func(m gateway.Measure) (gateway.ReasonCode, string) {
			if m == gateway.Occupied || m == gateway.HVAC {
				return asset.Reason.Code, asset.Reason.Text(b.story.place)
			}
			for _, p := range state.Explain(b.instant(), id).Points {
				if p.Measure == m {
					return p.Code, p.Reason
				}
			}
			return 0, "there is no such measure"
		}}
		for _, c := range s.claims {
			if got := c(v); got != "" {
				b.failed(s, id, got, [...]string{"published", "shown"}[i])
				return
			}
		}
		if s.until > s.at && s.at < b.now {
			return // all is compared with what is published at every moment
		}
	}
}

func (b *building) failed(s *episode, id gateway.AssetID, got, how string) {
	s.until = s.at // it need not be told again
	seen := b.shown[id]
	if how == "shown" {
		seen = b.all[id]
	}
	detail := ""
	if seen.Asset != nil {
		detail = "\n\t" + describe(&seen, seen.Reason.Text(b.story.place))
	}
	b.Errorf("%s:%d: %s\n\tat %s %s: %s %s%s", b.file, s.line, s.text, b.clock(), id, how, got, detail)
}
