package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"butlr-gateway/config"
)

func runCommand() *cobra.Command {
	var path string
	var begin bool
	c := &cobra.Command{
		Use: "run", Short: "Run the gateway", Args: cobra.NoArgs,
		Long: `Run the gateway until it is interrupted (Ctrl-C, SIGTERM).

It logs to standard error, or into the file that log_file names. The configuration is checked
first: everything that is wrong with it is listed at once, and nothing is started.

With --begin a configuration that is missing begins as a copy of the example, which is heard by
this machine only.`,
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&begin, "begin", false, "begin with the example, where there is no configuration")
	asService := serviceFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if asService() {
			return runAsService(path)
		}
		if begin {
			if err := beginConfig(c.ErrOrStderr(), path); err != nil {
				return err
			}
		}
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP)
		defer signal.Stop(hangups)
		h := host{logs: streamLogs{c.ErrOrStderr()}, manager: managerOf(os.Getenv, os.Getpid()), hangups: hangups}
		return runOn(c.Context(), path, h)
	}
	return c
}

// beginConfig puts the example where a configuration is missing.
func beginConfig(w io.Writer, path string) error {
	fresh, err := placeConfig(path)
	if fresh {
		fmt.Fprintf(w, "%s is new, a copy of the example: its first lines name the edits to make; they are in force after a restart.\n", path)
	}
	return err
}

func runGateway(ctx context.Context, path string, settings *config.Config, h host) error {
	log, closeLog, err := openLog(&settings.Gateway, h.logs)
	if err != nil {
		return err
	}
	defer func() { _ = closeLog() }() // what could not be written is lost, and nothing else
	err = runLogged(ctx, path, settings, h, log)
	if err != nil && settings.Gateway.LogFile != "" {
		log.Error("ended", "err", err) // whoever reads the file does not see what the program prints
	}
	return err
}

func runLogged(ctx context.Context, path string, settings *config.Config, h host, log *slog.Logger) error {
	for _, w := range settings.Warnings {
		log.Warn("allowed, but unwise", "file", w.File, "line", w.Line, "key", w.Key, "problem", w.Message, "hint", w.Hint)
	}
	spareProcessors()
	debug.SetGCPercent(startPercent) // until boundGarbage
	s, err := open(ctx, settings, rulesOf(settings), log)
	if err != nil {
		return err
	}
	s.manager, s.reloader = h.manager, newReloader(path, settings, s)
	go s.reloader.onHangup(ctx, h.hangups)
	return errors.Join(s.run(ctx), s.close())
}

// printWarnings prints what is allowed but unwise.
func printWarnings(w io.Writer, settings *config.Config) {
	for _, p := range settings.Warnings {
		fmt.Fprintf(w, "warning: %s\n", p)
	}
}
