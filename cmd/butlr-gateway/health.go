package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
)

func healthCommand() *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{
		Use: "health", Short: "Ask the running gateway how it is", Args: cobra.NoArgs,
		Long: `Ask the gateway that runs on this machine how it is.

The exit code is 0 while it answers and can store what it is sent, else 1. Alarms are listed;
those that controllers can still be served under do not change the exit code.`,
		RunE: func(c *cobra.Command, _ []string) error {
			settings, err := config.LoadWithoutSecrets(path)
			if err != nil {
				return err
			}
			status, err := askStatus(c.Context(), string(settings.Gateway.StateDir))
			if err != nil {
				return err
			}
			if err := printStatus(c.OutOrStdout(), status, asJSON); err != nil {
				return err
			}
			if !status.Healthy {
				return errors.New("the gateway is not well: see its alarms")
			}
			return nil
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "print everything, as JSON")
	return c
}

// statusPatience is how long a gateway may take to answer.
const statusPatience = 5 * time.Second

// errNoGateway says that there is nobody to ask.
var errNoGateway = errors.New("no gateway runs")

// askStatus asks the gateway that runs on a state directory. Its error is errNoGateway if none does.
func askStatus(ctx context.Context, stateDir string) (*web.Status, error) {
	socket := controlSocket(stateDir)
	client := http.Client{Timeout: statusPatience, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway/api/v1/status", nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w on the state directory %s; start it, or say with --config which configuration it has", errNoGateway, stateDir)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("asking the gateway: %w; run this as the gateway's user or as root", err)
	case err != nil:
		return nil, fmt.Errorf("asking the gateway, which runs but does not answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return nil, errors.New(strings.TrimSpace(string(why)))
	}
	status := new(web.Status)
	if err := json.NewDecoder(response.Body).Decode(status); err != nil {
		return nil, fmt.Errorf("reading the gateway's answer: %w", err)
	}
	return status, nil
}

func printStatus(w io.Writer, s *web.Status, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(s)
	}
	well := "well"
	if !s.Healthy {
		well = "NOT WELL"
	}
	fmt.Fprintf(w, "%s (gateway %s, version %s): %s, up %s\n", s.Name, s.GatewayID, s.Version, well, time.Duration(s.Uptime*float64(time.Second)).Round(time.Second))
	for _, l := range s.Listeners {
		fmt.Fprintf(w, "  %-11s %s\n", l.What, l.Address)
	}
	fmt.Fprintf(w, "  %-11s %d: %d good, %d held, %d never\n", "assets", s.Assets, s.Qualities["good"], s.Qualities["held"], s.Qualities["never"])
	fmt.Fprintf(w, "  %-11s %d accepted, %d refused, %d without effect since the start\n", "events", s.Accepted, s.Refused, s.Unhandled)
	for _, reason := range slices.Sorted(maps.Keys(s.Reasons)) {
		fmt.Fprintf(w, "  %-11s %s: %d (\"health --json\" shows the newest)\n", "refused", reason, s.Reasons[reason])
	}
	if len(s.Alarms) == 0 {
		_, err := fmt.Fprintf(w, "  %-11s none\n", "alarms")
		return err
	}
	for _, a := range s.Alarms {
		fmt.Fprintf(w, "  %-11s %s: %s\n", "ALARM", a.Name, a.Why)
	}
	return nil
}
