package gateway

import (
	"slices"
	"time"
)

// diary is what a hub has logged, so that it logs what is news only.
type diary struct {
	refused [RefusalCount]uint64        // events of each reason that were told
	told    [RefusalCount]time.Duration // when, by the monotonic clock
	losses  uint64
	lost    []*asset // sites whose loss is known to the log
}

// refusalPause is how often events that are refused for one reason are logged at the most.
const refusalPause = time.Minute

// logRefusals logs the first event that is refused for each reason, and then how many more there are.
func (h *Hub) logRefusals(now Instant) {
	d := &h.diary
	for why := range Refusal(RefusalCount) {
		more := h.state.refusals[why] - d.refused[why]
		if more == 0 || d.refused[why] > 0 && now.Mono-d.told[why] < refusalPause {
			continue
		}
		d.refused[why], d.told[why] = h.state.refusals[why], now.Mono
		e := h.state.refused.newest(why)
		if e == nil {
			e = &RefusedEvent{Reason: why, Arrived: now.Timestamp()}
		}
		h.log.Warn("event refused", "reason", why.String(), "why", h.state.explainRefusal(e), "type", e.Type.String(),
			"place", e.Place, "name", e.Name, "events", more)
	}
}

// logSites logs which further sites are lost, and which of several lost ones are heard again: the alarm says
// so of the first and of the last.
func (h *Hub) logSites(now Timestamp) {
	d := &h.diary
	if d.losses == h.state.losses {
		return
	}
	d.losses = h.state.losses
	lost := h.state.lostSites
	for a := range lost {
		if !slices.Contains(d.lost, a) && (len(lost) > 1 || len(d.lost) > 0) {
			h.log.Warn("nothing is heard of a site any more", "site", a.about.ID, "name", a.about.Label(), "silent_for", rounded(now.Sub(a.life.heard)))
		}
	}
	for _, a := range d.lost {
		if !lost[a] && len(lost) > 0 {
			h.log.Info("a site is heard again", "site", a.about.ID, "name", a.about.Label())
		}
	}
	d.lost = d.lost[:0]
	for a := range lost {
		d.lost = append(d.lost, a)
	}
}

// logOverrides logs what became of overrides, a line each.
func (h *Hub) logOverrides(changes []OverrideChange) {
	for i := range changes {
		c := &changes[i]
		o := &c.Override
		h.log.Info("override "+c.Change, "asset", c.Asset, "target", o.Target.String(), "value", o.Value, "by", c.By,
			"source", o.Source.String(), "until", o.Until.Time().Format(time.RFC3339), "reason", o.Reason)
	}
}

// changesLogged is how many changes of one plan are logged one by one; the ledger has all of them.
const changesLogged = 200

// logPlan logs what became of the ledger: a line for the whole, and one for each asset that an operator moved,
// retired or reinstated.
func (h *Hub) logPlan(p *Plan, author string) {
	if len(p.Told) > 0 {
		h.log.Info("inventory taken over", "by", author, "changes", len(p.Told))
	}
	if p.leavesLedger() {
		return
	}
	var counts [stepCount]int
	for i := range p.Changes {
		c := &p.Changes[i]
		counts[c.Step]++
		if c.Step != StepAdd && i < changesLogged {
			h.log.Info("ledger: "+c.Step.String(), "asset", c.Asset, "name", c.Name, "from", c.From, "to", c.To, "why", c.Why, "by", author)
		}
	}
	h.log.Info("ledger settled", "by", author, "moved", counts[StepMove], "added", counts[StepAdd],
		"retired", counts[StepRetire], "reinstated", counts[StepReinstate], "covered", p.Covered)
}
