package main

import (
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// choices are what the operator says at this moment: the configuration as it was read last, and the rules that follow
// from it. They are never altered: a reload makes others.
type choices struct {
	config *config.Config
	rules  gateway.Rules
}

// rules returns those in force.
func (s *service) rules() *gateway.Rules { return &s.choices.Load().rules }
