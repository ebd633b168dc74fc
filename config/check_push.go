package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"

	"github.com/BurntSushi/toml"
)

const (
	pushKeyHint = "a name has up to 64 letters, digits, - and _"
	qualityName = "quality"
	unknownName = "unknown"
)

// bauds are the speeds of serial lines that controllers have.
var bauds = []int{1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200}

func (d *document) checkPush(c *Config) {
	for _, name := range slices.Sorted(maps.Keys(c.Push)) {
		p := c.Push[name]
		key := toml.Key{"push", name}
		if !groupKey.MatchString(name) {
			d.refuse(key, fault{message: "is not a name for a target", hint: pushKeyHint + ", as in [push.ahu-3]"})
		}
		d.checkTarget(key, &p)
		for _, point := range slices.Sorted(maps.Keys(p.Points)) {
			v, below := p.Points[point], toml.Key{"push", name, "points", point}
			if !groupKey.MatchString(point) {
				d.refuse(below, fault{message: "is not a name for a point", hint: pushKeyHint + ", as in [push.ahu-3.points.occupancy]"})
			}
			d.checkPoint(below, &p, &v, c.Groups)
		}
	}
	d.checkLines(c)
	d.checkOverlaps(c)
}

// blame refuses a key, unless it, its section, or one of the keys that its fault depends on, was refused
// already.
func (d *document) blame(key toml.Key, message, hint string, dependsOn ...toml.Key) {
	for _, k := range append(dependsOn, key, key[:len(key)-1]) {
		if d.refused[k.String()] {
			return
		}
	}
	d.refuse(key, fault{message: message, hint: hint})
}

func (d *document) checkTarget(key toml.Key, p *Push) {
	target := below(key, "target")
	if p.Target == "" {
		d.blame(target, "must be set", targetHint)
	}
	if len(p.Points) == 0 {
		d.blame(below(key, "points"), "must be sections: nothing is written without points", "write ["+keyText(below(key, "points"))+".occupancy] and its keys, or remove the section")
	}
	low, high, hint := 1, 247, "a serial line has units 1 to 247; 0 would be every device on it, and none of them answers"
	if p.Target == "" || !p.Target.Serial() && !p.Target.OverTCP() {
		low, high, hint = 0, 255, ""
	}
	if p.UnitID < low || p.UnitID > high {
		d.blame(below(key, "unit_id"), notBetween(low, high).message, hint, target)
	}
	d.lasts(below(key, "refresh").String(), p.Refresh, time.Second, 24*time.Hour)
	d.lasts(below(key, "timeout").String(), p.Timeout, 50*time.Millisecond, time.Minute)
	d.checkPort(key, p)
}

// checkPort checks what only a serial port has.
func (d *document) checkPort(key toml.Key, p *Push) {
	for _, name := range []string{"baud", "parity", "stop_bits"} {
		if k := below(key, name); p.Target != "" && !p.Target.Serial() && d.meta.IsDefined(k...) {
			d.blame(k, "only has a meaning with a serial port", "remove the line", below(key, "target"))
		}
	}
	if !slices.Contains(bauds, p.Baud) {
		texts := make([]string, len(bauds))
		for i, baud := range bauds {
			texts[i] = strconv.Itoa(baud)
		}
		d.blame(below(key, "baud"), "is no speed of a serial line", "write "+orList(texts))
	}
	d.between(below(key, "stop_bits").String(), p.StopBits, 1, 2)
}

// checkPoint checks one point of a target by itself.
func (d *document) checkPoint(key toml.Key, p *Push, v *PushPoint, groups map[string]Group) {
	d.checkPushAsset(below(key, "asset"), v.Asset, groups)
	d.checkAddress(key, v)
	measured := d.checkMeasure(key, v)
	switch {
	case v.Scale == 0 || math.IsNaN(v.Scale) || math.IsInf(v.Scale, 0):
		d.blame(below(key, "scale"), "makes every value the same", "what is written is value × scale + offset")
	case math.IsNaN(v.Offset) || math.IsInf(v.Offset, 0):
		d.blame(below(key, "offset"), "is no number", "what is written is value × scale + offset")
	}
	if measured {
		d.checkStates(key, v)
		d.checkOnStop(key, p, v)
		d.warnOfNumbers(key, v)
	}
}

func (d *document) checkPushAsset(key toml.Key, asset PushAsset, groups map[string]Group) {
	if asset == "" {
		d.blame(key, "must be set", pushAssetHint)
		return
	}
	group, isGroup := strings.CutPrefix(string(asset), groupPrefix)
	if !isGroup {
		d.warnOfID(key, gateway.AssetID(asset), "")
		return
	}
	if _, known := groups[group]; !known {
		bad := fault{message: "is a group that this file does not have", hint: "write [groups." + group + "] and its members"}
		if meant := nearest(group, slices.Sorted(maps.Keys(groups))); meant != "" {
			bad.hint = "did you mean " + strconv.Quote(groupPrefix+meant) + "?"
		}
		d.refuse(key, bad)
	}
}

