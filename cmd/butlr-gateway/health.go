package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/modbus/push"
	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

func healthCommand() *cobra.Command {
	var path string
	var asJSON, refused bool
	c := &cobra.Command{
		Use: "health", Short: "Ask the running gateway how it is", Args: cobra.NoArgs,
		Long: `Ask the gateway that runs on this machine how it is.

The exit code is 0 while it answers and can store what it is sent, else 1. Alarms are listed;
those that controllers can still be served under do not change the exit code.

--refused lists the newest events that were refused: when they came, what they were about, why they
were refused, and what can be done.`,
		RunE: func(c *cobra.Command, _ []string) error {
			settings, err := config.LoadWithoutSecrets(path)
			if err != nil {
				return err
			}
			status, err := askStatus(c.Context(), string(settings.Gateway.StateDir))
			if err != nil {
				return err
			}
			leaves, err := remote{string(settings.Gateway.StateDir)}.Passing(c.Context())
			if err != nil { // such as of a gateway that runs since before an update
				fmt.Fprintf(c.ErrOrStderr(), "What is passed on is not known: %v\n", err)
				leaves = new(passing)
			}
			if err := printStatus(c.OutOrStdout(), status, leaves, asJSON); err != nil {
				return err
			}
			if refused && !asJSON {
				if err := printRefused(c.OutOrStdout(), status, settings.Gateway.Timezone); err != nil {
					return err
				}
			}
			if !status.Healthy {
				return errors.New("the gateway is not well: see its alarms")
			}
			return nil
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "print everything, as JSON")
	c.Flags().BoolVar(&refused, "refused", false, "list the newest events that were refused, and why")
	return c
}

// askStatus asks the gateway that runs on a state directory. Its error is errNoGateway if none does.
func askStatus(ctx context.Context, stateDir string) (*web.Status, error) {
	return remote{stateDir}.Status(ctx)
}

func printStatus(w io.Writer, s *web.Status, leaves *passing, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			*web.Status
			*passing
		}{s, leaves})
	}
	well := "well"
	if !s.Healthy {
		well = "NOT WELL"
	}
	fmt.Fprintf(w, "%s (gateway %s, version %s): %s, up %s\n", s.Name, s.GatewayID, s.Version, well, time.Duration(s.Uptime*float64(time.Second)).Round(time.Second))
	for _, l := range s.Listeners {
		fmt.Fprintf(w, "  %-11s %s\n", l.What, l.Address)
	}
	fmt.Fprintf(w, "  %-11s %d: %s\n", "assets", s.Assets, qualities(s.Qualities))
	fmt.Fprintf(w, "  %-11s %d accepted, %d refused, %d without effect since the start\n", "events", s.Accepted, s.Refused, s.Unhandled)
	if s.Idle != (web.Idle{}) {
		fmt.Fprintf(w, "  %-11s of the accepted: %d known already, %d superseded, %d older than what is shown\n", "no effect", s.Idle.Duplicates, s.Idle.Superseded, s.Idle.Late)
	}
	for _, reason := range slices.Sorted(maps.Keys(s.Reasons)) {
		fmt.Fprintf(w, "  %-11s %s: %d (\"health --refused\" shows the newest)\n", "refused", reason, s.Reasons[reason])
	}
	for i := range s.Sites {
		if site := &s.Sites[i]; !site.Heartbeat {
			fmt.Fprintf(w, "  %-11s %s: %s\n", "site", printable(site.Name), heartbeatWords(site))
		}
	}
	printDevices(w, s.Devices)
	if s.Overrides > 0 {
		fmt.Fprintf(w, "  %-11s %d in force (\"state dump\" shows them)\n", "overrides", s.Overrides)
	}
	printDisk(w, s.Disk)
	for i := range s.Brokers {
		printBroker(w, &s.Brokers[i])
	}
	printReaders(w, s.Clients)
	for i := range s.Push {
		printTarget(w, &s.Push[i])
	}
	printAsked(w, s.Asked)
	printPassing(w, leaves)
	printCertificates(w, s.Certificates)
	if len(s.Alarms) == 0 {
		_, err := fmt.Fprintf(w, "  %-11s none\n", "alarms")
		return err
	}
	for _, a := range s.Alarms {
		fmt.Fprintf(w, "  %-11s %s: %s\n", "ALARM", a.Name, a.Why)
	}
	return nil
}

