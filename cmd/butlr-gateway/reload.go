package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
)

func reloadCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "reload", Short: "Have the running gateway read its configuration anew", Args: cobra.NoArgs,
		Long: `Have the gateway that runs on this machine read its configuration anew, as a hangup (SIGHUP) does.

It checks everything first: where something is wrong it says so, keeps what it has, and the exit code
is 1. Else it applies what it can without ending a session: what is said of assets, groups, classes,
sites and states, who may connect and write over Modbus, what a sender of events must know, the page's
passwords, and the log's level. A Modbus client that may not connect any more is disconnected, and with
another password everybody has to log in on the page again. It lists what it applied, and every other
key that has changed: those are in force after a restart. Certificates are read anew by themselves.`,
		RunE: func(c *cobra.Command, _ []string) error {
			settings, err := config.LoadWithoutSecrets(path)
			if err != nil {
				fmt.Fprintln(c.ErrOrStderr(), "The configuration is wrong; a gateway that runs goes on with the one it has.")
				return err
			}
			did, err := sendOrder[web.Reloaded](c.Context(), remote{string(settings.Gateway.StateDir)}, "reload", orderPatience, struct{}{})
			if err != nil {
				return err
			}
			return printReloaded(c.OutOrStdout(), did)
		},
	}
	configFlag(c, &path)
	return c
}

func printReloaded(w io.Writer, did *web.Reloaded) error {
	if len(did.Applied)+len(did.Restart)+len(did.Gone) == 0 {
		_, err := fmt.Fprintln(w, "Nothing has changed.")
		return err
	}
	for _, part := range []struct {
		what string
		list []string
	}{{"applied", did.Applied}, {"disconnected", did.Gone}, {"needs a restart", did.Restart}} {
		for _, each := range part.list {
			if _, err := fmt.Fprintf(w, "%s: %s\n", part.what, each); err != nil {
				return err
			}
		}
	}
	return nil
}