// checkAddress checks that a point has one place that its type fits in and its function writes to.
func (d *document) checkAddress(key toml.Key, v *PushPoint) {
	register, coil := below(key, "register"), below(key, "coil")
	switch hasRegister, hasCoil := d.meta.IsDefined(register...), d.meta.IsDefined(coil...); {
	case hasRegister && hasCoil:
		d.blame(coil, "is set, and so is register", "remove one of them: a point is one value")
		return
	case !hasRegister && !hasCoil:
		d.blame(register, "must be set, or coil", `write the register's number, counted from 0, or its reference, as in "4x1701"`)
		return
	case d.refused[register.String()], d.refused[coil.String()]:
		return
	}
	typ, function := below(key, "type"), below(key, "function")
	if v.IsCoil() != (v.Kind() == "bool") {
		hint := "leave the line out: a coil is true or false"
		if !v.IsCoil() {
			hint = "leave the line out for u16; 0 and 1 are written as numbers"
		}
		d.blame(typ, "does not fit "+pushTables[tableDigit(v)].what, hint)
		return
	}
	switch code := v.Code(); {
	case v.IsCoil() && code != 5 && code != 15:
		d.blame(function, "does not write a coil", "write 5, or 15; without the line it is 5")
	case !v.IsCoil() && code != 6 && code != 16:
		d.blame(function, "does not write a holding register", "write 6, or 16; without the line it is 6, and 16 for types of 32 bits")
	case code == 6 && v.Kind().Registers() > 1:
		d.blame(function, "writes one register, and "+string(v.Kind())+" takes two", "write 16, or leave the line out", typ)
	}
	if v.Address()+v.Kind().Registers() > 1<<16 {
		d.blame(register, "leaves no room for the second register of "+string(v.Kind()), "65535 is the last register", typ)
	}
}

func tableDigit(v *PushPoint) string {
	if v.IsCoil() {
		return "0"
	}
	return "4"
}

// pushMeasures are what a point can show.
func pushMeasures() []string {
	var names []string
	for m := range gateway.Measure(gateway.MeasureCount) {
		names = append(names, m.String())
	}
	return append(names, qualityName)
}

// checkMeasure tells whether the measure is one.
func (d *document) checkMeasure(key toml.Key, v *PushPoint) bool {
	k := below(key, "measure")
	names := pushMeasures()
	switch {
	case v.Measure == "":
		d.blame(k, "must be set", "write "+orList(names))
		return false
	case !slices.Contains(names, v.Measure):
		bad := fault{message: "is no measure", hint: "write " + orList(names)}
		if meant := nearest(v.Measure, names); meant != "" {
			bad.hint = "did you mean " + strconv.Quote(meant) + "?"
		}
		d.refuse(k, bad)
		return false
	}
	if m, ok := gateway.ParseMeasure(v.Measure); v.IsCoil() && (!ok || !m.Binary()) {
		d.refuse(k, fault{message: "is no yes or no, and a coil holds nothing else", hint: "write it to a register, or choose occupied, lighting, hvac, ventilation or motion"})
		return false
	}
	return true
}

// states returns the names of the values that a measure has, without unknown.
func states(measure string) []string {
	if measure == qualityName {
		var names []string
		for q := range gateway.Quality(gateway.QualityCount) {
			names = append(names, q.String())
		}
		return names
	}
	m, _ := gateway.ParseMeasure(measure)
	if no, yes := m.States(); no != "" {
		return []string{no, yes}
	}
	return nil
}

// checkStates checks the numbers that stand for states.
func (d *document) checkStates(key toml.Key, v *PushPoint) {
	k := below(key, "values")
	known := states(v.Measure)
	if v.Measure != qualityName {
		known = append(known, unknownName)
	}
	for _, s := range v.Values {
		value := strconv.Quote(visible(s.State))
		switch {
		case !slices.Contains(known, s.State):
			d.refuse(k, fault{value: value, message: "is nothing that " + v.Measure + " can be", hint: "write " + orList(known)})
		case !v.Kind().holds(s.Number) && !d.refused[below(key, "type").String()]:
			d.refuse(k, fault{value: value, message: fmt.Sprintf("is %d, which does not fit into %s", s.Number, v.Kind()), hint: "correct the number, or the type"})
		}
	}
	if len(v.Values) == 0 || len(known) <= 1 || d.refused[k.String()] {
		return
	}
	for _, name := range states(v.Measure) {
		if !slices.ContainsFunc(v.Values, func(s StateNumber) bool { return s.State == name }) {
			d.warnings = append(d.warnings, d.problem(k, fault{
				message: fmt.Sprintf("has no entry for %s: then %v is written", name, unmapped(v, name)), hint: "write an entry for each of " + andList(states(v.Measure)),
			}))
		}
	}
}

// unmapped returns what is written for a state that values does not have.
func unmapped(v *PushPoint, name string) float64 {
	return float64(slices.Index(states(v.Measure), name))*v.Scale + v.Offset
}

func (d *document) checkOnStop(key toml.Key, p *Push, v *PushPoint) {
	k, on := below(key, "on_stop"), v.OnStop
	if on == "" {
		k, on = below(key[:2], "on_stop"), p.OnStop
	}
	if number, ok := on.Number(); ok && !v.Kind().holds(number) {
		d.blame(k, fmt.Sprintf("does not fit into %s, the type of point %s", v.Kind(), keyText(key[3:])),
			"write a number that the controller takes there, or give the point an on_stop of its own", below(key, "type"))
	}
	m, isMeasure := gateway.ParseMeasure(v.Measure)
	if v.OnStop == OnStopPolicy && (!isMeasure || !m.Binary() || m == gateway.Motion) {
		d.blame(k, "has no meaning: only occupied, lighting, hvac and ventilation have a policy", `write "leave", or a number`)
	}
}

// warnOfNumbers warns of what will not go on as it begins.
func (d *document) warnOfNumbers(key toml.Key, v *PushPoint) {
	m, isMeasure := gateway.ParseMeasure(v.Measure)
	if total := isMeasure && (m == gateway.TrafficIn || m == gateway.TrafficOut); total && !v.IsCoil() && v.Kind().Registers() == 1 {
		d.warnings = append(d.warnings, d.problem(below(key, "measure"), fault{
			message: "is a total that only grows, and soon does not fit into " + string(v.Kind()) + " any more", hint: `write type = "u32", which takes two registers`,
		}))
	}
}
