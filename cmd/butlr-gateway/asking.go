package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/webhook"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// This file is the part of wire.go and serve.go that is about what Butlr is asked for: what was missed, or, in pull
// mode, everything.

// butlrAPI returns the one client of the API, so that all who ask keep its pace together.
func (s *service) butlrAPI() (*butlr.Client, error) {
	if s.api != nil {
		return s.api, nil
	}
	client, err := butlrClient(s.config, s.log)
	if err != nil {
		return nil, err
	}
	s.api = client
	return client, s.metrics.Register(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "butlr_api_requests_total", Help: "Requests to Butlr's API, logins and repetitions among them.",
	}, func() float64 { return float64(client.Requests()) }))
}

// pollTable is where is kept how far polling has come.
const pollTable = "poll"

// openAsking makes what asks Butlr's API, as far as the configuration wants it.
func (s *service) openAsking(ctx context.Context) error {
	c := &s.config.Butlr
	if !c.Polls() {
		if err := butlr.ForgetPoll(ctx, s.store.Table(pollTable)); err != nil {
			s.log.Warn("how far polling had come is not forgotten: if it is switched on within a day, traffic may count twice", "err", err)
		}
	}
	if !c.Polls() && !c.Reconciles() {
		return nil
	}
	client, err := s.butlrAPI()
	if err != nil {
		return err
	}
	wall := func() time.Time { return s.clock().Wall }
	if c.Reconciles() {
		s.reconcile = &butlr.Reconcile{Client: client, Hub: s.hub, Gaps: s.gaps, Back: c.Reconcile, Clock: wall, Log: s.log}
		return s.gauge("butlr_reconcile_last_timestamp_seconds", "When people were last reconciled; 0 is never since the start.",
			func() float64 { return secondsOf(s.reconcile.Status().Last) })
	}
	s.poll = &butlr.Poll{
		Client: client, Hub: s.hub, Memory: s.store.Table(pollTable), Takes: s.polled, Clock: wall, Every: c.Poll,
		Horizon: s.rules().Horizon, Patience: s.rules().State.DeadAfter, Alarms: s.alarms, Log: s.log,
	}
	s.log.Info(pullWords(s.config))
	if err := s.gauge("butlr_poll_last_timestamp_seconds", "When all that was over had last been read; 0 is never since the start.",
		func() float64 { return secondsOf(s.poll.Status().Last) }); err != nil {
		return err
	}
	return s.gauge("butlr_poll_until_timestamp_seconds", "The minutes before this moment are read; the age of it is the lag.",
		func() float64 { return float64(s.poll.Status().Until) / 1000 })
}

func secondsOf(t time.Time) float64 { return float64(gateway.TimestampOf(t)) / 1000 }

func (s *service) gauge(name, help string, value func() float64) error {
	return s.metrics.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// polled returns the places of an inventory that are polled: those of which the webhook would take events.
func (s *service) polled(inventory *butlr.Inventory) []butlr.Place {
	places, _ := importable(inventory, s.config)
	return slices.DeleteFunc(places, func(p butlr.Place) bool { return countsNothing(&p) })
}

// ingester is where the webhook hands events in.
func (s *service) ingester() webhook.Ingester {
	if s.gaps == nil {
		return s.hub
	}
	return watched{s.hub, s.gaps}
}

// watched tells of events that were turned away, because Butlr drops them a little later.
type watched struct {
	hub  *gateway.Hub
	gaps *butlr.Gaps
}

func (w watched) Ingest(ctx context.Context, events []gateway.Event) error {
	err := w.hub.Ingest(ctx, events)
	w.gaps.Ingested(err)
	return err
}

// asked tells what Butlr is asked for, and how that goes.
func (s *service) asked() *web.Asked {
	if s.poll == nil && s.reconcile == nil {
		return nil
	}
	out := &web.Asked{Requests: s.api.Requests()}
	if s.poll != nil {
		p := s.poll.Status()
		out.Poll = &web.Polling{
			Says: pullWords(s.config), Last: momentOf(p.Last), Until: web.Moment(p.Until), Why: p.Why, Counted: p.Counted, Sensors: p.Sensors, Corrected: p.Corrected,
		}
	}
	if s.reconcile != nil {
		r := s.reconcile.Status()
		out.Reconcile = &web.Reconciling{Last: momentOf(r.Last), After: r.After, Counts: r.Counts, Why: r.Why, Traffic: r.Traffic}
	}
	return out
}

// pullWords say what pull mode gives, and what it cannot.
func pullWords(c *config.Config) string {
	return fmt.Sprintf("pull mode: people and traffic are asked from Butlr every %.0f seconds and are one to two minutes old; motion cannot be had this way", c.Butlr.Poll.Seconds())
}

// printAsked tells it in words.
func printAsked(w io.Writer, a *web.Asked) {
	if a == nil {
		return
	}
	if p := a.Poll; p != nil {
		fmt.Fprintf(w, "  %-11s %s\n", "poll", p.Says)
		fmt.Fprintf(w, "  %-11s   %s; %s since the start\n", "", p.Sentence(time.Local), countOf(int(a.Requests), "request"))
		if p.Why != "" {
			fmt.Fprintf(w, "  %-11s   it fails: %s\n", "", printable(p.Why))
		}
	}
	if r := a.Reconcile; r != nil {
		fmt.Fprintf(w, "  %-11s %s\n", "reconciled", printable(r.Sentence(time.Local)))
		if r.Why != "" {
			fmt.Fprintf(w, "  %-11s   it fails: %s\n", "", printable(r.Why))
		}
		if r.Traffic != "" {
			fmt.Fprintf(w, "  %-11s   %s\n", "", printable(r.Traffic))
		}
	}
}
