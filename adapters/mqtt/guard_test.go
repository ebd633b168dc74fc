package mqtt

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// wire is a connection from which certain bytes come.
type wire struct {
	net.Conn
	io.Reader
}

func (w wire) Read(p []byte) (int, error) { return w.Reader.Read(p) }

func through(b []byte) ([]byte, error) { return io.ReadAll(newGuard(wire{Reader: bytes.NewReader(b)})) }

// published is a message whose body has so many bytes.
func published(length int) []byte {
	header := []byte{0x32, byte(length&0x7f | 0x80), byte(length >> 7 & 0x7f)}
	if length >= 1<<14 {
		header = []byte{0x32, byte(length&0x7f | 0x80), byte(length>>7&0x7f | 0x80), byte(length >> 14)}
	}
	return append(header, make([]byte, length)...)
}

func TestGuard(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"an accepted connection":       {[]byte{0x20, 2, 0, 0}, nil},
		"an acknowledgement":           {[]byte{0x40, 2, 0, 1}, nil},
		"one code for one topic":       {[]byte{0x90, 3, 0, 1, 1}, nil},
		"two codes for one topic":      {[]byte{0x90, 4, 0, 1, 1, 1}, errForbidden},
		"an answer to a ping":          {[]byte{0xd0, 0}, nil},
		"a message":                    {published(200), nil},
		"the largest message":          {published(maxInbound), nil},
		"256 MB announced":             {[]byte{0x30, 0xff, 0xff, 0xff, 0x7f}, errForbidden},
		"much of what is short":        {[]byte{0xd0, 0xff, 0xff, 0xff, 0x7f}, errForbidden},
		"a length without end":         {[]byte{0x30, 0xff, 0xff, 0xff, 0xff, 0xff}, errForbidden},
		"what only a client may send":  {[]byte{0x10, 2, 0, 0}, errForbidden},
		"several packets, one by one":  {[]byte{0x20, 2, 0, 0, 0xd0, 0, 0x40, 2, 0, 1}, nil},
		"something bad after the good": {[]byte{0x20, 2, 0, 0, 0xf0, 0}, errForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := through(c.in)
			if !errors.Is(err, c.want) || err == nil && !slices.Equal(got, c.in) {
				t.Errorf("%d of %d bytes came through, error %v, want %v", len(got), len(c.in), err, c.want)
			}
		})
	}
}

// A message that is too long comes shortened, and what is behind it as it is: the connection goes on.
//
// Seen to break it: nothing skipped; the length left as it was announced.
func TestGuardShortens(t *testing.T) {
	for _, length := range []int{maxInbound + 1, 70_000, 1<<21 - 1} {
		got, err := through(append(published(length), 0xd0, 0))
		if want := append(published(maxInbound), 0xd0, 0); err != nil || !slices.Equal(got, want) {
			t.Errorf("of a message of %d bytes %d came through, want %d, error %v", length, len(got), len(want), err)
		}
	}
}

// FuzzGuard sends whatever a broker may send through the guard: the packets behind it are all such that
// paho survives them, and the bytes are unchanged but for the lengths of messages that are too long, and lengths with
// more bytes than they need.
func FuzzGuard(f *testing.F) {
	f.Add([]byte{0x20, 2, 0, 0, 0x90, 3, 0, 1, 1, 0xd0, 0})
	f.Add([]byte{0x32, 0x80, 0x80, 0x01})
	f.Add([]byte{0x30, 4, 0, 9, 'a', 'b'})
	f.Fuzz(func(t *testing.T, in []byte) {
		g := newGuard(wire{Reader: bytes.NewReader(in)})
		if out, err := io.ReadAll(g); err == nil && len(out) == len(in) && g.skip == 0 && !slices.Equal(in, out) {
			t.Errorf("%x became %x", in, out)
		}
		g = newGuard(wire{Reader: bytes.NewReader(in)})
		for {
			p, err := packets.ReadPacket(g)
			if err != nil {
				return
			}
			if s, ok := p.(*packets.SubackPacket); ok && len(s.ReturnCodes) != 1 {
				t.Errorf("%d codes for one topic", len(s.ReturnCodes))
			}
		}
	})
}
