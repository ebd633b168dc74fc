package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/gateway"
)

// This file is the part of wire.go that is about the sensors' health.

// openHealth makes what asks how the sensors and hives are, where the configuration wants that.
func (s *service) openHealth(context.Context) error {
	if s.config.Butlr.Health == 0 {
		return nil
	}
	client, err := s.butlrAPI()
	if err != nil {
		return err
	}
	s.metrics.MustRegister(deviceMetrics(s.board.Summary)...)
	s.health = &butlr.HealthPoll{Client: client, Every: s.config.Butlr.Health, Taker: s.hub, Log: s.log}
	return nil
}

// deviceMetrics count the sensors and hives as the newest answer has them.
func deviceMetrics(summary func() gateway.Summary) []prometheus.Collector {
	gauge := func(name, help string, value func(*gateway.DeviceCounts) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			sum := summary()
			return value(&sum.Devices)
		})
	}
	return []prometheus.Collector{
		gauge("butlr_sensors", "Sensors in rooms and on floors.", func(c *gateway.DeviceCounts) float64 { return float64(c.Sensors) }),
		gauge("butlr_sensors_offline", "Sensors that Butlr has not heard in two answers running.", func(c *gateway.DeviceCounts) float64 { return float64(c.SensorsOffline) }),
		gauge("butlr_hives", "Hives in rooms and on floors.", func(c *gateway.DeviceCounts) float64 { return float64(c.Hives) }),
		gauge("butlr_hives_offline", "Hives that Butlr has not heard in two answers running.", func(c *gateway.DeviceCounts) float64 { return float64(c.HivesOffline) }),
		gauge("butlr_health_timestamp_seconds", "When Butlr last told how the sensors are; 0 not since the start.", func(c *gateway.DeviceCounts) float64 { return float64(c.At) / 1000 }),
	}
}
