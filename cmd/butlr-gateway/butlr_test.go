package main

import (
	"fmt"
	"testing"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/webhook"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// TestWhatIsSubscribedToIsUnderstood posts an event of each type that the configuration knows: the webhook knows it
// too, and the API has the same name for it.
//
// Seen to break it: a name of the configuration's list misspelt.
func TestWhatIsSubscribedToIsUnderstood(t *testing.T) {
	for _, name := range config.EventNames() {
		body := fmt.Sprintf(`{"id":"event_2xWr0Wr0Wr0Wr0Wr0Wr0Wr0Wr0W","type":%q,"timestamp":1770000000000,"version":"v1.0.0","metadata":{},"data":1}`, name)
		events, err := webhook.Decode([]byte(body))
		if err != nil || len(events) != 1 || events[0].Type == gateway.UnknownType {
			t.Errorf("%s arrives as %+v: %v", name, events, err)
		}
		if got := butlr.EventType(string(name)); got != string(name) {
			t.Errorf("%s is %s at Butlr", name, got)
		}
	}
}
