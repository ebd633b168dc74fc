package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/modbus"
)

func readCommand() *cobra.Command {
	var o readOptions
	c := &cobra.Command{
		Use: "read [--target HOST:PORT] [--unit U] ADDRESS [COUNT]", Short: "Read registers from a gateway, decoded by name",
		Long: `Read registers from a gateway over Modbus TCP, as a controller does, and show their names and
meaning beside the raw words. It needs no configuration, and works from any machine that the
gateway's [modbus] allow lets in.

ADDRESS is one of
  148              a 0-based protocol address, in the table of input registers or that of --table
  3x00149          the same as a reference, counted from 1 and with its table in front: "3x" is input,
                   "4x" holding, "1x" discrete, "0x" coil. 310000 and 410000 are references too
  number:3         the block of the asset with that number, on whichever unit it lies
  name:Boardroom   the block of the asset that the gateway shows so: by your own id of it, as
                   custom:MH-3.14, else by its name, else by Butlr's id or as group:KEY

Without COUNT the rest of the header is read, a whole block (16), or 16 assets of a column.
Long ranges are read with several requests.`,
		Example: `  butlr-gateway read 0                     the header of the gateway on this machine
  butlr-gateway read --target 10.20.0.9:502 --unit 1 148
  butlr-gateway read 1x00149 16            the status bits of the same asset
  butlr-gateway read --unit 101 8192 100   the people of the first 100 assets, from the column unit
  butlr-gateway read name:Boardroom        the block of that room`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return errors.New("give an ADDRESS, and a COUNT if it is not a block of 16")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			wanted, err := o.parse(args)
			if err != nil {
				return usageError{c.CommandPath(), err}
			}
			return o.run(c.OutOrStdout(), c.ErrOrStderr(), wanted)
		},
	}
	c.Flags().StringVar(&o.target, "target", "127.0.0.1:502", "`HOST:PORT` of the gateway")
	c.Flags().Uint8Var(&o.unit, "unit", 1, "the unit id to read")
	c.Flags().StringVar(&o.table, "table", "input", "input, holding, discrete or coil")
	c.Flags().StringVar(&o.order, "word-order", "", "of 32-bit values: ABCD or CDAB (default: the one in which the gateway's clock is right)")
	c.Flags().DurationVar(&o.timeout, "timeout", 2*time.Second, "how long to wait for an answer")
	return c
}

// readOptions are what the command line says beside what to read.
type readOptions struct {
	target, table, order string
	unit                 uint8
	timeout              time.Duration
}

func (o *readOptions) parse(args []string) (readRange, error) {
	if _, _, err := net.SplitHostPort(o.target); err != nil {
		o.target = net.JoinHostPort(strings.Trim(o.target, "[]"), "502")
	}
	if o.order != "" {
		if _, err := modbus.ParseWordOrder(o.order); err != nil {
			return readRange{}, fmt.Errorf("--word-order: %w", err)
		}
	}
	return parseReadRange(o.table, args)
}

func (o *readOptions) run(stdout, stderr io.Writer, wanted readRange) (err error) {
	client := modbus.NewClient(modbus.ClientOptions{Address: o.target, Unit: o.unit, Timeout: o.timeout})
	defer func() { err = errors.Join(explainRead(err), client.Close()) }()
	device := readDevice{client: client, unit: o.unit}
	known, err := device.survey(o.order)
	if err != nil {
		return err
	}
	if known != "" {
		fmt.Fprintln(stderr, "butlr-gateway:", known)
	}
	if wanted.asset != "" {
		if wanted, err = device.find(wanted); err != nil {
			return err
		}
	}
	values, err := device.read(wanted)
	if len(values) == 0 {
		return err
	}
	return errors.Join(printValues(stdout, wanted.table, values, device.names(values)), err)
}

// explainRead says what to do when no device answered.
func explainRead(err error) error {
	wait, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errConnectionDenied):
		return fmt.Errorf("%w; nothing listens there: does the gateway run, and is --target its [modbus] listen?", err)
	case errors.Is(err, io.EOF), errors.Is(err, errConnectionReset):
		return fmt.Errorf("%w; the other side closed the connection: is this machine in the gateway's [modbus] allow?", err)
	case ok && wait.Timeout():
		return fmt.Errorf("%w; no answer in time: look at the address, the unit id and the firewalls between", err)
	}
	return err
}
