package modbus

import (
	"encoding/binary"
	"sync/atomic"
)

// The function codes that are known (MODBUS Application Protocol V1.1b3, section 6).
const (
	readCoils            = 1
	readDiscreteInputs   = 2
	readHoldingRegisters = 3
	readInputRegisters   = 4
	writeSingleRegister  = 6
	diagnose             = 8
	writeRegisters       = 16
	reportServerID       = 17
	maskWriteRegister    = 22
	readWriteRegisters   = 23
	encapsulated         = 43
)

const (
	maxRegisters = 125  // of one request, V1.1b3 sections 6.3 and 6.4
	maxBits      = 2000 // of one request, V1.1b3 sections 6.1 and 6.2
	maxAddress   = 65536
	maxPDU       = 253
	exceptionBit = 0x80 // of the function code of an exception
)

// exception is why a request is not answered as asked (V1.1b3, section 7); 0 is none.
type exception byte

const (
	illegalFunction        exception = 0x01
	illegalDataAddress     exception = 0x02
	illegalDataValue       exception = 0x03
	deviceFailure          exception = 0x04
	deviceBusy             exception = 0x06
	gatewayPathUnavailable exception = 0x0A
)

// role is who asks, as a client's certificate tells; "" where there is none.
type role string

// core answers the requests of one client, whatever they come over.
type core struct {
	image    *Image
	options  MapOptions
	metrics  *metrics
	bus      *bus
	identity *identity
	writes   *atomic.Pointer[writes] // the server's
	peer     *peer
}

// handlePDU appends the answer to one request, which may be an exception, to out. An empty request has
// no answer. One that is longer than a PDU can be (V1.1b3, section 4.1) is refused whatever it asks, so
// that no answer, not even an echo, is longer than that either; every transport's framing ends such a
// frame before it comes here.
func (c *core) handlePDU(unit byte, from role, pdu, out []byte) []byte {
	if len(pdu) == 0 {
		return out
	}
	function := pdu[0]
	c.peer.tally.count(function)
	answered, refused := c.answer(unit, from, pdu, out)
	c.peer.asked(unit, refused)
	if refused != 0 {
		c.metrics.exceptions[refused].Inc()
		c.bus.refused(refused)
		return append(out, function|exceptionBit, byte(refused))
	}
	return answered
}

// serves tells whether there is a unit of that id.
func (c *core) serves(unit byte) (block int, ok bool) {
	block, ok = c.options.block(unit)
	return block, ok && c.image.has(block)
}

// answer checks in the order of V1.1b3, figure 9: function, quantity and length, address range.
func (c *core) answer(unit byte, from role, pdu, out []byte) ([]byte, exception) {
	block, ok := c.serves(unit)
	switch {
	case !ok:
		return out, gatewayPathUnavailable
	case len(pdu) > maxPDU:
		return out, illegalDataValue
	}
	switch function := pdu[0]; function {
	case readCoils, readDiscreteInputs, readHoldingRegisters, readInputRegisters:
		return c.read(unit, block, pdu, out)
	case diagnose:
		return c.bus.diagnose(pdu, out)
	case reportServerID:
		return c.identity.report(pdu, out)
	case encapsulated:
		return c.identity.identify(pdu, out)
	case writeSingleRegister, writeRegisters, maskWriteRegister, readWriteRegisters:
		if by := c.writes.Load(); by.allows(c.peer, from) {
			return c.write(by, unit, block, pdu, out)
		}
	}
	return out, illegalFunction
}

// read answers the functions 1 to 4. Holding registers mirror input registers, and coils mirror discrete
// inputs.
func (c *core) read(unit byte, block int, pdu, out []byte) ([]byte, exception) {
	function := pdu[0]
	bits := function == readCoils || function == readDiscreteInputs
	limit := maxRegisters
	if bits {
		limit = maxBits
	}
	if len(pdu) != 5 {
		return out, illegalDataValue
	}
	address, count := int(binary.BigEndian.Uint16(pdu[1:])), int(binary.BigEndian.Uint16(pdu[3:]))
	if count < 1 || count > limit {
		return out, illegalDataValue
	}
	if address+count > maxAddress {
		return out, illegalDataAddress
	}
	c.peer.read(unit, readTables[function], address, count)
	var ok bool
	if bits {
		out, ok = c.image.readBits(append(out, function, byte((count+7)/8)), block, address, count, c.options)
	} else {
		out, ok = c.image.readRegisters(append(out, function, byte(2*count)), block, address, count, c.options)
	}
	if !ok {
		return out, illegalDataAddress
	}
	return out, 0
}

// readTables are the tables that the functions read.
var readTables = [...]Table{
	readCoils: Coil, readDiscreteInputs: Discrete, readHoldingRegisters: Holding, readInputRegisters: Input,
}
