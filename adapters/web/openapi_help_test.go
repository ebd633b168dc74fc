package web

import (
	"context"
	"time"

	"butlr-gateway/gateway"
)

// everything explains assets with something in every part.
type everything struct{ boardArchive }

func (a everything) Explain(ctx context.Context, ids []gateway.AssetID, show func(*gateway.Explanation)) error {
	return a.boardArchive.Explain(ctx, ids, func(e *gateway.Explanation) {
		e.Traffic = &gateway.TrafficExplanation{Sensors: []gateway.SensorExplanation{{ID: "sensor_1", At: noon}}}
		e.Settings = []gateway.SettingExplanation{{Key: "evidence", Value: "both", From: "[class.room]"}}
		e.Points = []gateway.PointExplanation{{Measure: gateway.People, Reading: gateway.Reading{At: noon, Known: true}}, {Measure: gateway.Motion}}
		e.Feeds = []gateway.FeedExplanation{{Newest: noon, History: gateway.History{
			Window: []gateway.Entry{{At: noon, Value: 1}}, Before: gateway.Before{Output: gateway.Past{At: noon}},
		}}}
		e.Members = &gateway.MembersExplanation{Members: []gateway.MemberExplanation{{ID: "room_2"}}, Missing: []string{"room_9"}}
		e.Overrides = []gateway.Override{{Since: noon, Until: noon.Add(time.Hour)}}
		e.Site = gateway.SiteExplanation{ID: "site_1", Starts: [2]gateway.Timestamp{noon}, Silence: gateway.Silence{From: noon, To: noon}}
		show(e)
	})
}

// restored is a hub with a state of nothing.
type restored struct{}

func (restored) View(_ context.Context, look func(*gateway.State)) error {
	s, err := gateway.NewState(gateway.DefaultRules(), &gateway.Saved{}, atNoon())
	if err == nil {
		look(s)
	}
	return err
}

// sourcesOfEverything tells something of everything.
func sourcesOfEverything() Sources {
	people, yes := 3, true
	sample := HistorySample{Minute: Moment(noon), People: &people, Quality: "good", Lighting: &yes, OffDelay: true}
	return Sources{
		Registers: func(*gateway.Asset) []RegisterValue {
			return []RegisterValue{{Name: "people", Words: []uint16{3}, Value: "3 people"}}
		},
		Topics: func(*gateway.Asset) []string { return []string{"butlr/room"} },
		Events: func(context.Context, gateway.AssetID) ([]SeenEvent, error) {
			return []SeenEvent{{Arrived: Moment(noon), Verdict: "late"}}, nil
		},
		History: func(context.Context, gateway.AssetID, gateway.Timestamp, gateway.Timestamp) (*History, error) {
			return &History{Before: &sample, Samples: []HistorySample{sample, {}}, Runs: []HistoryRun{{From: Moment(noon)}}}, nil
		},
		Audit: func(context.Context) ([]AuditEntry, error) {
			return []AuditEntry{{At: Moment(noon), What: "forced"}}, nil
		},
		Points: listOfPoints{},
	}
}
