package main

import (
	"context"

	"butlr-gateway/adapters/butlr"
)

// This file is the part of wire.go that is about the sensors' health.

// butlrAPI returns the client of Butlr's API that all parts share, so that together they keep to its pace.
func (s *service) butlrAPI() (*butlr.Client, error) {
	if s.api == nil {
		client, err := butlrClient(s.config, s.log)
		if err != nil {
			return nil, err
		}
		s.api = client
	}
	return s.api, nil
}

// openHealth makes what asks how the sensors and hives are, where the configuration wants that.
func (s *service) openHealth(context.Context) error {
	if s.config.Butlr.Health == 0 {
		return nil
	}
	client, err := s.butlrAPI()
	if err != nil {
		return err
	}
	s.health = &butlr.HealthPoll{Client: client, Every: s.config.Butlr.Health, Taker: s.hub, Log: s.log}
	return nil
}
