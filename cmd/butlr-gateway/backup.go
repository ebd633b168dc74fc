package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/store"
	"butlr-gateway/config"
)

func stateBackupCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "backup FILE", Short: "Write everything that is kept into one file", Args: oneFile,
		Long: `Write everything that is kept into one file: values, totals, overrides, and the ledger with every
number. It is read again, checksum by checksum, before it is there. The history for people is not in
it, nor is the configuration.

A gateway that runs is not disturbed. By itself it makes such a file every day, in the folder
"backups" of its state directory, and keeps the last seven.`,
		Example: `  butlr-gateway state backup /mnt/usb/gateway.backup`,
		RunE: func(c *cobra.Command, args []string) error {
			settings, err := config.LoadWithoutSecrets(path)
			if err != nil {
				return err
			}
			if err := store.Backup(c.Context(), string(settings.Gateway.StateDir), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s is written and verified.\n", args[0])
			return err
		},
	}
	configFlag(c, &path)
	return c
}

func stateVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "verify FILE", Short: "Tell whether a backup is whole", Args: oneFile,
		Long: `Read a backup, the checksum of every row and every line of its ledger, and tell whether it is whole
and could be restored by this version.`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := store.VerifyBackup(c.Context(), args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "%s is whole.\n", args[0])
			return err
		},
	}
}

func stateRestoreCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in place of what is kept", Args: oneFile,
		Long: `Put a backup in place of what is kept, while no gateway runs. Numbers that were given after the
backup stay as they are: the ledger in the state directory wins, if it is of the same gateway. Totals
lack what came after the backup, and are uncertain for the day. What was there is renamed, and nothing
is deleted.`,
		Example: `  systemctl stop butlr-gateway
  butlr-gateway state restore /var/lib/butlr-gateway/backups/state-000007-20260311T090000Z.backup
  systemctl start butlr-gateway`,
		RunE: func(c *cobra.Command, args []string) error {
			settings, err := config.LoadWithoutSecrets(path)
			if err != nil {
				return err
			}
			dir := string(settings.Gateway.StateDir)
			did, err := store.Restore(c.Context(), dir, args[0], time.Now())
			if err != nil {
				return err
			}
			printRestored(c, dir, did)
			return leaveToOwner(dir)
		},
	}
	configFlag(c, &path)
	return c
}

func printRestored(c *cobra.Command, dir string, did *store.Restored) {
	w := c.OutOrStdout()
	fmt.Fprintf(w, "The state of gateway %s, with %d assets, is in %s.\n", did.GatewayID, did.Assets, dir)
	if did.Newer > 0 {
		fmt.Fprintf(w, "%d assets came after the backup: they keep their numbers, and nothing else is known of them.\n", did.Newer)
	}
	if did.Instead != "" {
		fmt.Fprintf(w, "Another gateway's was there, %s: numbers, and so addresses, are now those of the backup.\n", did.Instead)
	}
	for _, name := range did.Aside {
		fmt.Fprintf(w, "What was there is now %s.\n", filepath.Join(dir, name))
	}
}

func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("give one FILE")
	}
	return nil
}
