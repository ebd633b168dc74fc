package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// readDevice is what is read: a gateway, or any other device, of which only the raw words can be shown.
type readDevice struct {
	client  *modbus.Client
	unit    uint8
	known   bool // it is a gateway, and we know its map
	options modbus.MapOptions
}

// survey finds out what the device is. Where that is no gateway it returns what to say about it.
func (d *readDevice) survey(order string) (string, error) {
	survey, err := d.client.Survey(time.Now())
	switch {
	case errors.Is(err, modbus.ErrNoGateway):
		return err.Error() + "; raw words are shown", nil
	case err != nil:
		return "", err
	case !survey.Known():
		return fmt.Sprintf("the gateway's map has schema version %d, which this program does not know; raw words are shown", survey.Schema), nil
	}
	d.known, d.options = true, survey.Map
	if order != "" {
		d.options.WordOrder, _ = modbus.ParseWordOrder(order) // it was checked
	}
	return "", nil
}

func (d *readDevice) ask(unit uint8) {
	d.unit = unit
	d.client.Ask(unit)
}

// read reads and decodes a range.
func (d *readDevice) read(r readRange) ([]modbus.Value, error) {
	if r.count == 0 {
		r.count = d.options.Together(d.unit, r.table, r.address)
	}
	if r.table.Bits() {
		bits, err := d.client.AllBits(r.table, r.address, r.count)
		if d.known {
			return slices.Collect(modbus.DecodeBits(d.options, d.unit, r.address, bits)), err
		}
		words := make([]uint16, len(bits))
		for k, set := range bits {
			if set {
				words[k] = 1
			}
		}
		return rawValues(r.address, words), err
	}
	words, err := d.client.AllRegisters(r.table, r.address, r.count)
	if d.known {
		return slices.Collect(modbus.Decode(d.options, d.unit, r.address, words)), err
	}
	return rawValues(r.address, words), err
}

func rawValues(address uint16, words []uint16) []modbus.Value {
	values := make([]modbus.Value, len(words))
	for k := range words {
		values[k] = modbus.Value{Address: address + uint16(k), Words: words[k : k+1], Asset: gateway.NoNumber}
	}
	return values
}

// names asks what the assets are called whose values were read; a number that no asset has is called "".
// Where the device does not tell, values are shown without.
func (d *readDevice) names(values []modbus.Value) map[gateway.Number]string {
	first, last := gateway.NoNumber, gateway.Number(0)
	for _, v := range values {
		if v.Asset != gateway.NoNumber {
			first, last = min(first, v.Asset), max(last, v.Asset)
		}
	}
	if first == gateway.NoNumber {
		return nil
	}
	list, err := d.client.Names(d.options, first, int(last-first)+1)
	if err != nil {
		return nil
	}
	names := make(map[gateway.Number]string)
	for k, name := range list {
		names[first+gateway.Number(k)] = name
	}
	return names
}

// printValues shows values in a table. What is nothing for many addresses on end takes one line.
func printValues(w io.Writer, table modbus.Table, values []modbus.Value, names map[gateway.Number]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	assets := slices.ContainsFunc(values, func(v modbus.Value) bool { return v.Asset != gateway.NoNumber })
	header, columns := "ADDRESS\tREFERENCE\tRAW\tNAME\tVALUE", ""
	if assets {
		columns = "\tASSET"
	}
	fmt.Fprintln(t, header+columns)
	for len(values) > 0 {
		v, run := values[0], runOf(values, table, names)
		address, reference, text := strconv.Itoa(int(v.Address)), table.Reference(v.Address), v.Text
		if run > 1 {
			last := values[run-1].Address + uint16(len(values[run-1].Words)) - 1
			address, reference = fmt.Sprintf("%s-%d", address, last), reference+"-"+table.Reference(last)
			text = fmt.Sprintf("%d %s", run, nothing(&v, table, names))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s", address, reference, rawOf(&v), v.Name, text)
		if assets && run == 1 && v.Asset != gateway.NoNumber {
			fmt.Fprintf(t, "\t%s", labelOf(v.Asset, names))
		}
		fmt.Fprintln(t)
		values = values[run:]
	}
	return t.Flush()
}

// labelOf returns an asset's number and what it is called.
func labelOf(n gateway.Number, names map[gateway.Number]string) string {
	name, ok := names[n]
	if ok && name == "" {
		name = "(none)"
	}
	return strings.TrimSpace(strconv.Itoa(int(n)) + " " + name)
}

func rawOf(v *modbus.Value) string {
	words := make([]string, len(v.Words))
	for k, word := range v.Words {
		words[k] = strconv.Itoa(int(word))
	}
	return strings.Join(words, " ")
}

// nothing tells in the plural what a value is that says nothing, "" if it says something.
func nothing(v *modbus.Value, table modbus.Table, names map[gateway.Number]string) string {
	name, ok := names[v.Asset]
	switch {
	case ok && name == "":
		return "numbers without an asset"
	case v.Name != "" || v.Words[0] != 0:
		return ""
	case table.Bits():
		return "bits, all 0"
	}
	return "registers, all 0"
}

// runOf returns how many of the first values can be shown in one line: 1, or all that say nothing in the
// same way.
func runOf(values []modbus.Value, table modbus.Table, names map[gateway.Number]string) int {
	first := &values[0]
	why := nothing(first, table, names)
	if why == "" {
		return 1
	}
	run := 1
	for run < len(values) && nothing(&values[run], table, names) == why && values[run].Name == first.Name && slices.Equal(values[run].Words, first.Words) {
		run++
	}
	return run
}
