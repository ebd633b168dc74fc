package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
)

// logLevelNames are those that there are.
var logLevelNames = []string{"debug", "info", "warn", "error"}

func logLevelCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "log-level [debug|info|warn|error]", Short: "Tell or change how much the running gateway logs",
		Long: `Tell how much the gateway that runs on this machine logs, or change it. A change lasts until the
gateway's next start, which goes by log_level in the configuration.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && !slices.Contains(logLevelNames, args[0]) {
				return errors.New("give one level, debug, info, warn or error, or none to be told")
			}
			return nil
		},
		ValidArgs: logLevelNames,
		RunE: func(c *cobra.Command, args []string) error {
			settings, err := config.LoadWithoutSecrets(path)
			if err != nil {
				return err
			}
			r := remote{string(settings.Gateway.StateDir)}
			var level *web.LogLevel
			if len(args) == 0 {
				level, err = fetch[web.LogLevel](c.Context(), r, "log-level")
			} else {
				level, err = sendOrder[web.LogLevel](c.Context(), r, "log-level", statusPatience, web.LogLevel{Level: args[0]})
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), level.Level)
			return err
		},
	}
	configFlag(c, &path)
	return c
}
