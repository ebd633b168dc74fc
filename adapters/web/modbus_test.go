package web_test

import (
	"testing"

	"butlr-gateway/adapters/web"
)

func TestWhoReadsIsTold(t *testing.T) {
	clients := []web.ModbusClient{
		{Transport: "tls", Address: "10.20.0.31", Role: "operator", Requests: 120, Exceptions: 1, Writes: 3, Polls: []web.ModbusPoll{
			{Unit: 1, Table: "input", Address: 100, Count: 125, Requests: 100, Every: 1},
			{Unit: 2, Table: "coil", Address: 100, Count: 1, Requests: 1},
			{Unit: 2, Table: "coil", Address: 101, Count: 1, Requests: 1}, {Unit: 2, Table: "coil", Address: 102, Count: 1, Requests: 1},
			{Unit: 2, Table: "coil", Address: 103, Count: 1, Requests: 1}, {Unit: 2, Table: "coil", Address: 104, Count: 1, Requests: 1},
		}},
		{Transport: "rtu_over_tcp", Address: "10.20.0.<b>", Requests: 1},
	}
	const first = "10.20.0.31 (operator) over tls: 120 requests, 1 refused, 3 writes; reads unit 1 input 100–224 every 1 s, " +
		"unit 2 coil 100–100, unit 2 coil 101–101, unit 2 coil 102–102, and 2 more"
	if got := clients[0].Sentence(); got != first {
		t.Errorf("got %q", got)
	}
	if got, want := clients[1].Sentence(), "10.20.0.<b> over rtu over tcp: 1 requests, 0 refused"; got != want {
		t.Errorf("got %q", got)
	}
}
