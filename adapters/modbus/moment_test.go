package modbus

import (
	"fmt"
	"sync"
	"testing"

	"butlr-gateway/gateway"
)

// sayings are updates of some rooms, in each of which every value says the same number, so that a half of
// one and a half of another can be told.
func sayings(rooms int, v int64) *gateway.Update {
	u := new(gateway.Update)
	u.Epoch = epoch
	for n := range rooms {
		s := room(gateway.Number(n))
		s.Quality, s.Oldest = gateway.Good, at("11:59:00")
		wide := v<<16 | v
		u.Changed = append(u.Changed, with(s, map[gateway.Measure]int64{
			gateway.People: v, gateway.TrafficIn: wide, gateway.TrafficOut: wide, gateway.PeakToday: v, gateway.OccupiedMinutesToday: v,
		}))
	}
	u.Summary.Accepted, u.Summary.Refused = uint64(v<<16|v), uint64(v<<16|v)
	return u
}

// A client that reads a block again and again over TCP while its asset changes never sees half a total, nor
// two values of different moments. Seen to break it: words that are taken without looking at the version again.
func TestNoReadOverTCPIsTorn(t *testing.T) {
	reads := 100_000
	if underRace {
		reads = 5_000
	}
	const rooms, clients = 7, 2
	b := newBuilding(t)
	target := serveTCP(t, b)
	b.Publish(sayings(rooms, 0))
	done := make(chan struct{})
	written := make(chan int64)
	go func() {
		v := int64(1)
		for ; ; v++ {
			select {
			case <-done:
				written <- v
				return
			default:
				b.Image.Publish(sayings(rooms, v%60_000))
			}
		}
	}()
	var reading sync.WaitGroup
	for k := range clients {
		reading.Go(func() {
			c := NewClient(ClientOptions{Address: target, Unit: 1})
			defer c.Close()
			count := rooms * blockLength // of all rooms at once
			if k > 0 {
				count = blockLength
			}
			for range reads / clients {
				words, err := c.Registers(Input, headerLength, count)
				if err != nil {
					t.Error(err)
					return
				}
				if why := torn(words); why != "" {
					t.Error(why)
					return
				}
			}
		})
	}
	reading.Wait()
	close(done)
	t.Logf("%d reads beside %d updates", reads, <-written)
}

// torn tells what in some blocks is of another moment than the rest.
func torn(words []uint16) string {
	v := words[1]
	for n := range len(words) / blockLength {
		for _, offset := range []int{1, 8, 9, 10, 11, 12, 13} {
			if got := words[n*blockLength+offset]; got != v {
				return fmt.Sprintf("register +%d of room %d reads %d beside people %d of room 0: %d", offset, n, got, v, words)
			}
		}
	}
	return ""
}

// The same of columns and of the header, without TCP between.
func TestNoColumnIsTorn(t *testing.T) {
	const rooms = 200
	b := newBuilding(t)
	c := newCore(t, b.Image)
	b.Publish(sayings(rooms, 0))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for v := range int64(300) {
			b.Image.Publish(sayings(rooms, v))
		}
	}()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		people := c.registers(t, 101, 8192+60, 125)
		for n, got := range people {
			if got != people[0] {
				t.Fatalf("room %d has %d people beside %d: %d", n, got, people[0], people)
			}
		}
		events := c.registers(t, 1, 18, 4)
		for _, got := range events {
			if got != events[0] {
				t.Fatalf("events accepted and refused are of different moments: %d", events)
			}
		}
	}
}
