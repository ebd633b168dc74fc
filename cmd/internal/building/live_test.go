package building_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/gateway"
)

func TestLiveSendsAsTimeGoesBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
		defer stop()
		start := time.Now()
		b := newBuilding(t, building.Options{Rooms: 5, Start: start})
		chunks, events := 0, 0
		for chunk := range building.Live(ctx, b, time.Second) {
			chunks++
			events += len(chunk)
			for _, e := range chunk {
				if age := time.Since(e.At.Time()); age < 0 || age > 6*time.Minute {
					t.Fatalf("an event of %v is sent at %v", e.At.Time(), time.Now())
				}
			}
		}
		if took := time.Since(start); took != 10*time.Minute || chunks < 600 || events < 100 {
			t.Errorf("%d events in %d chunks in %v", events, chunks, took)
		}
	})
}

func TestLoadCountsEveryPlaceInTurn(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	b := newBuilding(t, building.Options{Rooms: 5, Start: tuesday.Add(9 * time.Hour)})
	places := 0
	for range b.Each {
		places++
	}
	ids, seen := make(map[string]bool), make(map[gateway.AssetID]int)
	for chunk := range b.Load(ctx, 7) {
		for _, e := range chunk {
			ids[e.ID] = true
			seen[place(&e)]++
			if e.People != b.People(place(&e)) || b.Reported(place(&e)).At != e.At {
				t.Fatalf("%d people were counted in %s, want %d", e.People, place(&e), b.People(place(&e)))
			}
		}
		if len(ids) >= 7*places {
			stop()
		}
	}
	if len(ids) != 7*places || len(seen) != places {
		t.Errorf("%d ids of %d places, want %d of %d", len(ids), len(seen), 7*places, places)
	}
	for id, n := range seen {
		if n != 7 {
			t.Errorf("%s was counted %d times, want 7", id, n)
		}
	}
}
