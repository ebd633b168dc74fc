package webhook_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/gateway"
)

func TestEncodeIsUndoneByDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyEvent(t)
		body := webhook.Encode(nil, &want)
		events, err := webhook.Decode(body)
		if err != nil {
			t.Fatalf("decoding %s: %v", body, err)
		}
		if diff := cmp.Diff([]gateway.Event{want}, events, ignoreRaw); diff != "" {
			t.Fatalf("%s\n-want +got:\n%s", body, diff)
		}
	})
}

// anyEvent draws an event without a defect, with names of all characters.
func anyEvent(t *rapid.T) gateway.Event {
	id := rapid.StringN(1, 40, 200)
	name := rapid.StringN(0, 60, 256)
	place := func(label string, custom bool) gateway.Place {
		p := gateway.Place{ID: gateway.AssetID(id.Draw(t, label)), Name: name.Draw(t, label+" name")}
		if custom {
			p.CustomID = name.Draw(t, label+" custom id")
		}
		return p
	}
	count := rapid.IntRange(0, 65_534)
	e := gateway.Event{
		ID: id.Draw(t, "id"),
		At: gateway.Timestamp(rapid.Int64Range(-253_402_300_799_999, 253_402_300_799_999).Draw(t, "at")),
		Path: gateway.Path{
			Organisation: place("organisation", false), Site: place("site", false), Building: place("building", false),
			Floor: place("floor", true), Room: place("room", true), Zone: place("zone", true),
		},
		Type: rapid.SampledFrom([]gateway.EventType{
			gateway.UnknownType, gateway.Occupancy, gateway.OccupancyMinute, gateway.Traffic, gateway.Detected,
			gateway.MotionStarted, gateway.MotionEnded, gateway.Health,
		}).Draw(t, "type"),
	}
	switch e.Type {
	case gateway.Occupancy, gateway.OccupancyMinute:
		e.Subject = rapid.SampledFrom([]gateway.Kind{gateway.Floor, gateway.Room, gateway.Zone}).Draw(t, "subject")
		e.People = count.Draw(t, "people")
	case gateway.MotionStarted, gateway.MotionEnded:
		e.Subject = gateway.Room
	case gateway.Health:
		e.Subject = rapid.SampledFrom([]gateway.Kind{gateway.Sensor, gateway.NoKind}).Draw(t, "subject")
	case gateway.Traffic, gateway.Detected:
		e.Subject = gateway.Sensor
		e.Path.Sensor.ID = gateway.AssetID("sensor_" + rapid.OneOf(id, rapid.Just("sensor_x")).Draw(t, "sensor"))
		e.Path.Sensor.MAC = rapid.StringMatching(`([0-9a-f]{2}-){5}[0-9a-f]{2}`).Draw(t, "mac")
	}
	switch e.Type {
	case gateway.Traffic:
		e.In, e.Out = count.Draw(t, "in"), count.Draw(t, "out")
	case gateway.Detected:
		coordinate := rapid.Float64()
		e.Found = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) gateway.Position {
			return gateway.Position{
				X: coordinate.Draw(t, "x"), Y: coordinate.Draw(t, "y"),
				WorldX: coordinate.Draw(t, "world x"), WorldY: coordinate.Draw(t, "world y"),
			}
		}), 0, 8).Draw(t, "found")
	}
	return e
}

// FuzzDecode holds that no body makes Decode fail otherwise than with an error, and that an event
// without a defect says the same after it was encoded and decoded again.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	var bodies []string
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		bodies = append(bodies, string(body))
		f.Add(body)
	}
	f.Add([]byte("[" + strings.Join(bodies, ",") + "]"))
	f.Add([]byte(roomEvent(m{"timestamp": "1.77315153e12", "data": "65534.49"})))
	f.Add([]byte(roomEvent(m{"metadata": `{"room_id":"\ud834\udd1e","mac_address":"Aa:Bb"}`})))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := webhook.Decode(body)
		if err != nil {
			return
		}
		for _, e := range events {
			if e.Defect != gateway.Admitted {
				continue
			}
			again := decodeOne(t, string(webhook.Encode(nil, &e)))
			if diff := cmp.Diff(e, again, ignoreRaw); diff != "" {
				t.Fatalf("-first +again:\n%s", diff)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"ROOM_OCCUPANCY", "DETECTIONS"} {
		b.Run(name, func(b *testing.B) {
			body, err := os.ReadFile("testdata/" + name + ".json")
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := webhook.Decode(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
