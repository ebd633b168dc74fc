package main

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"time"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/gateway"
)

// traffic is what is sent to a server: counts of a building's places in turn, one a request. Each has an id of its own,
// is newer than the one before it of its place, and has another count, so that each changes a reading: an event that
// changes less is less work.
type traffic struct {
	places []gateway.Event // a count of each
	random *rand.Rand
	twice  float64 // share of the requests that say again what was said a little before, under the same id
	late   float64 // share of the requests that come after some that are newer
	steady bool    // the counts stay as they are, and only their moments are new
	newest time.Time
	rounds int // that all places had their turn
}

// newTraffic makes a building of so many rooms. Nobody lives in it, which would take time with many rooms.
func newTraffic(rooms int) (*traffic, error) {
	year, month, day := time.Now().UTC().Date()
	estate, err := building.New(building.Options{Seed: 1, Sites: 1, Rooms: rooms, Start: time.Date(year, month, day, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		return nil, err
	}
	places := 0
	for range estate.Each {
		places++
	}
	return &traffic{places: estate.Count(nil, places, time.Now()), random: rand.New(rand.NewPCG(1, 1))}, nil
}

// How far from its turn a request is that is late or said twice, and how many counts there are.
const (
	strays = 50
	counts = 13
)

// events makes the next n.
func (t *traffic) events(n int) []gateway.Event {
	// A millisecond for each time around: nothing comes from the future, and all of a place is in order.
	now := time.Now()
	if !now.After(t.newest) {
		now = t.newest
	}
	events := make([]gateway.Event, n)
	for k := range events {
		e, round := t.places[k%len(t.places)], k/len(t.places)
		e.ID = building.KSUID("event_", now, t.random.Uint64(), t.random.Uint64())
		e.At = gateway.TimestampOf(now.Add(time.Duration(round) * time.Millisecond))
		if !t.steady {
			e.People = (t.rounds + round) % counts
		}
		events[k] = e
	}
	t.rounds += n/len(t.places) + 1
	t.newest = now.Add(time.Duration(n/len(t.places)+1) * time.Millisecond)
	for k := range events {
		switch luck := t.random.Float64(); {
		case luck < t.twice && k > 0:
			events[k] = events[max(0, k-1-t.random.IntN(strays))]
		case luck < t.twice+t.late:
			later := min(n-1, k+1+t.random.IntN(strays))
			events[k], events[later] = events[later], events[k]
		}
	}
	return events
}

// requests makes the next n as they go over the wire.
func (t *traffic) requests(target *url.URL, n int) [][]byte {
	head := requestHead(target)
	requests := make([][]byte, n)
	for k, e := range t.events(n) {
		requests[k] = request(head, webhook.Encode(nil, &e))
	}
	return requests
}

// requestHead is what every request begins with.
func requestHead(target *url.URL) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\nContent-Type: application/json\r\nContent-Length: ", target.Path, target.Host, secret)
}

func request(head string, body []byte) []byte {
	whole := make([]byte, 0, len(head)+8+len(body))
	return append(append(strconv.AppendInt(append(whole, head...), int64(len(body)), 10), "\r\n\r\n"...), body...)
}
