package gateway

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Override stands in for what the events say of one target of one asset, until it expires or is released.
// It changes nothing else.
type Override struct {
	Asset  Number
	Target Target
	Value  int // 0 vacant, 1 occupied; of TargetPeople the count
	Source Source
	Author string    // who, as far as it is known
	Reason string    // why, in the author's words
	Since  Timestamp //
	Until  Timestamp // it ends by itself
}

// Target is what an override stands in for. Its numbers are stored.
type Target uint8

// The targets.
const (
	TargetOutputs Target = iota // all three outputs
	TargetLighting
	TargetHVAC
	TargetVentilation
	TargetPeople
	TargetCount = iota
)

var targetNames = [TargetCount]string{"occupied", "lighting", "hvac", "ventilation", "people"}

// String returns the target's name, as commands and payloads use it.
func (t Target) String() string {
	if int(t) < len(targetNames) {
		return targetNames[t]
	}
	return fmt.Sprintf("target(%d)", uint8(t))
}

// ParseTarget returns the target of that name; ok is false if there is none.
func ParseTarget(name string) (t Target, ok bool) {
	for i, n := range targetNames {
		if n == name {
			return Target(i), true
		}
	}
	return 0, false
}

// Source is who may override. A greater one beats a smaller one. Its numbers are stored.
type Source uint8

// The sources.
const (
	FromController Source = iota // a building controller
	FromMessage                  // a message of the building's broker
	FromOperator                 // a person, on the command line or the page
	sourceCount    = iota
)

var sourceNames = [sourceCount]string{"controller", "message", "operator"}

// String returns the source's name.
func (s Source) String() string {
	if int(s) < len(sourceNames) {
		return sourceNames[s]
	}
	return fmt.Sprintf("source(%d)", uint8(s))
}

// DefaultOverride and LongestOverride bound how long an override lasts.
const (
	DefaultOverride = time.Hour
	LongestOverride = 30 * 24 * time.Hour
)

// OverrideChange is one entry of the audit: an override that began, was released, or ended by itself.
type OverrideChange struct {
	At       Timestamp
	Asset    AssetID
	Change   string // "forced", "released", "expired"
	By       string // who changed it
	Override Override
}

// withOverride returns overrides with another one, in the place of that of its target. What it was given
// stays as it is.
func withOverride(overrides []Override, o Override) []Override {
	out := make([]Override, 0, len(overrides)+1)
	for _, old := range overrides {
		if old.Target != o.Target {
			out = append(out, old)
		}
	}
	out = append(out, o)
	slices.SortFunc(out, func(a, b Override) int { return int(a.Target) - int(b.Target) })
	return out
}

// Brief tells whether the seconds of its end matter.
func (o *Override) Brief() bool { return o.Until.Sub(o.Since) < 10*time.Minute }

func findOverride(overrides []Override, t Target) int {
	return slices.IndexFunc(overrides, func(o Override) bool { return o.Target == t })
}

// Force adds an override to the batch in progress, and returns it as it is in force. Until 0 means
// [DefaultOverride] from now. An error says what to do instead; the batch is then as it was.
func (s *State) Force(i Instant, id AssetID, o Override) (Override, error) {
	a := s.byID[id]
	if a == nil || s.outOfService(a) {
		return o, fmt.Errorf("forcing %s: no such asset is in service; \"points list\" shows those that are", id)
	}
	now := s.clock.now(i)
	o.Asset, o.Since = a.about.Number, now
	if o.Until == 0 {
		o.Until = now.Add(DefaultOverride)
	}
	if err := o.check(now); err != nil {
		return o, fmt.Errorf("forcing %s of %s: %w", o.Target, id, err)
	}
	if k := findOverride(a.overrides, o.Target); k >= 0 && now < a.overrides[k].Until && a.overrides[k].Source > o.Source {
		old := &a.overrides[k]
		return o, fmt.Errorf("forcing %s of %s: %s %s has forced it until %s; that has to be released first", o.Target, id,
			old.Source, old.Author, old.Until.Time().In(s.days(a).place).Format("2006-01-02 15:04"))
	}
	s.pending.touch(a, false)
	renewed := false
	if k := findOverride(a.overrides, o.Target); k >= 0 && o.renews(&a.overrides[k], now) {
		renewed, o.Since = true, a.overrides[k].Since
	}
	a.overrides = withOverride(a.overrides, o)
	s.pending.override(a, o.Target)
	if !renewed {
		s.pending.audit = append(s.pending.audit, OverrideChange{At: now, Asset: id, Change: "forced", By: o.Author, Override: o})
	}
	s.forced[a] = true
	return o, nil
}

