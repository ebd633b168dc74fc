package main

import (
	"fmt"
	"io"
	"slices"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// sumUp says what the checksum is and covers, for whoever compares it with what a controller reads.
func (l *ledgerOnDisk) sumUp(w io.Writer) error {
	assets, e := l.state.Assets(), l.state.Edition()
	sum, appended := modbus.Checksum(slices.Values(assets))
	registers := []uint16{uint16(sum >> 16), uint16(sum)}
	if mapOptions(l.settings).WordOrder == modbus.LowWordFirst {
		slices.Reverse(registers)
	}
	fmt.Fprintf(w, "\nThe checksum is %s (registers 3 and 4: %d and %d) and covers %s.\n", hex32(sum), registers[0], registers[1], countOf(covered(assets), "asset"))
	at := func(t gateway.Timestamp) string {
		return t.Time().In(l.settings.Gateway.Timezone).Format("2006-01-02 15:04:05 MST")
	}
	fixed, now := e.At, newClock()().Timestamp()
	if end := e.Since.Add(gateway.SettlesAfter); fixed == 0 && now >= end {
		fixed = end // the next asset will find it so
	}
	switch {
	case e.Since == 0:
	case fixed == 0:
		fmt.Fprintf(w, "It changes with every new asset until %s, or until \"points apply\" fixes it.\n", at(e.Since.Add(gateway.SettlesAfter)))
	default:
		fmt.Fprintf(w, "It was fixed at %s. It changes when an asset moves or is retired, and with \"points apply\".\n", at(fixed))
	}
	if appended > 0 {
		fmt.Fprintf(w, "%s appended since (register 29): the next \"points apply\" makes it cover them.\n", countedAs(appended, "asset", "was", "were"))
	}
	if n := len(e.Vacated); n > 0 {
		fmt.Fprintf(w, "%s left by assets that moved, and given to nobody.\n", countedAs(n, "number", "was", "were"))
	}
	return l.beyondMap(w)
}

// covered counts the assets that the checksum covers.
func covered(assets []*gateway.Asset) (n int) {
	for _, a := range assets {
		if !a.Retired && !a.Appended && a.Number < modbus.Capacity {
			n++
		}
	}
	return n
}

// beyondMap says how many assets have no registers, if any.
func (l *ledgerOnDisk) beyondMap(w io.Writer) error {
	beyond := 0
	for _, a := range l.state.Assets() {
		if a.Number >= modbus.Capacity {
			beyond++
		}
	}
	if beyond == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "The map is full: %s no registers, because the last number that has some is %d. MQTT and the page have every asset.\n",
		countedAs(beyond, "asset", "has", "have"), modbus.Capacity-1)
	return err
}

func hex32(n uint32) string { return fmt.Sprintf("0x%08X", n) }

// countOf is "1 asset" or "2 assets".
func countOf(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprint(n, " ", of, "s")
}

// countedAs is "1 asset was" or "2 assets were".
func countedAs(n int, of, one, more string) string {
	if n == 1 {
		return countOf(n, of) + " " + one
	}
	return countOf(n, of) + " " + more
}
