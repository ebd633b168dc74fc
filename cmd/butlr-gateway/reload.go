package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

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
is 1. Else it applies the log's level, and lists every other key that has changed: those are in force
after a restart. Certificates are read anew by themselves.`,
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
	if len(did.Applied)+len(did.Restart) == 0 {
		_, err := fmt.Fprintln(w, "Nothing has changed.")
		return err
	}
	for _, key := range did.Applied {
		fmt.Fprintf(w, "applied: %s\n", key)
	}
	for _, key := range did.Restart {
		fmt.Fprintf(w, "needs a restart: %s\n", key)
	}
	return nil
}

// reloader reads the configuration of a gateway that runs anew.
type reloader struct {
	path    string
	running *config.Config // as it was at the start
	log     *slog.Logger
	turn    sync.Mutex
}

// logLevelKey is the one key that is applied.
const logLevelKey = "gateway.log_level"

// reload applies what can be applied, and says what cannot. An error leaves everything as it is.
func (r *reloader) reload(context.Context) (*web.Reloaded, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	fresh, err := config.Load(r.path)
	if err != nil {
		r.log.Error("the configuration is wrong, and the one before stays in force", "err", err)
		return nil, fmt.Errorf("the configuration is wrong, and the one before stays in force:\n%w", err)
	}
	did := &web.Reloaded{Applied: []string{}, Restart: []string{}}
	for _, key := range r.running.Changed(fresh) {
		if key != logLevelKey {
			did.Restart = append(did.Restart, key)
		}
	}
	if level := levelOf(r.log); level != nil && level.Level() != fresh.Gateway.LogLevel {
		level.Set(fresh.Gateway.LogLevel)
		did.Applied = append(did.Applied, logLevelKey)
	}
	r.log.Info("configuration read anew", "applied", strings.Join(did.Applied, " "), "needs_restart", strings.Join(did.Restart, " "))
	return did, nil
}

// onHangup reads the configuration anew at each hangup, until ctx ends. What came of it is in the log.
func (r *reloader) onHangup(ctx context.Context, hangups <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			_, _ = r.reload(ctx)
		}
	}
}

// reload reads the configuration anew, where there is one.
func (s *service) reload(ctx context.Context) (*web.Reloaded, error) {
	if s.reloader == nil {
		return nil, errors.New("this gateway has no configuration file")
	}
	return s.reloader.reload(ctx)
}
