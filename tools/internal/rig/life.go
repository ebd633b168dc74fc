package rig

import (
	"maps"
	"sync"
	"time"
)

// Life is what the building is like: how many people are in which room. It is posted again and again, as
// Butlr does each minute, only faster.
type Life struct {
	gateway *Gateway
	mu      sync.Mutex
	people  map[string]int
	end     chan struct{}
}

// Begin lets life begin.
func Begin(g *Gateway, people map[string]int) *Life {
	l := &Life{gateway: g, people: maps.Clone(people), end: make(chan struct{})}
	go func() {
		for {
			l.post() // what is lost while the gateway does not run is posted again
			select {
			case <-l.end:
				return
			case <-time.After(5 * time.Second):
			}
		}
	}()
	return l
}

func (l *Life) post() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var events []Event
	for room, people := range l.people {
		events = append(events, People(room, people))
	}
	return l.gateway.Post(events...)
}

// Set says from now on how many people are in a room; with less than none, nothing more is said of it.
func (l *Life) Set(room string, people int) error {
	l.mu.Lock()
	if people < 0 {
		delete(l.people, room)
	} else {
		l.people[room] = people
	}
	l.mu.Unlock()
	return l.post()
}

// End lets it end.
func (l *Life) End() { close(l.end) }
