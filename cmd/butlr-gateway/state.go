package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

func stateCommand() *cobra.Command {
	c := &cobra.Command{Use: "state", Short: "Look into what the gateway keeps, back it up, restore it"}
	c.AddCommand(stateDumpCommand(), stateBackupCommand(), stateVerifyCommand(), stateRestoreCommand())
	return c
}

func stateDumpCommand() *cobra.Command {
	var path, format string
	var ledger bool
	c := &cobra.Command{
		Use: "dump [--format text|json] [--ledger] [ASSET]", Short: "Show what is believed of every asset or of one, and why",
		Long: `Show what is believed of every asset, or of one, and why: its values with the reason of each, the
evidence behind them, what is forced.

As JSON it is what is kept, one asset a line, and nothing that passes with time or that the
configuration adds: the same events in any order give the same text, so that two gateways can be
compared. It has everything that decides the answers: the revisions of each feed and what is known
of the time before them, totals with the traffic estimate and its reset, overrides, when a site was
heard of; and last, of the TRAFFIC events that would not be counted again, how many there are and a
digest. What is in memory only, such as detections, is not in it. --ledger adds the numbers.

` + assetGrammar + `
Without a gateway that runs the answers are those of one that would start now.`,
		Example: `  butlr-gateway state dump custom:MH-3.12
  butlr-gateway state dump --format json --ledger > state.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return errors.New("give one ASSET, or none for all of them")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			newPrinter, ok := dumpFormats[format]
			if !ok {
				return usageError{c.CommandPath(), fmt.Errorf("there is no format %q: use text or json", format)}
			}
			if len(args) == 1 {
				if err := checkAsset(args[0]); err != nil {
					return usageError{c.CommandPath(), err}
				}
			}
			settings, err := config.LoadWithoutSecrets(path)
			if err != nil {
				return err
			}
			return dumpState(c, settings, args, newPrinter(ledger))
		},
	}
	configFlag(c, &path)
	c.Flags().StringVar(&format, "format", "text", "text or json")
	c.Flags().BoolVar(&ledger, "ledger", false, "in JSON, also the numbers, which depend on who came first")
	return c
}

// dumpPrinter prints one asset after the other, and then what is to be behind them.
type dumpPrinter interface {
	print(w io.Writer, e *web.Explanation) error
	end(w io.Writer, c *web.Contents) error // nil unless everything was asked for
}

var dumpFormats = map[string]func(ledger bool) dumpPrinter{
	"text": func(bool) dumpPrinter { return new(textDump) },
	"json": func(ledger bool) dumpPrinter { return &canonicalDump{ledger: ledger} },
}

func dumpState(c *cobra.Command, settings *config.Config, names []string, p dumpPrinter) error {
	w := bufio.NewWriter(c.OutOrStdout())
	show := func(e *web.Explanation) error { return p.print(w, e) }
	var contents *web.Contents
	_, err := atDesk(c.Context(), settings, toLook, slog.New(slog.DiscardHandler), func(at desk) error {
		all, err := at.Contents(c.Context())
		if err != nil {
			return err
		}
		if _, running := at.(remote); !running {
			fmt.Fprintf(c.ErrOrStderr(), "No gateway runs on the state directory %s: this is what it holds as of %s, when one was last alive, and as one that starts now would show it.\n",
				settings.Gateway.StateDir, aliveWords(all.Alive, settings.Gateway.Timezone))
		}
		if len(names) == 0 {
			contents = all
			return at.Dump(c.Context(), show)
		}
		e, err := at.Explain(c.Context(), names[0])
		if err != nil {
			return err
		}
		return show(e)
	})
	if err == nil {
		err = p.end(w, contents)
	}
	return errors.Join(err, w.Flush())
}

func aliveWords(m web.Moment, place *time.Location) string {
	if m == 0 {
		return "an unknown time"
	}
	return gateway.Timestamp(m).Time().In(place).Format("2006-01-02 15:04:05 MST")
}