// printRefused lists the newest events that were refused, the newest first.
func printRefused(w io.Writer, s *web.Status, place *time.Location) error {
	if len(s.Newest) == 0 {
		_, err := fmt.Fprintln(w, "no event was refused since the start")
		return err
	}
	for _, e := range slices.Backward(s.Newest) {
		what := []string{e.Type, e.Place}
		if e.Name != "" {
			what = append(what, "("+e.Name+")")
		}
		if e.Value != "" {
			what = append(what, e.Value)
		}
		if _, err := fmt.Fprintf(w, "%s  %s\n    %s: %s\n", e.Arrived.In(place).Format(time.DateTime), printable(strings.Join(what, " ")), e.Reason, printable(e.Why)); err != nil {
			return err
		}
	}
	return nil
}

func printDisk(w io.Writer, d *web.Disk) {
	if d == nil {
		fmt.Fprintf(w, "  %-11s it does not answer, or cannot be measured\n", "disk")
		return
	}
	history := "no history"
	if d.HistoryMax > 0 {
		history = fmt.Sprintf("history %s of at most %s", bytesInWords(uint64(d.History)), bytesInWords(uint64(d.HistoryMax)))
	}
	if d.HistoryOldest != 0 {
		history += gateway.Timestamp(d.HistoryOldest).Time().Format(", back to 2 Jan 2006")
	}
	fmt.Fprintf(w, "  %-11s %s free in %s; state %s, %s\n", "disk", bytesInWords(d.Free), d.Directory, bytesInWords(uint64(d.State)), history)
	if d.Checked != 0 {
		fmt.Fprintf(w, "  %-11s read to its last checksum and found whole at %s\n", "state", gateway.Timestamp(d.Checked).Time().Local().Format(time.DateTime))
	}
}

func printBroker(w io.Writer, b *web.Broker) {
	label, state := "broker", "connected"
	if !b.Connected {
		label, state = "BROKER", "NOT CONNECTED"
	}
	fmt.Fprintf(w, "  %-11s %s: %s since %s, %d messages published, %d not acknowledged\n", label, b.Name, state,
		gateway.Timestamp(b.Since).Time().Local().Format(time.DateTime), b.Published, b.Waiting)
	if b.Why != "" {
		fmt.Fprintf(w, "  %-11s   %s\n", "", printable(b.Why))
	}
}

// bytesInWords returns a number of bytes as the configuration writes sizes, with two digits at least.
func bytesInWords(n uint64) string {
	v, unit := float64(n), "bytes"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if v < 1024 {
			break
		}
		v, unit = v/1024, next
	}
	if unit == "bytes" || v >= 10 {
		return fmt.Sprintf("%.0f %s", v, unit)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}

// readersShown is how many of those that read registers are listed, the ones seen last.
const readersShown = 10

func printReaders(w io.Writer, clients []web.ModbusClient) {
	for i := range clients {
		if i == readersShown {
			fmt.Fprintf(w, "  %-11s and %d more (\"health --json\" shows them)\n", "", len(clients)-i)
			return
		}
		c := &clients[i]
		fmt.Fprintf(w, "  %-11s %s; last seen %s\n", "reader", printable(c.Sentence()),
			gateway.Timestamp(c.LastSeen).Time().Local().Format(time.DateTime))
	}
}

// printTarget tells how a controller is that is written to, and of its points where something is amiss.
func printTarget(w io.Writer, t *web.PushTarget) {
	label, state := "push", t.State
	if state == push.Failing.String() {
		label, state = "PUSH", "FAILING"
	}
	fmt.Fprintf(w, "  %-11s %s (%s, unit %d): %s since %s, %d writes, %d errors, %d exceptions\n", label, t.Name, t.Address, t.Unit, state,
		gateway.Timestamp(t.Since).Time().Local().Format(time.DateTime), t.Writes, t.Errors, t.Exceptions)
	ofPoint := slices.ContainsFunc(t.Points, func(p web.PushPoint) bool { return p.Why != "" && strings.HasPrefix(t.Why, p.Name+": ") })
	if t.Why != "" && !ofPoint {
		fmt.Fprintf(w, "  %-11s   %s\n", "", t.Why)
	}
	for i := range t.Points {
		if p := &t.Points[i]; p.Why != "" {
			fmt.Fprintf(w, "  %-11s   %s\n", "", p.Sentence())
		}
	}
}

// listed is the order in which qualities are listed.
var listed = [...]gateway.Quality{
	gateway.Good, gateway.Uncertain, gateway.Held, gateway.Substituted, gateway.Forced, gateway.Never, gateway.OutOfService,
}

// qualities lists how many assets there are of each quality. Those that a person looks for are in it also
// when there are none.
func qualities(counts map[string]int) string {
	var list []string
	for _, q := range listed {
		n := counts[q.String()]
		if n > 0 || q == gateway.Good || q == gateway.Held || q == gateway.Never {
			list = append(list, fmt.Sprintf("%d %s", n, spaced(q.String())))
		}
	}
	return strings.Join(list, ", ")
}
