package push

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// Options say what is written where. All but Metrics must be set.
type Options struct {
	Targets []Target
	// Grace is how long after the start an asset's held readings are not believed to be worth writing. The
	// asset is nil for one that nothing has told of yet: then it is how long nobody worries about that.
	Grace func(*gateway.Asset) time.Duration
	// Loss is what an output of an asset does when nothing is heard of it from that moment on: what
	// [OnStopPolicy] writes.
	Loss    func(*gateway.Asset, gateway.Output, gateway.Timestamp) gateway.Policy
	Start   gateway.Instant // of the process
	Clock   gateway.Clock
	Alarms  *gateway.Alarms // PushFailing is this package's
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil is none
}

// Transport is how frames travel to a controller.
type Transport uint8

// The transports.
const (
	TCP        Transport = iota // Modbus TCP
	RTUOverTCP                  // frames of a serial line on a TCP connection
	Serial                      // a serial port of this machine
)

// Line is a way to one or several controllers. Targets on equal lines take turns.
type Line struct {
	Transport Transport
	Address   string // host:port, or the path of the serial port
	Baud      int    // of a serial port, as the other two
	Parity    Parity
	StopBits  int
}

// String returns the line as the configuration names it.
func (l Line) String() string {
	switch l.Transport {
	case TCP:
		return "tcp://" + l.Address
	case RTUOverTCP:
		return "rtuovertcp://" + l.Address
	}
	return l.Address
}

// Parity is that of a serial port: the library's letter.
type Parity string

// The parities.
const (
	EvenParity Parity = "E"
	OddParity  Parity = "O"
	NoParity   Parity = "N"
)

// Target is one unit on a line, and what is written to it.
type Target struct {
	Name    string
	Line    Line
	Unit    uint8
	Refresh time.Duration // a value is written again that often although it did not change
	Timeout time.Duration // of connecting, and of one answer
	Points  []Point
}

// Point is one value that is written to a controller.
type Point struct {
	Name      string
	Asset     string // Butlr's id, "custom:ID" or "group:KEY"
	Measure   string // the name of a [gateway.Measure], or "quality"
	Table     modbus.Table
	Address   uint16 // 0-based
	Function  uint8  // 5 or 15 for a coil, 6 or 16 for a register
	Type      Type
	WordOrder modbus.WordOrder
	Scale     float64          // what is written is value × Scale + Offset
	Offset    float64          //
	Values    map[string]int64 // what is written instead, by the names of states; "unknown" while nobody can say
	ReadBack  bool             // read after each write, and compare
	OnStop    OnStop
}

// OnStop says what is written when the gateway stops for good.
type OnStop struct {
	Do     OnStopAction
	Number int64 // of OnStopNumber, as it is written
}

// OnStopAction is what to do about a point on a stop.
type OnStopAction uint8

// The actions.
const (
	OnStopLeave  OnStopAction = iota // nothing is written
	OnStopPolicy                     // outputs get what their policy says of a lost feed, the rest is left
	OnStopNumber
)

// Functions that write.
const (
	writeCoil      = 5
	writeRegister  = 6
	writeCoils     = 15
	writeRegisters = 16
)

func (o *Options) check() error {
	if o.Grace == nil || o.Loss == nil || o.Clock == nil || o.Alarms == nil || o.Log == nil {
		return errors.New("grace, loss, clock, alarms and log must be given")
	}
	names := make(map[string]bool)
	for i := range o.Targets {
		t := &o.Targets[i]
		if names[t.Name] {
			return fmt.Errorf("two targets are called %s", t.Name)
		}
		names[t.Name] = true
		if err := t.check(); err != nil {
			return fmt.Errorf("target %s: %w", t.Name, err)
		}
	}
	return nil
}

func (t *Target) check() error {
	switch {
	case t.Name == "" || t.Line.Address == "":
		return errors.New("the name and the address must be given")
	case t.Refresh <= 0 || t.Timeout <= 0:
		return errors.New("refresh and timeout must be more than nothing")
	case t.Line.Transport != TCP && (t.Unit < 1 || t.Unit > 247):
		return fmt.Errorf("unit id %d: a serial line has 1 to 247", t.Unit)
	}
	for i := range t.Points {
		if err := t.Points[i].check(); err != nil {
			return fmt.Errorf("point %s: %w", t.Points[i].Name, err)
		}
	}
	return nil
}

func (p *Point) check() error {
	coil := p.Function == writeCoil || p.Function == writeCoils
	switch {
	case coil != (p.Table == modbus.Coil) || coil != (p.Type == Bool) || !coil && p.Table != modbus.Holding:
		return fmt.Errorf("function %d does not write %s to table %s", p.Function, p.Type, p.Table)
	case p.Function == writeRegister && p.Type.registers() > 1:
		return fmt.Errorf("function 6 writes one register, and %s takes two", p.Type)
	case !coil && p.Function != writeRegister && p.Function != writeRegisters:
		return fmt.Errorf("function %d does not write", p.Function)
	case int(p.Address)+p.Type.registers() > 1<<16:
		return fmt.Errorf("address %d: the last one is 65535", p.Address)
	}
	return nil
}
