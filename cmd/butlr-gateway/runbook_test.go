package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"butlr-gateway/gateway"
)

// Whoever sees an alarm, or its bit in a controller, finds out what to do.
// Seen to break it: an alarm without a section, one with the bit of another.
func TestTheRunbookKnowsEveryAlarm(t *testing.T) {
	text, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	for alarm := range gateway.Alarm(gateway.AlarmCount) {
		if section := fmt.Sprintf("\n## %s\n\n**Bit %d. ", alarm, alarm); !strings.Contains(string(text), section) {
			t.Errorf("no section begins with %q", section)
		}
	}
}
