package modbus

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// poller is a peer that asks when the test says so.
func poller(address string) *peer {
	return &peer{name: address, address: netip.MustParseAddr(address)}
}

func (p *peer) polls(at time.Duration, unit byte, table Table, address, count int) {
	p.now.Store(int64(at))
	p.read(unit, table, address, count)
	p.asked(unit, 0)
}

func TestWhatAClientReadsAndHowOften(t *testing.T) {
	p := poller("10.20.0.31")
	for n := range 60 {
		at := time.Duration(n) * time.Second
		p.polls(at, 1, Input, 100, 16)
		if n%10 == 0 {
			p.polls(at+time.Millisecond, 2, Coil, 100, 1)
		}
	}
	p.asked(1, illegalDataAddress)
	got := p.record.poller(keyOf("tcp", p), 1, time.Minute)
	want := Poller{
		Transport: "tcp", Address: "10.20.0.31", Connections: 1, Units: []uint8{1, 2}, Requests: 67, Exceptions: 1, LastSeen: time.Second,
		Polls: []Poll{
			{Unit: 1, Table: Input, Address: 100, Count: 16, Requests: 60, Interval: time.Second, LastSeen: time.Second},
			{Unit: 2, Table: Coil, Address: 100, Count: 1, Requests: 6, Interval: 10 * time.Second, LastSeen: 10*time.Second - time.Millisecond},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Whoever reads everything once does not grow what is remembered, nor push out what is polled.
func TestWhatIsRememberedOfAClientIsBounded(t *testing.T) {
	p := poller("10.20.0.31")
	for n := range 10_000 {
		at := time.Duration(n) * time.Second
		p.polls(at, 1, Input, 0, 100)
		p.polls(at, 1, Holding, n, 1)
	}
	r := p.record.poller(keyOf("tcp", p), 1, 0)
	if len(r.Polls) != pollsKept || r.Polls[0].Requests != 10_000 {
		t.Errorf("%d polls, the first %+v", len(r.Polls), r.Polls[0])
	}
}

func TestClientsThatAreGoneAreRememberedAndBounded(t *testing.T) {
	var c clients
	c.part("tcp", poller("10.0.0.1")) // asked nothing
	for n := range 3 * clientsKept {
		p := poller(fmt.Sprintf("10.1.%d.%d", n/256, n%256))
		p.polls(time.Duration(n)*time.Second, 1, Input, 100, 16)
		c.part("tcp", p)
	}
	again := poller("10.1.2.255")
	again.polls(time.Hour, 1, Input, 100, 16)
	c.part("tcp", again)
	all := c.all()
	newest := all[clientKey{"tcp", "10.1.2.255", ""}]
	if len(all) != clientsKept || all[clientKey{"tcp", "10.1.0.0", ""}] != nil || newest == nil || newest.requests != 2 || len(newest.polls) != 1 {
		t.Errorf("%d clients, the newest %+v", len(all), newest)
	}
}

func TestConnectionsOfOneClientAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := install(t)
		first, _ := i.connect("10.20.0.31")
		second, _ := i.connect("10.20.0.31")
		for range 20 {
			ask(first)
			time.Sleep(time.Second)
			ask(second)
			time.Sleep(time.Second)
		}
		gone, _ := i.connect("10.20.0.32")
		ask(gone)
		gone.Close()
		silent, _ := i.connect("10.20.0.33")
		defer silent.Close()
		synctest.Wait()
		want := []Poller{
			{Transport: "tcp", Address: "10.20.0.32", Units: []uint8{1}, Requests: 1, Polls: []Poll{{Unit: 1, Table: Input, Count: 2, Requests: 1}}},
			{Transport: "tcp", Address: "10.20.0.31", Connections: 2, Units: []uint8{1}, Requests: 40, LastSeen: time.Second,
				Polls: []Poll{{Unit: 1, Table: Input, Count: 2, Requests: 40, Interval: time.Second, LastSeen: time.Second}}},
		}
		if diff := cmp.Diff(want, i.server.Clients()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		first.Close()
		if synctest.Wait(); i.server.Clients()[1].Requests != 40 {
			t.Errorf("one of two has left: %+v", i.server.Clients()[1])
		}
	})
}
