package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"butlr-gateway/config"
)

func runCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "run", Short: "Run the gateway", Args: cobra.NoArgs,
		Long: `Run the gateway until it is interrupted (Ctrl-C, SIGTERM).

It logs to standard error. The configuration is checked first: everything that is wrong with
it is listed at once, and nothing is started.`,
		RunE: func(c *cobra.Command, _ []string) error {
			settings, err := config.Load(path)
			if err != nil {
				return err
			}
			return runGateway(c.Context(), settings, c.ErrOrStderr())
		},
	}
	configFlag(c, &path)
	return c
}

func runGateway(ctx context.Context, settings *config.Config, logs io.Writer) error {
	log := slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: settings.Gateway.LogLevel}))
	for _, w := range settings.Warnings {
		log.Warn("allowed, but unwise", "file", w.File, "line", w.Line, "key", w.Key, "problem", w.Message, "hint", w.Hint)
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // the terminal that it was started from may be closed
	defer signal.Stop(hangup)
	go func() {
		for range hangup {
			log.Warn("hangup ignored: the configuration is read at the start, so restart the gateway to apply a change")
		}
	}()
	s, err := open(ctx, settings, rulesOf(settings), log)
	if err != nil {
		return err
	}
	return errors.Join(s.run(ctx), s.close())
}

// printWarnings prints what is allowed but unwise.
func printWarnings(w io.Writer, settings *config.Config) {
	for _, p := range settings.Warnings {
		fmt.Fprintf(w, "warning: %s\n", p)
	}
}
