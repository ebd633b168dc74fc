package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/store"
	"butlr-gateway/config"
)

// This file is the part of wire.go that is about Butlr's own API.

// butlrClient returns a client of the API. What the configuration does not have for that is its error.
func butlrClient(c *config.Config, log *slog.Logger) (*butlr.Client, error) {
	if !c.Butlr.On() {
		return nil, config.Problems{c.Problem("butlr.client_id", "is missing: without it and client_secret Butlr's API lets nobody in",
			"write client_id and client_secret below [butlr]; Butlr gives them to you")}
	}
	return butlr.New(butlr.Options{
		URL: string(c.Butlr.APIURL), ClientID: butlr.NewSecret(c.Butlr.ClientID.Reveal()), ClientSecret: butlr.NewSecret(c.Butlr.ClientSecret.Reveal()),
		PerMinute: c.Butlr.MaxRequestsPerMinute, Log: log,
	})
}

// subscriptionWish is the subscription that a configuration wants for the gateway with that id.
func subscriptionWish(c *config.Config, gatewayID string) *butlr.Wish {
	w := &butlr.Wish{Gateway: gatewayID, Subscription: butlr.Subscription{
		URL: string(c.Butlr.PublicURL), Timeout: c.Butlr.HTTPTimeout, OnChange: c.Butlr.SendOnValueChange,
		Header: c.Webhook.HeaderName, Value: butlr.NewSecret(c.Webhook.HeaderValue.Reveal()),
		Username: c.Webhook.Username, Password: butlr.NewSecret(c.Webhook.Password.Reveal()),
	}, Next: butlr.NewSecret(c.Webhook.HeaderValueNext.Reveal())}
	for _, e := range c.Butlr.Events {
		w.Events = append(w.Events, string(e))
	}
	if len(c.Butlr.Filters) > 0 {
		w.Filters = map[string][]string{}
		for _, f := range c.Butlr.Filters {
			w.Filters[f.Name] = f.IDs
		}
	}
	return w
}

// gatewayID returns the id of the gateway of a state directory, "" before there is one.
func gatewayID(ctx context.Context, c *config.Config) (string, error) {
	_, identity, err := store.Read(ctx, string(c.Gateway.StateDir))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return identity.GatewayID, err
}

// drawGatewayID has a state directory begin, in which no gateway has run, and returns the id that it got.
func drawGatewayID(ctx context.Context, c *config.Config, log *slog.Logger) (id string, err error) {
	kept, err := openToChange(ctx, c, log)
	if err != nil {
		return "", err
	}
	return kept.Identity().GatewayID, kept.Close()
}

// openSubscription makes what watches over Butlr's subscription, where the configuration has one.
func (s *service) openSubscription(context.Context) error {
	if !s.config.Butlr.Subscribes() {
		return nil
	}
	client, err := s.butlrAPI()
	if err != nil {
		return err
	}
	s.subscription = &butlr.Watch{
		Client: client, Wish: subscriptionWish(s.config, s.store.Identity().GatewayID), Alarms: s.alarms, Log: s.log,
	}
	return nil
}
