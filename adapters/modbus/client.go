package modbus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/goburrow/modbus"
)

// ClientOptions say whom a client reads.
type ClientOptions struct {
	Address string // host:port
	Unit    uint8
	Timeout time.Duration // of connecting, and of one answer; 0 is 2 seconds
}

const defaultClientTimeout = 2 * time.Second

// Client reads one unit over TCP. It connects when it is first asked, and anew after an error: the
// library would otherwise keep a connection that is dead or out of step for ever. It serves one
// goroutine at a time.
type Client struct {
	options ClientOptions
	handler *modbus.TCPClientHandler
	client  modbus.Client
}

// NewClient returns a client that has not connected yet.
func NewClient(o ClientOptions) *Client {
	h := modbus.NewTCPClientHandler(o.Address)
	h.Timeout, h.IdleTimeout, h.SlaveId = orDefault(o.Timeout, defaultClientTimeout), 0, o.Unit
	return &Client{o, h, modbus.NewClient(h)}
}

// Close ends the connection. The client may be used again.
func (c *Client) Close() error { return c.handler.Close() }

// Registers reads input or holding registers, 1 to 125 with one request.
func (c *Client) Registers(t Table, address uint16, count int) ([]uint16, error) {
	read := c.client.ReadInputRegisters
	if t == Holding {
		read = c.client.ReadHoldingRegisters
	}
	if err := c.check(t, false, address, count, maxRegisters); err != nil {
		return nil, err
	}
	answer, err := read(address, uint16(count))
	if err := c.settle(t, address, count, len(answer), 2*count, err); err != nil {
		return nil, err
	}
	words := make([]uint16, count)
	for i := range words {
		words[i] = binary.BigEndian.Uint16(answer[2*i:])
	}
	return words, nil
}

// Bits reads discrete inputs or coils, 1 to 2000 with one request.
func (c *Client) Bits(t Table, address uint16, count int) ([]bool, error) {
	read := c.client.ReadDiscreteInputs
	if t == Coil {
		read = c.client.ReadCoils
	}
	if err := c.check(t, true, address, count, maxBits); err != nil {
		return nil, err
	}
	answer, err := read(address, uint16(count))
	if err := c.settle(t, address, count, len(answer), (count+7)/8, err); err != nil {
		return nil, err
	}
	bits := make([]bool, count)
	for i := range bits {
		bits[i] = answer[i/8]>>(i%8)&1 == 1
	}
	return bits, nil
}

func (c *Client) check(t Table, bits bool, address uint16, count, limit int) error {
	switch {
	case t.Bits() != bits:
		return fmt.Errorf("reading %s: this table holds the other kind of value", t)
	case count < 1 || count > limit:
		return fmt.Errorf("reading %d from table %s: one request reads 1 to %d", count, t, limit)
	case int(address)+count > maxAddress:
		return fmt.Errorf("reading %d from %d of table %s: the last address is 65535", count, address, t)
	}
	return nil
}

// settle closes the connection after an error, and says what to do about it.
func (c *Client) settle(t Table, address uint16, count, got, want int, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("the answer has %d bytes where %d are due", got, want)
	}
	if err == nil {
		return nil
	}
	c.handler.Close()
	err = fmt.Errorf("reading %d from %d of table %s from unit %d of %s: %w",
		count, address, t, c.options.Unit, c.options.Address, err)
	if refused, ok := errors.AsType[*modbus.ModbusError](err); ok {
		if hint := hints[exception(refused.ExceptionCode)]; hint != "" {
			return fmt.Errorf("%w: %s", err, hint)
		}
	}
	return err
}

var hints = map[exception]string{
	illegalFunction:        "the device does not know this table; try another one",
	illegalDataAddress:     "there is nothing at some of these addresses; read fewer, or look them up with \"points list\"",
	illegalDataValue:       "the device does not take so many at once",
	gatewayPathUnavailable: "there is no such unit; try the base unit, usually 1",
}
