package web

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/adapters/internal/celltext"
	"butlr-gateway/gateway"
)

var walkColumns = []string{
	"time", "asset", "number", "name", "path", "expected", "expected_people", "seen", "seen_people", "quality", "reason", "unit_id", "address",
	"input", "holding", "words", "topic", "initials", "verdict", "note",
}

// WriteCSV writes the checks, a line each, with the times of a place.
func (walk *Walk) WriteCSV(to io.Writer, place *time.Location) error {
	out := csv.NewWriter(to)
	if err := out.Write(walkColumns); err != nil {
		return err
	}
	for i := range walk.Checks {
		record := walk.Checks[i].record(place)
		for k, cell := range record {
			record[k] = celltext.Harmless(celltext.Visible(cell))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func (c *Check) record(place *time.Location) []string {
	unit, address, input, holding := "", "", "", ""
	if c.Register != nil {
		unit, address = strconv.Itoa(c.Register.Unit), strconv.Itoa(c.Register.Address)
		input, holding = c.Register.Input, c.Register.Holding
	}
	people := ""
	if c.People != nil {
		people = strconv.Itoa(*c.People)
	}
	words := make([]string, len(c.Words))
	for i, word := range c.Words {
		words[i] = fmt.Sprintf("%04X", word)
	}
	return []string{
		walkMoment(c.At, place), string(c.Asset), strconv.Itoa(int(c.Number)), c.Name, strings.Join(c.Path, " / "), c.Expected, people,
		c.seen(gateway.Occupied), c.seen(gateway.People), c.Quality, c.Reason, unit, address, input, holding, strings.Join(words, " "),
		c.Topic, c.Initials, c.Verdict, c.Note,
	}
}

// seen says what a reading was; "" where the asset has none, and unknown while nobody knew.
func (c *Check) seen(m gateway.Measure) string {
	value, has := c.Seen[m.String()]
	switch {
	case !has:
		return ""
	case value == nil:
		return "unknown"
	case m.Binary():
		no, yes := m.States()
		if *value == 0 {
			return no
		}
		return yes
	}
	return strconv.FormatInt(*value, 10)
}
