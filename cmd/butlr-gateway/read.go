package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/modbus"
)

func readCommand() *cobra.Command {
	var target, table, order string
	var unit, base uint8
	var timeout time.Duration
	c := &cobra.Command{
		Use: "read [--target HOST:PORT] [--unit U] ADDRESS [COUNT]", Short: "Read registers from a gateway, decoded by name",
		Long: `Read registers from a gateway over Modbus TCP, and show their names and meaning beside the raw words.

ADDRESS is a 0-based protocol address, or a reference with its table: "3x00149" is the input
register that others call 30149, at address 148; "4x" is holding, "1x" discrete, "0x" coil.
Without COUNT a whole block (16) is read, or what is left of the header.`,
		Example: `  butlr-gateway read 0                     the header of the gateway on this machine
  butlr-gateway read --target 10.20.0.9:502 --unit 1 148
  butlr-gateway read 1x00149 16            the status bits of the same asset`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := parseRange(table, args)
			if err != nil {
				return usageError{c.CommandPath(), err}
			}
			words, err := modbus.ParseWordOrder(order)
			if err != nil {
				return usageError{c.CommandPath(), err}
			}
			if _, _, err := net.SplitHostPort(target); err != nil {
				target = net.JoinHostPort(target, "502")
			}
			client := modbus.NewClient(modbus.ClientOptions{Address: target, Unit: unit, Timeout: timeout})
			values, err := r.read(client, modbus.MapOptions{UnitID: base, WordOrder: words}, unit)
			if err := errors.Join(err, client.Close()); err != nil {
				return fmt.Errorf("reading %s of unit %d at %s: %w", r, unit, target, err)
			}
			return printValues(c.OutOrStdout(), r.table, values)
		},
	}
	c.Flags().StringVar(&target, "target", "127.0.0.1:502", "`HOST:PORT` of the gateway")
	c.Flags().Uint8Var(&unit, "unit", 1, "the unit id to read")
	c.Flags().Uint8Var(&base, "base-unit", 1, "the gateway's [modbus] unit_id")
	c.Flags().StringVar(&table, "table", "input", "input, holding, discrete or coil")
	c.Flags().StringVar(&order, "word-order", "ABCD", "of 32-bit values: ABCD or CDAB")
	c.Flags().DurationVar(&timeout, "timeout", 2*time.Second, "how long to wait for an answer")
	return c
}

// registerRange is what to read.
type registerRange struct {
	table   modbus.Table
	address uint16
	count   int
}

func (r registerRange) String() string {
	return fmt.Sprintf("%d from %s address %d", r.count, r.table, r.address)
}

const blockSize = 16 // registers of a block, and of what is read unless the count is given

func parseRange(table string, args []string) (r registerRange, err error) {
	if r.table, err = modbus.ParseTable(table); err != nil {
		return r, err
	}
	if r.table, r.address, err = parseAddress(r.table, args[0]); err != nil {
		return r, err
	}
	r.count = blockSize
	if len(args) == 2 {
		if r.count, err = strconv.Atoi(args[1]); err != nil {
			return r, fmt.Errorf("COUNT %q is no number", args[1])
		}
	}
	most := 125 // MODBUS Application Protocol V1.1b3, 6.3 and 6.1
	if r.table.Bits() {
		most = 2000
	}
	if r.count < 1 || r.count > most || int(r.address)+r.count > 65536 {
		return r, fmt.Errorf("COUNT %d is not possible: 1 to %d in one request, and none beyond address 65535", r.count, most)
	}
	return r, nil
}

// references are the first digits of the tables in the notation that many controllers use.
var references = map[string]modbus.Table{"0x": modbus.Coil, "1x": modbus.Discrete, "3x": modbus.Input, "4x": modbus.Holding}

func parseAddress(table modbus.Table, text string) (modbus.Table, uint16, error) {
	digits, first := text, 0
	if len(text) > 2 {
		if t, ok := references[text[:2]]; ok {
			table, digits, first = t, text[2:], 1
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < first || n-first > 65535 {
		return table, 0, fmt.Errorf("ADDRESS %q is none: 0 to 65535, or a reference such as 4x00149", text)
	}
	return table, uint16(n - first), nil
}

func (r registerRange) read(client *modbus.Client, o modbus.MapOptions, unit uint8) (iter.Seq[modbus.Value], error) {
	if r.table.Bits() {
		bits, err := client.Bits(r.table, r.address, r.count)
		return modbus.DecodeBits(o, unit, r.address, bits), err
	}
	words, err := client.Registers(r.table, r.address, r.count)
	return modbus.Decode(o, unit, r.address, words), err
}

func printValues(w io.Writer, table modbus.Table, values iter.Seq[modbus.Value]) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ADDRESS\tREFERENCE\tRAW\tNAME\tVALUE")
	for v := range values {
		raw := make([]string, len(v.Words))
		for i, word := range v.Words {
			raw[i] = strconv.Itoa(int(word))
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\n", v.Address, table.Reference(v.Address), strings.Join(raw, " "), v.Name, v.Text)
	}
	return t.Flush()
}
