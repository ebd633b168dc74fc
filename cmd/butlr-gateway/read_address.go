package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// readRange is what to read: addresses, or the block of an asset.
type readRange struct {
	table   modbus.Table
	address uint16
	count   int    // 0: what belongs together there
	asset   string // as it was typed; the address is that of its block, once it is found
}

func parseReadRange(table string, args []string) (r readRange, err error) {
	if r.table, err = modbus.ParseTable(table); err != nil {
		return r, fmt.Errorf("--table: %w", err)
	}
	if err = r.parseAddress(args[0]); err != nil {
		return r, err
	}
	if len(args) == 2 {
		if r.count, err = strconv.Atoi(args[1]); err != nil {
			return r, fmt.Errorf("COUNT %q is not a number", args[1])
		}
		if r.count < 1 {
			return r, fmt.Errorf("COUNT %d is not possible: read 1 or more", r.count)
		}
	}
	if left := 65536 - int(r.address); r.count > left {
		return r, fmt.Errorf("COUNT %d goes beyond the last address, 65535: at most %d from %d", r.count, left, r.address)
	}
	return r, nil
}

// references are the first digits of the tables in the notation that many controllers use.
var references = map[byte]modbus.Table{'0': modbus.Coil, '1': modbus.Discrete, '3': modbus.Input, '4': modbus.Holding}

func (r *readRange) parseAddress(text string) error {
	if kind, named, ok := splitAsset(text); ok {
		_, err := strconv.ParseUint(named, 10, 32)
		if named == "" || kind == "number" && err != nil {
			return fmt.Errorf("ADDRESS %q names no asset: give number:3, custom:MH-3.14, name:Boardroom, group:KEY or Butlr's id", text)
		}
		r.asset = text
		return nil
	}
	digits, first := text, 0
	if len(text) > 2 && (text[1] == 'x' || text[1] == 'X') {
		table, ok := references[text[0]]
		if !ok {
			return errAddress(text)
		}
		r.table, digits, first = table, text[2:], 1
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	switch {
	case err != nil:
		return errAddress(text)
	case first == 0 && len(text) >= 5 && text[0] == '0':
		return fmt.Errorf("ADDRESS %q can be address %d, or the reference of a coil: write %d or 0x%s", text, n, n, text)
	case first == 0 && n > 65535 && len(text) == 6: // 310000: six digits, of which the first is the table
		table, ok := references[text[0]]
		if !ok {
			return errAddress(text)
		}
		r.table, n, first = table, n%100000, 1
	}
	if int(n) < first || int(n)-first > 65535 {
		return errAddress(text)
	}
	r.address = uint16(int(n) - first)
	return nil
}

func errAddress(text string) error {
	return fmt.Errorf("ADDRESS %q is not possible: give 0 to 65535, a reference from 3x00001 to 3x65536, or an asset as number:3 or name:Boardroom", text)
}

// splitAsset takes apart how an asset is named; ok is false where none is.
func splitAsset(text string) (kind, named string, ok bool) {
	if gateway.AssetID(text).Kind() != gateway.NoKind {
		return "id", strings.TrimPrefix(text, "group:"), true
	}
	kind, named, ok = strings.Cut(text, ":")
	return kind, named, ok && (kind == "number" || kind == "custom" || kind == "name")
}

// find returns the place of the asset that was named.
func (d *readDevice) find(r readRange) (readRange, error) {
	if !d.known || d.options.UnitID == 0 {
		return r, errors.New("assets can be named only where --unit is a unit of a butlr-gateway")
	}
	number, err := d.numberOf(r.asset)
	if err != nil {
		return r, err
	}
	place, ok := d.options.Locate(number)
	if !ok {
		return r, fmt.Errorf("number %d is not on the map, which ends with %d", number, modbus.Capacity-1)
	}
	d.ask(place.Unit)
	r.address = place.Address
	return r, nil
}

func (d *readDevice) numberOf(asset string) (gateway.Number, error) {
	kind, named, _ := splitAsset(asset)
	if kind == "number" {
		n, err := strconv.ParseUint(named, 10, 32)
		return gateway.Number(n), err
	}
	wanted := modbus.ShortName(named)
	if kind == "id" {
		wanted = modbus.ShortName(asset[max(0, len(asset)-16):])
	}
	found, err := d.client.Find(d.options, func(name string) bool { return strings.EqualFold(name, wanted) })
	switch {
	case err != nil:
		return 0, err
	case len(found) == 0:
		return 0, fmt.Errorf("the gateway shows no asset as %q: it shows the custom id, else the name, else the end of the id; \"points list\" has all of them", wanted)
	case len(found) > 1:
		return 0, fmt.Errorf("the gateway shows %d assets as %q; read one by its number: number:%s", len(found), wanted, orList(found))
	}
	return found[0], nil
}

// orList lists some numbers.
func orList(numbers []gateway.Number) string {
	const most = 8
	var list []string
	for _, n := range numbers[:min(most, len(numbers))] {
		list = append(list, strconv.Itoa(int(n)))
	}
	if len(numbers) > most {
		list = append(list, "…")
	}
	return strings.Join(list, ", ")
}
