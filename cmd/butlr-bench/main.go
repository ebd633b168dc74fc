// Command butlr-bench measures a gateway: every figure that is published comes from it.
//
//	butlr-bench table  --gateway bin/butlr-gateway    every figure that has a goal, with the verdict: "make bench"
//	butlr-bench growth --gateway bin/butlr-gateway    of these, what a hundred thousand assets cost beside a hundred
//	butlr-bench ingest --gateway bin/butlr-gateway    events a second against a handler that does nothing
//	butlr-bench modbus --gateway bin/butlr-gateway    reads against a bare echo, while events arrive
//	butlr-bench latency --gateway bin/butlr-gateway   event to subscriber, against the way without a gateway
//	butlr-bench fsync  --gateway bin/butlr-gateway    events on disks that are slower by so much
//	butlr-bench frozen --gateway bin/butlr-gateway    events with a frozen broker, against none
//	butlr-bench pages --gateway bin/butlr-gateway     events while pages are open, against none
//	butlr-bench idle   --gateway bin/butlr-gateway    memory with many connections that ask nothing
//	butlr-bench siege  --gateway bin/butlr-gateway    who is served while strangers do what they can, against calm
//
// It starts the gateway itself, with a configuration and a state directory of its own, on this machine only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// measurements are the subcommands.
var measurements = map[string]func(ctx context.Context, args []string, w io.Writer) error{
	"table":   tableCommand,
	"growth":  growthCommand,
	"ingest":  ingestCommand,
	"modbus":  modbusCommand,
	"latency": latencyCommand,
	"fsync":   fsyncCommand,
	"frozen":  frozenCommand,
	"pages":   pagesCommand,
	"idle":    idleCommand,
	"siege":   siegeCommand,
	"echo":    echoCommand,
	"nothing": nothingCommand,
	"written": writtenCommand,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "butlr-bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, w io.Writer) error {
	if len(args) == 0 || measurements[args[0]] == nil {
		return errors.New("say what to measure: table, growth, ingest, modbus, latency, fsync, frozen, pages, idle or siege, with --help for more")
	}
	err := measurements[args[0]](ctx, args[1:], w)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return err
}
