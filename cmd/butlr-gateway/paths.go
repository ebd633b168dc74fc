package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"butlr-gateway/config"
)

func pathsCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "paths", Short: "Tell where program, configuration, state and log are, and why there", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			program, err := ownPath()
			if err != nil {
				return err
			}
			settings, err := config.LoadWithoutSecrets(path)
			if err != nil {
				fmt.Fprintf(c.OutOrStdout(), "program  %s\nconfig   %s\n", program, path)
				return err
			}
			if whole, err := filepath.Abs(path); err == nil {
				path = whole
			}
			return printPaths(c.OutOrStdout(), program, path, c.Flags().Changed("config"), settings)
		},
	}
	configFlag(c, &path)
	return c
}

func printPaths(w io.Writer, program, path string, chosen bool, settings *config.Config) error {
	g := &settings.Gateway
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what, where, why string) { fmt.Fprintf(t, "%s\t%s\t%s\n", what, where, why) }
	row("program", program, "this one")
	row("config", path, because(chosen, "--config", "the usual place"))
	row("state", string(g.StateDir), because(g.StateDir != config.Default().Gateway.StateDir, "state_dir in the configuration", "the usual place")+there(string(g.StateDir)))
	row("control", controlSocket(string(g.StateDir)), "in the state directory"+there(controlSocket(string(g.StateDir))))
	if g.LogFile != "" {
		row("log", string(g.LogFile), "log_file in the configuration"+there(string(g.LogFile)))
	} else if runtime.GOOS == "windows" {
		row("log", "the event log, source "+serviceName, "no log_file; standard error when it is not run as the service")
	} else {
		row("log", "journalctl -u "+serviceName, "no log_file; standard error when it is not run as the service")
	}
	return t.Flush()
}

func because(own bool, why, otherwise string) string {
	if own {
		return why
	}
	return otherwise
}

// there says that a file is not there, or cannot be seen.
func there(path string) string {
	if _, err := os.Stat(path); err != nil {
		return "; now: " + cause(err)
	}
	return ""
}
