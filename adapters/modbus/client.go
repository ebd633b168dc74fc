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

// AllRegisters reads input or holding registers with as many requests as it takes. What changes between
// two of them is of different moments. With an error come those that were read before it.
func (c *Client) AllRegisters(t Table, address uint16, count int) ([]uint16, error) {
	return all(c.Registers, t, address, count, wholeFields)
}

// AllBits reads discrete inputs or coils in the same way.
func (c *Client) AllBits(t Table, address uint16, count int) ([]bool, error) {
	return all(c.Bits, t, address, count, maxBits)
}

// wholeFields is how many registers of a long range are read at once: no field of a block or a column that
// begins with one is cut in two.
const wholeFields = maxRegisters / blockLength * blockLength

func all[T uint16 | bool](read func(Table, uint16, int) ([]T, error), t Table, address uint16, count, most int) ([]T, error) {
	if count < 1 || int(address)+count > maxAddress {
		return read(t, address, count) // which says what is wrong
	}
	values := make([]T, 0, count)
	for len(values) < count {
		some, err := read(t, address+uint16(len(values)), min(most, count-len(values)))
		switch {
		case err == nil:
			values = append(values, some...)
		case refusedWith(err) == illegalDataAddress && most > blockLength:
			most = blockLength // in smaller steps, up to where the map ends
		case refusedWith(err) == illegalDataAddress && most > 1:
			most = 1
		default:
			return values, err
		}
	}
	return values, nil
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

// settle closes the connection after an error, unless the device gave it as its answer, and says what to do
// about it.
func (c *Client) settle(t Table, address uint16, count, got, want int, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("the answer has %d bytes where %d are due", got, want)
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("reading %d from %d of table %s from unit %d of %s: %w",
		count, address, t, c.handler.SlaveId, c.options.Address, err)
	code := refusedWith(err)
	if code == 0 {
		c.handler.Close()
	}
	if hint := hints[code]; hint != "" {
		err = fmt.Errorf("%w: %s", err, hint)
	}
	if digit := tables[t].digit; code == illegalDataAddress && digit > 0 && int(address) > 10000*digit && int(address) < 10000*(digit+1) {
		err = fmt.Errorf("%w; if %d is a reference and not an address, write %dx%05d", err, address, digit, int(address)-10000*digit)
	}
	return err
}

// refusedWith returns the exception that a device answered, 0 if the error is none.
func refusedWith(err error) exception {
	if refused, ok := errors.AsType[*modbus.ModbusError](err); ok {
		return exception(refused.ExceptionCode)
	}
	return 0
}

var hints = map[exception]string{
	illegalFunction:        "the device does not know this table, or not from here; try another one",
	illegalDataAddress:     "there is nothing at some of these addresses; read fewer, or look them up with \"points list\"",
	illegalDataValue:       "the device does not take so many at once",
	deviceFailure:          "the device has failed",
	deviceBusy:             "the device is busy; try again",
	gatewayPathUnavailable: "there is no such unit; over TCP 255 is the base unit, whatever its id",
	0x0B:                   "the device behind this address does not answer",
}
