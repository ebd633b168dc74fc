package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/cmd/internal/poster"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

func demoCommand() *cobra.Command {
	var rooms int
	var seed uint64
	c := &cobra.Command{
		Use: "demo", Short: "Run everything on this machine, with a simulated building", Args: cobra.NoArgs,
		Long: `Run the whole gateway on this machine's loopback addresses, with a simulated building that
posts to it: no configuration, no rights, no other software. Nothing of it stays.

What is a port of something else is replaced by a free one, and said.`,
		RunE: func(c *cobra.Command, _ []string) error {
			return runDemo(c.Context(), rooms, seed, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().IntVar(&rooms, "rooms", 12, "rooms of the building")
	c.Flags().Uint64Var(&seed, "seed", 1, "which building")
	return c
}

func runDemo(ctx context.Context, rooms int, seed uint64, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "butlr-gateway-demo-")
	if err != nil {
		return fmt.Errorf("making a directory for the demo: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	settings, moved := demoSettings(dir)
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	rules := rulesOf(settings)
	rules.Simulated = true
	s, err := open(ctx, settings, rules, log)
	if err != nil {
		return err
	}
	residents, err := newResidents(s, settings, rooms, seed)
	if err != nil {
		return errors.Join(err, s.close())
	}
	for _, m := range moved {
		fmt.Fprintln(stdout, m)
	}
	live := newStack()
	live.start(ctx, "the simulated building", residents)
	live.start(ctx, "the table", func(ctx context.Context) error { return showTable(ctx, stdout, s) })
	served := s.run(ctx)
	return errors.Join(served, live.unwind(), s.close())
}

// demoSettings are the configuration of a demo, and a sentence for each port that another
// program has.
func demoSettings(dir string) (*config.Config, []string) {
	var moved []string
	port := func(what, preferred string) config.Listen {
		l, err := net.Listen("tcp", preferred)
		if err != nil {
			moved = append(moved, fmt.Sprintf("%s: port %s is taken, so a free one is used.", what, preferred))
			return "127.0.0.1:0"
		}
		_ = l.Close()
		return config.Listen(preferred)
	}
	c := config.Default()
	c.Gateway.Name, c.Gateway.StateDir, c.Gateway.Timezone = "Demo building", config.Path(dir), time.Local
	c.Webhook.Listen, c.Webhook.HeaderName, c.Webhook.HeaderValue = "127.0.0.1:0", "X-Api-Key", config.NewSecret(rand.Text())
	c.Modbus.Listen = port("Modbus", "127.0.0.1:5020")
	c.MQTT.Broker = config.EmbeddedBroker
	c.MQTT.Embedded.Listen = port("MQTT", "127.0.0.1:1883")
	c.Web.Listen = port("Page", "127.0.0.1:8080")
	return c, moved
}

// backlog is how much of its past the building tells at once, so that nobody waits for its next minute.
const backlog = 3 * time.Minute

// newResidents returns the simulated building, which posts to the gateway as Butlr would. Its people
// believe that it is ten o'clock on a Tuesday, whenever the demo runs.
func newResidents(s *service, c *config.Config, rooms int, seed uint64) (func(context.Context) error, error) {
	now := time.Now()
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	monday := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	ahead := day + 10*time.Hour - now.Sub(monday)%week // of the clock here
	estate, err := building.New(building.Options{
		Seed: seed, Rooms: rooms, Start: now.Add(-backlog), Place: time.FixedZone("demo", int(ahead.Seconds())),
	})
	if err != nil {
		return nil, err
	}
	post, err := poster.New(poster.Options{
		URL:        "http://" + s.webhook.Addr().String() + c.Webhook.Path,
		HeaderName: c.Webhook.HeaderName, HeaderValue: c.Webhook.HeaderValue.Reveal(), Retries: 3,
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		post.Run(ctx, building.Live(ctx, estate, tick))
		return nil
	}, nil
}

// tableRows is how many rooms the table shows; the page has all of them.
const tableRows = 12

// showTable shows the building's rooms until ctx ends: on a terminal in place, elsewhere now and then.
func showTable(ctx context.Context, w io.Writer, s *service) error {
	terminal, every := isTerminal(w), 10*time.Second
	if terminal {
		every = time.Second
	}
	turn := time.NewTicker(every)
	defer turn.Stop()
	if !waitForAssets(ctx, s) {
		return nil
	}
	intro := demoIntroduction(s)
	if !terminal {
		fmt.Fprint(w, intro)
	}
	for {
		var text strings.Builder
		if terminal {
			text.WriteString("\x1b[H\x1b[2J" + intro)
		}
		writeTable(&text, s)
		if _, err := io.WriteString(w, text.String()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-turn.C:
		}
	}
}

// waitForAssets waits until the first events have arrived; it tells whether they have.
func waitForAssets(ctx context.Context, s *service) bool {
	look := time.NewTicker(tick)
	defer look.Stop()
	for s.board.Summary().Qualities[gateway.Good] == 0 {
		select {
		case <-ctx.Done():
			return false
		case <-look.C:
		}
	}
	return true
}

// demoIntroduction says what to try, ready to be pasted.
func demoIntroduction(s *service) string {
	_, modbusPort, _ := net.SplitHostPort(s.modbus.Addr().String())
	_, mqttPort, _ := net.SplitHostPort(s.broker.Addr().String())
	block := modbus.Place{}
	if rooms, _ := s.board.Find(s.clock(), "room", 0, 1); len(rooms) > 0 {
		block, _ = mapOptions(s.config).Locate(rooms[0].Asset.Number)
	}
	return fmt.Sprintf(`A simulated building posts to the gateway on this machine. Ctrl-C ends it; nothing stays.

  page    http://%s
  Modbus  %s, unit %d    mbpoll -m tcp -p %s -0 -1 -a %d -t 3 -r %d -c 16 127.0.0.1
  MQTT    %s            mosquitto_sub -h 127.0.0.1 -p %s -v -t 'butlr/room/+/state'

`, s.page.Addr(), s.modbus.Addr(), block.Unit, modbusPort, block.Unit, block.Address, s.broker.Addr(), mqttPort)
}

func writeTable(w io.Writer, s *service) {
	rooms, total := s.board.Find(s.clock(), "room_", 0, tableRows)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROOM\tPEOPLE\tOCCUPIED\tMOTION\tQUALITY\tAGE\tADDRESS\tINPUT\tHOLDING\tWHY")
	for i := range rooms {
		r := &rooms[i]
		register, _ := registerOf(r.Asset, mapOptions(s.config))
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d s\t%d\t%s\t%s\t%s\n", r.Asset.Label(),
			number(r.Reading(gateway.People)), number(r.Reading(gateway.Occupied)), number(r.Reading(gateway.Motion)), r.Quality,
			int(r.Age.Seconds()), register.Address, register.Input, register.Holding,
			r.Reason.Text(s.config.Gateway.Timezone))
	}
	_ = t.Flush() // into memory
	summary := s.board.Summary()
	fmt.Fprintf(w, "%d of %d rooms shown; %d assets, %d events accepted, %d refused\n\n", len(rooms), total, summary.Assets, summary.Accepted, summary.Refused)
}

func number(r gateway.Reading) string {
	if !r.Known {
		return "?"
	}
	return fmt.Sprint(r.Value)
}

// isTerminal tells whether somebody looks at what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
