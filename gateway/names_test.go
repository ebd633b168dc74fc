package gateway_test

import (
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// TestNamesAreReadAsTheyAreWritten: every measure and every quality.
func TestNamesAreReadAsTheyAreWritten(t *testing.T) {
	for m := range gateway.Measure(gateway.MeasureCount) {
		if got, ok := gateway.ParseMeasure(m.String()); !ok || got != m {
			t.Errorf("%s is read as %s", m, got)
		}
		no, yes := m.States()
		if m.Binary() != (no != "" && yes != "") {
			t.Errorf("%s is called %q and %q", m, no, yes)
		}
	}
	for q := range gateway.Quality(gateway.QualityCount) {
		if got, ok := gateway.ParseQuality(q.String()); !ok || got != q {
			t.Errorf("%s is read as %s", q, got)
		}
	}
	if _, ok := gateway.ParseMeasure("quality"); ok {
		t.Error("quality is no measure")
	}
	if _, ok := gateway.ParseQuality("bad"); ok {
		t.Error("bad is no quality")
	}
}

// TestALossIsWhatTheRulesSayAtThatHour: what a controller is left with when the gateway stops.
//
// Seen to break it: leaving out the hours, and those of the site's own time zone.
func TestALossIsWhatTheRulesSayAtThatHour(t *testing.T) {
	hours, err := gateway.ParseHours("Mon-Fri 06:00-20:00")
	if err != nil {
		t.Fatal(err)
	}
	rules := gateway.DefaultRules()
	rules.Sites = map[gateway.AssetID]gateway.SiteRule{"site_a": {Hours: hours, Location: time.FixedZone("ahead", 3600)}}
	rules.Assets = map[gateway.AssetID]gateway.AssetRule{"custom:lab": {State: gateway.Patch{func(s *gateway.Settings) {
		s.OnLoss[gateway.HVACOutput] = gateway.PolicyVacant
	}}}}
	for _, test := range []struct {
		site   gateway.AssetID
		custom string
		at     string
		want   gateway.Policy
	}{
		{"site_a", "", "2026-03-10T12:00:00Z", gateway.PolicyOccupied},
		{"site_a", "", "2026-03-10T18:59:00Z", gateway.PolicyOccupied},
		{"site_a", "", "2026-03-10T19:00:00Z", gateway.PolicyHold},
		{"site_a", "lab", "2026-03-10T12:00:00Z", gateway.PolicyVacant},
		{"site_b", "", "2026-03-10T19:00:00Z", gateway.PolicyOccupied},
		{"", "", "2026-03-08T03:00:00Z", gateway.PolicyOccupied},
	} {
		at, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		a := &gateway.Asset{ID: "room_a", Kind: gateway.Room, Site: test.site, CustomID: test.custom}
		if got := rules.Loss(a, gateway.HVACOutput, gateway.TimestampOf(at)); got != test.want {
			t.Errorf("%s of %s at %s: %s, want %s", a.ID, test.site, test.at, got, test.want)
		}
	}
}
