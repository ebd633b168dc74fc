package config

import (
	"maps"
	"math"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// Push is one unit of a controller that is written to.
type Push struct {
	Target    PushTarget           `toml:"target"`
	Baud      int                  `toml:"baud"` // of a serial port, as the next two
	Parity    Parity               `toml:"parity"`
	StopBits  int                  `toml:"stop_bits"`
	UnitID    int                  `toml:"unit_id"`
	Refresh   time.Duration        `toml:"refresh"`
	Timeout   time.Duration        `toml:"timeout"`
	WordOrder WordOrder            `toml:"word_order"`
	OnStop    OnStop               `toml:"on_stop"`
	Points    map[string]PushPoint `toml:"points"`
}

// PushPoint is one value that is written. Use the methods for what it may leave to others.
type PushPoint struct {
	Asset     PushAsset `toml:"asset"`
	Measure   string    `toml:"measure"`
	Register  Register  `toml:"register"`
	Coil      Coil      `toml:"coil"`
	Function  int       `toml:"function"`   // 0 leaves it to the type
	Type      PushType  `toml:"type"`       // "" is u16, and bool for a coil
	WordOrder WordOrder `toml:"word_order"` // "" is that of the target
	Scale     float64   `toml:"scale"`
	Offset    float64   `toml:"offset"`
	Values    StateMap  `toml:"values"`
	ReadBack  bool      `toml:"read_back"`
	OnStop    OnStop    `toml:"on_stop"` // "" is that of the target
}

func defaultPush() Push {
	return Push{
		Baud: 19200, Parity: EvenParity, StopBits: 1, UnitID: 1, Refresh: 30 * time.Second, Timeout: 2 * time.Second,
		WordOrder: HighWordFirst, OnStop: OnStopLeave,
	}
}

func defaultPoint() PushPoint {
	return PushPoint{Register: NoRegister, Coil: NoCoil, Scale: 1}
}

// IsCoil tells whether the point is a coil.
func (p *PushPoint) IsCoil() bool { return p.Coil != NoCoil }

// Address returns the 0-based address of the register or coil.
func (p *PushPoint) Address() int {
	if p.IsCoil() {
		return int(p.Coil)
	}
	return int(p.Register)
}

// Kind returns the type of what is written.
func (p *PushPoint) Kind() PushType {
	switch {
	case p.Type != "":
		return p.Type
	case p.IsCoil():
		return "bool"
	}
	return "u16"
}

// Code returns the function code to write with.
func (p *PushPoint) Code() int {
	switch {
	case p.Function != 0:
		return p.Function
	case p.IsCoil():
		return 5
	case p.Kind().Registers() > 1:
		return 16
	}
	return 6
}

// PushTarget is where a controller is: "tcp://HOST:PORT", "rtuovertcp://HOST:PORT", or the path of a
// serial port.
type PushTarget string

const (
	tcpScheme     = "tcp://"
	overTCPScheme = "rtuovertcp://"
	modbusPort    = "502"
)

// Serial tells whether it is a serial port.
func (t PushTarget) Serial() bool { return t != "" && !strings.Contains(string(t), "://") }

// OverTCP tells whether frames of a serial line travel over TCP.
func (t PushTarget) OverTCP() bool { return strings.HasPrefix(string(t), overTCPScheme) }

// Address returns the host and port, or the path of the serial port.
func (t PushTarget) Address() string {
	_, address, ok := strings.Cut(string(t), "://")
	if !ok {
		return string(t)
	}
	return address
}

const targetHint = `write "tcp://HOST:502", "rtuovertcp://HOST:PORT", or the path of a serial port, as in "/dev/ttyUSB0" or "COM3"`

var (
	serialPath = regexp.MustCompile(`^(/[^\s]+|COM[0-9]{1,3}|\\\\\.\\COM[0-9]{1,3})$`)
	hostName   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$`)
)

func (t *PushTarget) parse(text string) *fault {
	scheme, address, isURL := strings.Cut(text, "://")
	if !isURL {
		if !serialPath.MatchString(text) {
			return &fault{message: "is neither an address nor a serial port", hint: targetHint}
		}
		*t = PushTarget(text)
		return nil
	}
	if scheme += "://"; scheme != tcpScheme && scheme != overTCPScheme {
		return &fault{message: "does not begin with tcp or rtuovertcp", hint: targetHint}
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil && scheme == tcpScheme && !strings.Contains(address, ":") {
		host, port, err = address, modbusPort, nil
	}
	number, bad := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || port == "":
		return &fault{message: "does not end with a port", hint: targetHint}
	case bad != nil || number == 0:
		return &fault{message: "does not end with a port", hint: "a port is a number from 1 to 65535"}
	case !hostName.MatchString(host) && net.ParseIP(host) == nil:
		return &fault{message: "does not name a host", hint: targetHint}
	}
	*t = PushTarget(scheme + net.JoinHostPort(strings.ToLower(host), port))
	return nil
}

// Parity is that of a serial port.
type Parity string

// The parities.
const (
	EvenParity Parity = "even"
	OddParity  Parity = "odd"
	NoParity   Parity = "none"
)

// OnStop is what is written when the gateway stops for good: "leave", "policy", or a number in digits.
type OnStop string

// What is no number.
const (
	OnStopLeave  OnStop = "leave"
	OnStopPolicy OnStop = "policy"
)

// Number returns the number to write, if there is one.
func (o OnStop) Number() (int64, bool) {
	number, err := strconv.ParseInt(string(o), 10, 64)
	return number, err == nil
}

func onStopFrom(value any) (OnStop, *fault) {
	if number, ok := value.(int64); ok {
		return OnStop(strconv.FormatInt(number, 10)), nil
	}
	if text := OnStop(fmtText(value)); text == OnStopLeave || text == OnStopPolicy {
		return text, nil
	}
	return "", &fault{message: "is none of the choices", hint: `write "leave", "policy", or a number without quotes`}
}

func fmtText(value any) string {
	text, _ := value.(string)
	return text
}

// PushType is how a value lies in registers.
type PushType string

// pushTypes are the types, with how many registers they take and what numbers they hold.
var pushTypes = map[PushType]struct {
	registers int
	low, high float64
}{
	"u16": {1, 0, math.MaxUint16}, "s16": {1, math.MinInt16, math.MaxInt16},
	"u32": {2, 0, math.MaxUint32}, "s32": {2, math.MinInt32, math.MaxInt32},
	"f32": {2, -math.MaxFloat32, math.MaxFloat32}, "bool": {1, 0, 1},
}

// Registers returns how many registers, or coils, it takes.
func (t PushType) Registers() int { return pushTypes[t].registers }

// holds tells whether a number fits.
func (t PushType) holds(number int64) bool {
	return float64(number) >= pushTypes[t].low && float64(number) <= pushTypes[t].high
}

func (t *PushType) parse(text string) *fault {
	if _, ok := pushTypes[PushType(text)]; !ok {
		return &fault{message: "is none of the choices", hint: `write "u16", "s16", "u32", "s32" or "f32", or "bool" for a coil`}
	}
	*t = PushType(text)
	return nil
}

// PushAsset names what is pushed: Butlr's id, "custom:ID" or "group:KEY".
type PushAsset string

const pushAssetHint = `write an id of Butlr's, "custom:" and your own, or "group:" and a group's key`

func (a *PushAsset) parse(text string) *fault {
	group, isGroup := strings.CutPrefix(text, groupPrefix)
	switch {
	case isGroup && !groupKey.MatchString(group):
		return &fault{message: "is not the name of a group", hint: groupHint}
	case strings.HasPrefix(text, tagPrefix):
		return &fault{message: "is a tag, which may mean many assets", hint: "make a group of them, and write \"group:\" and its key"}
	case !isGroup:
		if bad := idFault(gateway.AssetID(text), pushAssetHint); bad != nil {
			return bad
		}
	}
	*a = PushAsset(text)
	return nil
}

// StateMap is what is written for the states of a measure, in the order of their names.
type StateMap []StateNumber

// StateNumber is what is written for one state.
type StateNumber struct {
	State  string
	Number int64
}

func stateMapFrom(value any) (StateMap, []fault) {
	table, ok := value.(map[string]any)
	if !ok {
		return nil, []fault{{message: "is not a table", hint: "write names and numbers between braces, as in { vacant = 0, occupied = 1, unknown = 2 }"}}
	}
	var (
		list StateMap
		bad  []fault
	)
	for _, name := range slices.Sorted(maps.Keys(table)) {
		number, ok := table[name].(int64)
		if !ok {
			bad = append(bad, fault{value: strconv.Quote(visible(name)), message: "has something else than a whole number", hint: "write digits only, without quotes"})
			continue
		}
		list = append(list, StateNumber{name, number})
	}
	return list, bad
}
