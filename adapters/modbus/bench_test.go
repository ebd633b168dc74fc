package modbus

import (
	"fmt"
	"testing"
)

// BenchmarkRead is one read as a session has it: 125 registers of eight assets, and 16 of one.
func BenchmarkRead(b *testing.B) {
	c := crowded(b)
	for _, count := range []int{16, 125} {
		b.Run(fmt.Sprint(count, " registers"), func(b *testing.B) {
			stream := tcp(1, 1, request(readInputRegisters, 100, count))
			out := make([]byte, 0, 512)
			b.ReportAllocs()
			for b.Loop() {
				out, _, _ = c.respond("", stream, out[:0])
			}
		})
	}
}

// A read allocates nothing, whatever is read. Seen to break it: a closure over the block that is read.
func TestAReadAllocatesNothing(t *testing.T) {
	c := crowded(t)
	out := make([]byte, 0, 512)
	for _, pdu := range [][]byte{
		request(readInputRegisters, 0, 125), request(readHoldingRegisters, 100, 125), request(readInputRegisters, 3000, 125),
		request(readCoils, 0, 2000), request(readDiscreteInputs, 100, 16), request(readInputRegisters, 65535, 1),
	} {
		stream := tcp(1, 1, pdu)
		if n := testing.AllocsPerRun(100, func() { out, _, _ = c.respond("", stream, out[:0]) }); n != 0 {
			t.Errorf("% x: %v allocations", pdu, n)
		}
	}
}
