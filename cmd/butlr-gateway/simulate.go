package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/cmd/internal/poster"
)

// simulation is what the command line of simulate says.
type simulation struct {
	url, header, user, ca string
	rooms, sites          int
	connections, batch    int
	rate                  float64
	chaos                 bool
	seed                  uint64
	length                time.Duration
	replay                replaying
}

func simulateCommand() *cobra.Command {
	var s simulation
	c := &cobra.Command{
		Use: "simulate --url URL", Short: "Post a simulated building's events to a gateway", Args: cobra.NoArgs,
		Long: `Post the events of a simulated building in Butlr's format, until it is interrupted.

Without --rate the building lives as a real one does: a count of each place every minute,
counts of the minutes before again, corrections, motion and traffic as they happen. With
--rate it reports that many counts a second. --chaos delivers as badly as can be: late,
twice, in any order, with corrections. The same --seed gives the same building.

--replay posts what a gateway recorded ("capture on") instead, in its order and with its rhythm. The
timestamps are moved to now, and shrink with --speed as the pauses do.`,
		Example: `  butlr-gateway simulate --url http://127.0.0.1:8443/webhooks/butlr --rooms 200
  butlr-gateway simulate --url https://gateway.example.org:8443/webhooks/butlr \
      --header "X-Api-Key: $BUTLR_WEBHOOK_KEY" --rate 100 --chaos
  butlr-gateway simulate --url http://127.0.0.1:8443/webhooks/butlr --replay capture.jsonl --speed 60`,
		RunE: func(c *cobra.Command, _ []string) error { return s.run(c) },
	}
	f := c.Flags()
	f.StringVar(&s.url, "url", "", "where to post: the gateway's webhook")
	f.StringVar(&s.header, "header", "", "a header to send, as \"NAME: VALUE\"")
	f.StringVar(&s.user, "user", "", "user name and password (HTTP Basic), as \"NAME:PASSWORD\"")
	f.StringVar(&s.ca, "ca-file", "", "a `file` with the certificates to trust, in PEM")
	f.IntVar(&s.rooms, "rooms", 40, "rooms of the building")
	f.IntVar(&s.sites, "sites", 1, "sites that the rooms are spread over")
	f.Float64Var(&s.rate, "rate", 0, "events a second; 0 is the rhythm of a real building")
	f.BoolVar(&s.chaos, "chaos", false, "duplicate, delay, reorder and correct")
	f.Uint64Var(&s.seed, "seed", 1, "which building")
	f.IntVar(&s.connections, "connections", 4, "connections kept open")
	f.IntVar(&s.batch, "batch", 1, "events in one request")
	f.DurationVar(&s.length, "for", 0, "end by itself after so long")
	s.replay.flags(c)
	return c
}

func (s *simulation) run(c *cobra.Command) error {
	err := s.check()
	if err == nil {
		err = s.replay.check(c)
	}
	if err != nil {
		return usageError{c.CommandPath(), err}
	}
	if len(s.replay.files) > 0 && !c.Flags().Changed("connections") {
		s.connections = 1 // so that bodies arrive in their order
	}
	options, err := s.posterOptions()
	if err != nil {
		return usageError{c.CommandPath(), err}
	}
	post, err := poster.New(options)
	if err != nil {
		return usageError{c.CommandPath(), err}
	}
	if len(s.replay.files) > 0 {
		return s.post(c, post, s.replay.run)
	}
	estate, err := building.New(building.Options{Seed: s.seed, Sites: s.sites, Rooms: s.rooms, Start: time.Now(), Place: time.Local})
	if err != nil {
		return usageError{c.CommandPath(), err}
	}
	return s.post(c, post, func(ctx context.Context, post *poster.Poster) error {
		var source building.Source = estate
		if s.rate > 0 {
			source = estate.Steady(s.rate, time.Now())
		}
		if s.chaos {
			source = building.NewChaos(source, s.seed)
		}
		post.Run(ctx, building.Live(ctx, source, tick))
		return nil
	})
}