// renews tells whether an override only lets the one before last longer: what a controller or an automation
// says again every minute would else fill the audit.
func (o *Override) renews(old *Override, now Timestamp) bool {
	return o.Source != FromOperator && old.Source == o.Source && now < old.Until &&
		o.Value == old.Value && o.Author == old.Author && o.Reason == old.Reason
}

func (o *Override) check(now Timestamp) error {
	switch {
	case int(o.Target) >= TargetCount || int(o.Source) >= sourceCount:
		return errors.New("there is no such target or source")
	case o.Target == TargetPeople && (o.Value < 0 || o.Value > countLimit):
		return fmt.Errorf("people can be 0 to %d", countLimit)
	case o.Target != TargetPeople && o.Value != 0 && o.Value != 1:
		return errors.New("it can be occupied or vacant")
	case o.Until <= now:
		return errors.New("it would end before it begins")
	case o.Until.Sub(now) > LongestOverride:
		return fmt.Errorf("it may last %d days at most", LongestOverride/(24*time.Hour))
	}
	return nil
}

// Release adds to the batch in progress that an asset's overrides end: that of the target, or all. Those
// of a greater source than by stay. It returns those that end.
func (s *State) Release(i Instant, id AssetID, target Target, all bool, by Source, author string) ([]Override, error) {
	a := s.byID[id]
	if a == nil {
		return nil, fmt.Errorf("releasing %s: there is no such asset; \"points list\" shows those that are", id)
	}
	now, ended := s.clock.now(i), []Override(nil)
	var stays error
	for _, o := range inForceAt(a.overrides, now) {
		switch {
		case !all && o.Target != target:
		case o.Source > by:
			stays = fmt.Errorf("releasing %s of %s: it was forced by %s %s, who has to release it", o.Target, id, o.Source, o.Author)
		default:
			s.end(now, a, o, "released", author)
			ended = append(ended, o)
		}
	}
	return ended, stays
}

func (s *State) end(now Timestamp, a *asset, o Override, change, by string) {
	s.pending.touch(a, false)
	a.overrides = slices.DeleteFunc(slices.Clone(a.overrides), func(other Override) bool { return other.Target == o.Target })
	if len(a.overrides) == 0 {
		a.overrides = nil
	}
	s.pending.override(a, o.Target)
	s.pending.audit = append(s.pending.audit, OverrideChange{At: now, Asset: a.about.ID, Change: change, By: by, Override: o})
}

// expireOverrides adds to the batch in progress the end of the overrides whose time has come. They have
// counted for nothing since.
func (s *State) expireOverrides(now Timestamp) {
	for a := range s.forced {
		for _, o := range a.overrides {
			if now >= o.Until {
				s.end(now, a, o, "expired", "")
			}
		}
		if len(a.overrides) == 0 && a.batch != s.pending.number+1 {
			delete(s.forced, a)
		}
	}
}

// override notes that the override of a target is to be stored, or deleted.
func (p *pendingBatch) override(a *asset, t Target) {
	p.mark(a)
	if !slices.Contains(p.overrides, overrideRow{a, t}) {
		p.overrides = append(p.overrides, overrideRow{a, t})
	}
}

// inForceAt returns the overrides in force at a moment.
func inForceAt(overrides []Override, now Timestamp) []Override {
	for i := range overrides {
		if now >= overrides[i].Until {
			return slices.DeleteFunc(slices.Clone(overrides), func(o Override) bool { return now >= o.Until })
		}
	}
	return overrides
}

// ResetEstimate adds to the batch in progress that an asset's traffic estimate begins anew: nobody is there
// now, and what passed before counts no more.
func (s *State) ResetEstimate(i Instant, id AssetID) error {
	a := s.byID[id]
	if a == nil || a.total.At == 0 {
		return fmt.Errorf("resetting the traffic estimate of %s: no traffic of it is known", id)
	}
	now := s.clock.now(i)
	s.pending.touch(a, false)
	s.pending.mark(a)
	a.total.Day, a.total.Net = now, 0
	if h := a.feeds[TrafficFeed]; h != nil {
		s.pending.touchHistory(a, TrafficFeed)
		h.drop(len(h.window)-1, TrafficFeed, a.settings, s.days(a))
		h.before.Day, h.before.Sum = now, 0
		h.before.mark(clear_, now)
	}
	return nil
}
