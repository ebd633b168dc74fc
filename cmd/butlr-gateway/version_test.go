package main

import (
	"runtime/debug"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// A clock that shows less than this is wrong; where nothing is known of it, none is.
func TestAProgramIsAsOldAsItsRevision(t *testing.T) {
	for text, want := range map[string]gateway.Timestamp{
		"2026-11-23T22:14:05Z": gateway.TimestampOf(time.Date(2026, 11, 23, 22, 14, 5, 0, time.UTC)),
		"yesterday":            0,
	} {
		settings := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789ab"}, {Key: "vcs.time", Value: text}}
		if got := builtAt(settings); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if got := builtAt(nil); got != 0 {
		t.Errorf("nothing is known, and it was built at %v", got)
	}
}
