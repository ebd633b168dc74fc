package rig

import (
	"maps"
	"sync"
	"time"
)

// Life is what the building is like: how many people are in which room, at the table and on the floor. It is
// posted again and again, as Butlr does each minute, only faster.
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
	for place, people := range l.people {
		switch place {
		case Table:
			events = append(events, AtTable(people))
		case Floor:
			events = append(events, OnFloor(people))
		default:
			events = append(events, People(place, people))
		}
	}
	return l.gateway.Post(events...)
}

// Set says from now on how many people are in a place; with less than none, nothing more is said of it.
func (l *Life) Set(place string, people int) error {
	l.mu.Lock()
	if people < 0 {
		delete(l.people, place)
	} else {
		l.people[place] = people
	}
	l.mu.Unlock()
	return l.post()
}

// End lets it end.
func (l *Life) End() { close(l.end) }
