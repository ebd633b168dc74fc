package modbus

import "encoding/binary"

// The function codes that are answered (MODBUS Application Protocol V1.1b3, section 6).
const (
	readCoils            = 1
	readDiscreteInputs   = 2
	readHoldingRegisters = 3
	readInputRegisters   = 4
)

const (
	maxRegisters = 125  // of one request, V1.1b3 sections 6.3 and 6.4
	maxBits      = 2000 // of one request, V1.1b3 sections 6.1 and 6.2
	maxAddress   = 65536
	maxPDU       = 253
)

// exception is why a request is not answered as asked (V1.1b3, section 7); 0 is none.
type exception byte

const (
	illegalFunction        exception = 0x01
	illegalDataAddress     exception = 0x02
	illegalDataValue       exception = 0x03
	gatewayPathUnavailable exception = 0x0A
)

// role is who asks, as a client's certificate tells; "" where there is none.
type role string

// core answers requests, whatever they came over.
type core struct {
	image   *Image
	options MapOptions
	metrics *metrics
}

// handlePDU appends the answer to one request, which may be an exception, to out. An empty request has
// no answer. It is safe for several goroutines.
func (c *core) handlePDU(unit byte, from role, pdu, out []byte) []byte {
	if len(pdu) == 0 {
		return out
	}
	function := pdu[0]
	answered, refused := c.answer(unit, from, pdu, out)
	c.metrics.count(function, refused)
	if refused != 0 {
		return append(out, function|0x80, byte(refused))
	}
	return answered
}

// answer checks in the order of V1.1b3, figure 9: function, quantity and length, address range.
func (c *core) answer(unit byte, from role, pdu, out []byte) ([]byte, exception) {
	block, ok := c.options.block(unit)
	if !ok || !c.image.has(block) {
		return out, gatewayPathUnavailable
	}
	function := pdu[0]
	if !allowed(function, from) {
		return out, illegalFunction
	}
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

// allowed tells whether a function is known and may be used. Reading is for everybody who may connect;
// writing is for nobody, whatever the role.
func allowed(function byte, _ role) bool {
	return function >= readCoils && function <= readInputRegisters
}
