package modbus

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestWhatAServerRefusesToStartWith(t *testing.T) {
	image := newBuilding(t).Image
	everybody := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	good := func() ServerOptions {
		return ServerOptions{Listen: "127.0.0.1:0", Map: MapOptions{UnitID: 1}, Image: image}
	}
	for _, row := range []struct {
		what string
		edit func(*ServerOptions)
		want string // a part of the error; "" is none
	}{
		{"loopback without an allow-list", func(o *ServerOptions) {}, ""},
		{"localhost without an allow-list", func(o *ServerOptions) { o.Listen = "localhost:0" }, ""},
		{"IPv6 loopback without an allow-list", func(o *ServerOptions) { o.Listen = "[::1]:502" }, ""},
		{"every address with an allow-list", func(o *ServerOptions) { o.Listen, o.Allow = ":502", everybody }, ""},
		{"every address without one", func(o *ServerOptions) { o.Listen = ":502" }, `say who: allow = ["10.20.0.0/16"]`},
		{"0.0.0.0 without one", func(o *ServerOptions) { o.Listen = "0.0.0.0:502" }, "say who"},
		{"a name without one", func(o *ServerOptions) { o.Listen = "gateway.local:502" }, "say who"},
		{"an empty range", func(o *ServerOptions) { o.Allow = []netip.Prefix{{}} }, "empty range"},
		{"no port", func(o *ServerOptions) { o.Listen = "127.0.0.1" }, "host:port"},
		{"no image", func(o *ServerOptions) { o.Image = nil }, "image"},
		{"unit 0", func(o *ServerOptions) { o.Map.UnitID = 0 }, "1 to 48"},
		{"unit 49", func(o *ServerOptions) { o.Map.UnitID = 49 }, "1 to 48"},
		{"a word order that there is not", func(o *ServerOptions) { o.Map.WordOrder = 2 }, "word order"},
		{"an unmapped that there is not", func(o *ServerOptions) { o.Map.Unmapped = 2 }, "unmapped"},
		{"a negative limit", func(o *ServerOptions) { o.MaxPerAddress = -1 }, "negative"},
		{"a negative time", func(o *ServerOptions) { o.IdleTimeout = -time.Second }, "negative"},
	} {
		o := good()
		row.edit(&o)
		_, err := NewServer(o)
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: got %v, want %q", row.what, err, row.want)
		}
	}
}

func TestAnImageNeedsAClockAndAlarms(t *testing.T) {
	if _, err := NewImage(ImageOptions{}); err == nil {
		t.Error("no error")
	}
}
