package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"butlr-gateway/config"
)

func serviceInstallCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "install", Short: "Install the service", Args: cobra.NoArgs,
		Long: `Install the gateway as a service of this machine, which starts it with the machine and again
whenever it ends. It needs the rights of an administrator; the service itself runs without them.

The program stays where it is, so put it where it is to stay first. A configuration that is missing
begins as a copy of the example. The service is not started yet.

Where a package has brought the service, there is nothing to install.`,
		RunE: func(c *cobra.Command, _ []string) error {
			return installService(c, path)
		},
	}
	configFlag(c, &path)
	return c
}

// installService puts the service in place, for the program as it lies now and that configuration.
func installService(c *cobra.Command, path string) error {
	if err := mayInstall(); err != nil {
		return err
	}
	if state, _, err := serviceState(); err != nil {
		return err
	} else if state != serviceMissing {
		return errors.New(`the service is installed already: "butlr-gateway service uninstall" first, if it is to be installed anew`)
	}
	program, err := ownPath()
	if err != nil {
		return err
	}
	if path, err = filepath.Abs(path); err != nil {
		return fmt.Errorf("finding the configuration: %w", err)
	}
	for _, place := range []string{program, path} {
		if err := reachable(place); err != nil {
			return err
		}
	}
	fresh, err := placeConfig(path)
	if err != nil {
		return err
	}
	settings, err := config.LoadWithoutSecrets(path)
	if err != nil {
		return err
	}
	if err := reachable(string(settings.Gateway.StateDir)); err != nil {
		return err
	}
	if err := mayBeGiven(string(settings.Gateway.StateDir)); err != nil {
		return err
	}
	if err := installOn(program, path, string(settings.Gateway.StateDir)); err != nil {
		return err
	}
	w := c.OutOrStdout()
	if fresh {
		fmt.Fprintf(w, "%s is new, a copy of the example: its first lines name the edits to make.\n", path)
	}
	_, err = fmt.Fprintf(w, "The service is installed: it runs %s with %s, and keeps its state in %s.\nStart it with \"butlr-gateway service start\".\n",
		program, path, settings.Gateway.StateDir)
	return err
}

// crashFile is where a service of Windows writes why it gave up, as nobody reads its standard error.
const crashFile = "crash.txt"

// mayBeGiven tells why a directory cannot be made the service's own: something of somebody else's is in it.
func mayBeGiven(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // it is not there yet, or what is wrong is said when it is made
	}
	for _, e := range entries {
		if name := e.Name(); name == "state.db" || name == "ledger.csv" || name == crashFile || name == filepath.Base(config.DefaultFile()) {
			return nil
		}
	}
	if len(entries) > 0 {
		return fmt.Errorf("state_dir cannot be %s: there are other things in it, and the service would take them over; name a folder of its own", dir)
	}
	return nil
}

// ownPath returns where this program lies, whatever links lead to it.
func ownPath() (string, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	return program, nil
}
