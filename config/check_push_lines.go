package config

import (
	"fmt"

	"github.com/BurntSushi/toml"
)

// targetsInOrder calls yield with each target, in the order of the file.
func (d *document) targetsInOrder(c *Config, yield func(key toml.Key, p *Push)) {
	seen := map[string]bool{}
	for _, k := range d.meta.Keys() {
		if len(k) < 2 || k[0] != "push" || seen[k[1]] {
			continue
		}
		seen[k[1]] = true
		if p, ok := c.Push[k[1]]; ok {
			yield(k[:2:2], &p)
		}
	}
}

// checkLines refuses targets that would want the same line otherwise.
func (d *document) checkLines(c *Config) {
	type user struct {
		name string
		push Push
	}
	first := map[string]user{}
	d.targetsInOrder(c, func(key toml.Key, p *Push) {
		address := p.Target.Address()
		before, shared := first[address]
		if address == "" {
			return
		}
		if !shared {
			first[address] = user{key[1], *p}
			return
		}
		if p.Target != before.push.Target {
			d.blame(below(key, "target"), "speaks otherwise than push."+before.name+" does to the same address",
				"one address is either tcp or rtuovertcp")
			return
		}
		for _, s := range []struct {
			name   string
			differ bool
		}{{"baud", p.Baud != before.push.Baud}, {"parity", p.Parity != before.push.Parity}, {"stop_bits", p.StopBits != before.push.StopBits}} {
			if s.differ && p.Target.Serial() {
				d.blame(below(key, s.name), "is another than that of push."+before.name+", which shares the port",
					"all units on a line have the same "+s.name, toml.Key{"push", before.name, s.name})
			}
		}
	})
}

// checkOverlaps refuses points that would write the same register or coil.
func (d *document) checkOverlaps(c *Config) {
	type place struct {
		line    string
		unit    int
		coil    bool
		address int
	}
	taken := map[place]string{}
	seen := map[string]bool{}
	for _, k := range d.meta.Keys() {
		if len(k) < 4 || k[0] != "push" || k[2] != "points" {
			continue
		}
		key := k[:4:4]
		p, isTarget := c.Push[key[1]]
		v, isPoint := p.Points[key[3]]
		if seen[key.String()] || !isTarget || !isPoint || v.Address() < 0 || p.Target == "" {
			continue
		}
		seen[key.String()] = true
		name := "register"
		if v.IsCoil() {
			name = "coil"
		}
		for i := range v.Kind().Registers() {
			at := place{p.Target.Address(), p.UnitID, v.IsCoil(), v.Address() + i}
			if by, twice := taken[at]; twice {
				d.blame(below(key, name), fmt.Sprintf("is written by %s too: %s %d of unit %d", by, name, at.address, p.UnitID),
					"each register and coil of a unit is written by one point", below(key, "type"))
				break
			}
			taken[at] = keyText(key)
		}
	}
}
