package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// table shows every device with its entities and their states, as a person sees them.
func (v *view) table() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, d := range v.inOrder() {
		from := ""
		if via := v.devices[d.Via].Name; via != "" {
			from = ", via " + via
		}
		if area := v.areas[d.Area]; area != "" {
			from += ", area " + area
		}
		fmt.Fprintf(w, "%s (%s%s)\n", d.Name, d.Model, from)
		for _, e := range v.entities {
			if e.Device == d.ID {
				s := v.states[e.ID]
				fmt.Fprintf(w, "  %s\t%s\t%s\n", e.ID, e.OriginalName, shown(&e, &s))
			}
		}
	}
	w.Flush()
	return text.String()
}

func shown(e *entity, s *state) string {
	if e.DisabledBy != "" {
		return "(disabled)"
	}
	return strings.TrimSpace(s.State + " " + s.text("unit_of_measurement"))
}

// inOrder returns the devices, each after the one that it is connected via.
func (v *view) inOrder() []device {
	var all []device
	var below func(via string)
	below = func(via string) {
		var here []device
		for _, d := range v.devices {
			if d.Via == via {
				here = append(here, d)
			}
		}
		slices.SortFunc(here, func(a, b device) int { return strings.Compare(a.node(), b.node()) })
		for _, d := range here {
			all = append(all, d)
			below(d.ID)
		}
	}
	below("")
	return all
}