// post posts what run has to say, for as long as the command line says, and reports what became of it.
func (s *simulation) post(c *cobra.Command, post *poster.Poster, run func(context.Context, *poster.Poster) error) error {
	start := time.Now() // a large building has taken its time to live up to now
	ctx := c.Context()
	if s.length > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, s.length)
		defer end()
	}
	err := run(ctx, post)
	return errors.Join(err, printReport(c.OutOrStdout(), post.Report(), time.Since(start)))
}

// check refuses what would be taken for something else further on.
func (s *simulation) check() error {
	switch {
	case s.url == "":
		return errors.New("--url is missing: give the gateway's webhook, as in http://127.0.0.1:8443/webhooks/butlr")
	case s.rooms < 1 || s.sites < 1 || s.connections < 1 || s.batch < 1:
		return errors.New("--rooms, --sites, --connections and --batch must be at least 1")
	case s.rate < 0 || s.length < 0:
		return errors.New("--rate and --for must not be negative")
	}
	return nil
}

// tick is how often a simulated building speaks.
const tick = 100 * time.Millisecond

func (s *simulation) posterOptions() (poster.Options, error) {
	o := poster.Options{URL: s.url, Connections: s.connections, Batch: s.batch, Retries: 3}
	if s.header != "" {
		name, value, ok := strings.Cut(s.header, ":")
		if !ok {
			return o, errors.New("--header must be \"NAME: VALUE\"")
		}
		o.HeaderName, o.HeaderValue = strings.TrimSpace(name), strings.TrimSpace(value)
	}
	if s.user != "" {
		name, password, ok := strings.Cut(s.user, ":")
		if !ok {
			return o, errors.New("--user must be \"NAME:PASSWORD\"")
		}
		o.Username, o.Password = name, password
	}
	if s.ca != "" {
		text, err := os.ReadFile(s.ca)
		if err != nil {
			return o, fmt.Errorf("reading --ca-file: %w", err)
		}
		trusted := x509.NewCertPool()
		if !trusted.AppendCertsFromPEM(text) {
			return o, fmt.Errorf("reading --ca-file %s: there is no certificate in PEM in it", s.ca)
		}
		o.TLS = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	}
	return o, nil
}

func printReport(w io.Writer, r poster.Report, took time.Duration) error {
	fmt.Fprintf(w, "%d events accepted in %s (%.0f/s), %d lost; half of the answers within %s, 99 %% within %s, all within %s\n",
		r.Accepted, took.Round(time.Millisecond), float64(r.Accepted)/took.Seconds(), r.Lost,
		r.P50.Round(time.Microsecond), r.P99.Round(time.Microsecond), r.Longest.Round(time.Microsecond))
	for _, code := range slices.Sorted(maps.Keys(r.Codes)) {
		fmt.Fprintf(w, "  answer %d: %d times\n", code, r.Codes[code])
	}
	if r.Failures > 0 {
		fmt.Fprintf(w, "  no answer: %d times, the last: %v\n", r.Failures, r.LastErr)
	}
	if r.Lost > 0 {
		return fmt.Errorf("%d events were not accepted%s", r.Lost, lossHint(r))
	}
	return nil
}

// lossHint says what to do about events that were not accepted, if the answers tell.
func lossHint(r poster.Report) string {
	switch {
	case r.Codes[http.StatusUnauthorized] > 0:
		return ": the secret is wrong or missing; give the one of [webhook] with --header or --user"
	case r.Codes[http.StatusNotFound] > 0:
		return ": the path is wrong; --url must end with the [webhook] path"
	case r.Codes[http.StatusServiceUnavailable] > 0:
		return ": the gateway could not store them; see its log"
	case r.Failures > 0 && len(r.Codes) == 0:
		return ": nobody answers; does the gateway run, and is --url its webhook?"
	}
	return ""
}
