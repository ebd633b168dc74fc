package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"strconv"
	"strings"
	"syscall"
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
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return errors.New("give an ADDRESS, and a COUNT if it is not a block of 16")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			r, err := parseRange(table, args)
			if err != nil {
				return usageError{c.CommandPath(), err}
			}
			words, err := modbus.ParseWordOrder(order)
			if err != nil {
				return usageError{c.CommandPath(), fmt.Errorf("--word-order: %w", err)}
			}
			if _, _, err := net.SplitHostPort(target); err != nil {
				target = net.JoinHostPort(strings.Trim(target, "[]"), "502")
			}
			client := modbus.NewClient(modbus.ClientOptions{Address: target, Unit: unit, Timeout: timeout})
			values, err := r.read(client, modbus.MapOptions{UnitID: base, WordOrder: words}, unit)
			if err := errors.Join(err, client.Close()); err != nil {
				return explainRead(err)
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

// What is read unless the count is given.
const (
	blockSize  = 16  // registers of a block
	headerSize = 100 // registers before the first block
)

func parseRange(table string, args []string) (r registerRange, err error) {
	if r.table, err = modbus.ParseTable(table); err != nil {
		return r, fmt.Errorf("--table: %w", err)
	}
	if r.table, r.address, err = parseAddress(r.table, args[0]); err != nil {
		return r, err
	}
	r.count = min(blockSize, 65536-int(r.address))
	if r.address < headerSize {
		r.count = min(blockSize, headerSize-int(r.address))
	}
	if len(args) == 2 {
		if r.count, err = strconv.Atoi(args[1]); err != nil {
			return r, fmt.Errorf("COUNT %q is not a number", args[1])
		}
	}
	most := 125 // MODBUS Application Protocol V1.1b3, 6.3 and 6.1
	if r.table.Bits() {
		most = 2000
	}
	if r.count < 1 || r.count > most {
		return r, fmt.Errorf("COUNT %d is not possible: one request reads 1 to %d", r.count, most)
	}
	if left := 65536 - int(r.address); r.count > left {
		return r, fmt.Errorf("COUNT %d goes beyond the last address, 65535: at most %d from %d", r.count, left, r.address)
	}
	return r, nil
}

// references are the first digits of the tables in the notation that many controllers use.
var references = map[string]modbus.Table{"0x": modbus.Coil, "1x": modbus.Discrete, "3x": modbus.Input, "4x": modbus.Holding}

func parseAddress(table modbus.Table, text string) (modbus.Table, uint16, error) {
	digits, first := text, 0
	if len(text) > 2 {
		if t, ok := references[strings.ToLower(text[:2])]; ok {
			table, digits, first = t, text[2:], 1
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < first || n-first > 65535 {
		return table, 0, fmt.Errorf("ADDRESS %q is not possible: give 0 to 65535, or a reference from 3x00001 to 3x65536", text)
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

// explainRead says what to do when no device answered.
func explainRead(err error) error {
	wait, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w; nothing listens there: does the gateway run, and is --target its [modbus] listen?", err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("%w; the other side closed the connection: is this machine in the gateway's [modbus] allow?", err)
	case ok && wait.Timeout():
		return fmt.Errorf("%w; no answer in time: look at the address, the unit id and the firewalls between", err)
	}
	return err
}
