package main

import (
	"maps"
	"slices"
	"time"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/modbus/push"
	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// pushTargets returns what the configuration says is written to controllers, in the order of the names.
func pushTargets(c *config.Config) []push.Target {
	var out []push.Target
	for _, name := range slices.Sorted(maps.Keys(c.Push)) {
		p := c.Push[name]
		t := push.Target{
			Name: name, Unit: uint8(p.UnitID), Refresh: p.Refresh, Timeout: p.Timeout,
			Line: push.Line{Transport: push.TCP, Address: p.Target.Address()},
		}
		switch {
		case p.Target.OverTCP():
			t.Line.Transport = push.RTUOverTCP
		case p.Target.Serial():
			t.Line = push.Line{
				Transport: push.Serial, Address: p.Target.Address(), Baud: p.Baud, Parity: parities[p.Parity], StopBits: p.StopBits,
			}
		}
		for _, name := range slices.Sorted(maps.Keys(p.Points)) {
			v := p.Points[name]
			t.Points = append(t.Points, pushPoint(name, &p, &v))
		}
		out = append(out, t)
	}
	return out
}

var parities = map[config.Parity]push.Parity{
	config.EvenParity: push.EvenParity, config.OddParity: push.OddParity, config.NoParity: push.NoParity,
}

func pushPoint(name string, p *config.Push, v *config.PushPoint) push.Point {
	out := push.Point{
		Name: name, Asset: string(v.Asset), Measure: v.Measure, Table: modbus.Holding, Address: uint16(v.Address()),
		Function: uint8(v.Code()), Scale: v.Scale, Offset: v.Offset, Values: make(map[string]int64), ReadBack: v.ReadBack,
	}
	if v.IsCoil() {
		out.Table = modbus.Coil
	}
	order, stop := v.WordOrder, v.OnStop
	if order == "" {
		order = p.WordOrder
	}
	if stop == "" {
		stop = p.OnStop
	}
	// The configuration has refused everything that these do not know.
	out.Type, _ = push.ParseType(string(v.Kind()))
	out.WordOrder, _ = modbus.ParseWordOrder(string(order))
	for _, s := range v.Values {
		out.Values[s.State] = s.Number
	}
	if number, ok := stop.Number(); ok {
		out.OnStop = push.OnStop{Do: push.OnStopNumber, Number: number}
	} else if stop == config.OnStopPolicy {
		out.OnStop.Do = push.OnStopPolicy
	}
	return out
}

func pushOptions(s *service) push.Options {
	return push.Options{
		Targets: pushTargets(s.config), Grace: s.graceOf, Loss: s.lossOf,
		Start: s.start, Clock: s.clock, Alarms: s.alarms, Log: s.log, Metrics: s.metrics,
	}
}

// graceOf tells how long after the start an asset's events are waited for; nil is an asset that nothing is
// known of.
func (s *service) graceOf(a *gateway.Asset) time.Duration {
	if a == nil {
		return s.rules().State.StartupGrace
	}
	settings := s.rules().For(a.ID, a.Kind, a.Site, a.CustomID)
	return settings.StartupGrace
}

// lossOf tells what an output does when nothing is heard any more.
func (s *service) lossOf(a *gateway.Asset, o gateway.Output, at gateway.Timestamp) gateway.Policy {
	return s.rules().Loss(a, o, at)
}

// pushStatus tells how each target is, for the page and the status.
func (s *service) pushStatus() []web.PushTarget {
	out := []web.PushTarget{}
	if s.pusher == nil {
		return out
	}
	for _, t := range s.pusher.Status() {
		target := web.PushTarget{
			Name: t.Name, Address: t.Address, Unit: int(t.Unit), State: t.State.String(), Why: t.Why, Since: web.Moment(t.Since),
			LastAnswer: web.Moment(t.LastAnswer), LastError: t.LastError, LastErrorAt: web.Moment(t.ErredAt),
			Writes: t.Writes, Errors: t.Errors, Exceptions: t.Exceptions, Mismatches: t.Mismatches,
		}
		for _, p := range t.Points {
			target.Points = append(target.Points, pointStatus(&p))
		}
		out = append(out, target)
	}
	return out
}

func pointStatus(p *push.PointStatus) web.PushPoint {
	out := web.PushPoint{
		Name: p.Name, Asset: p.Asset, AssetID: string(p.AssetID), Measure: p.Measure, Table: p.Table, Address: int(p.Address),
		Reference: p.Reference, Function: int(p.Function), Type: p.Type, At: web.Moment(p.At), Why: p.Why,
	}
	if p.Written {
		out.Written = &p.Number
	}
	return out
}

// pushStates yields the name and the state of each target.
func (s *service) pushStates(yield func(name, state string) bool) {
	for _, t := range s.pusher.Status() {
		if !yield(t.Name, t.State.String()) {
			return
		}
	}
}
