package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// Listen is the address that a part listens on, "HOST:PORT": the host is an IP address, "localhost", or
// nothing for every address of the machine. "" is off.
type Listen string

// Loopback tells whether only this machine can connect.
func (l Listen) Loopback() bool {
	host, _, _ := l.split()
	return host.IsLoopback()
}

// split returns the address and the port. The address is not valid for every address of the machine.
func (l Listen) split() (host netip.Addr, port uint16, bad *fault) {
	colon := strings.LastIndexByte(string(l), ':')
	if colon < 0 {
		return host, 0, &fault{message: "has no port", hint: `write "HOST:PORT", as in "127.0.0.1:502", or ":502" for every address of this machine`}
	}
	name, number := string(l[:colon]), string(l[colon+1:])
	wide, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return host, 0, &fault{message: "does not end with a port", hint: "a port is a number from 1 to 65535"}
	}
	switch {
	case name == "":
		return host, uint16(wide), nil
	case name == "localhost":
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(wide), nil
	case strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]"):
		name = name[1 : len(name)-1]
	case strings.Contains(name, ":"):
		return host, 0, &fault{message: "has an IPv6 address without brackets", hint: `write it as in "[::1]:502"`}
	}
	if host, err = netip.ParseAddr(name); err != nil {
		return host, 0, &fault{message: "does not begin with an IP address", hint: `write the address of a network card of this machine, "127.0.0.1" for this machine only, or nothing for every address`}
	}
	return host.Unmap(), uint16(wide), nil
}

func (l *Listen) parse(text string) *fault {
	if text == "" {
		*l = ""
		return nil
	}
	if _, _, bad := Listen(text).split(); bad != nil {
		return bad
	}
	*l = Listen(text)
	return nil
}

// clashes tells whether two listeners would want the same port of the same address.
func (l Listen) clashes(other Listen) bool {
	a, port, _ := l.split()
	b, otherPort, _ := other.split()
	if l == "" || other == "" || port != otherPort || port == 0 {
		return false
	}
	return takes(a, b) || takes(b, a)
}

// takes tells whether a listener on address a leaves no room for one on b.
func takes(a, b netip.Addr) bool {
	switch {
	case !a.IsValid(), a == netip.IPv6Unspecified(): // both families
		return true
	case a == netip.IPv4Unspecified():
		return b.Is4()
	}
	return a == b
}

// Path is the whole path of a file or a folder; "" is none.
type Path string

func (p *Path) parse(text string) *fault {
	if text != "" && !filepath.IsAbs(text) {
		return &fault{message: "does not begin at the root", hint: "write the whole path: the gateway may be started in any folder"}
	}
	*p = Path(text)
	return nil
}

// Broker is where the MQTT broker is: a URL, "embedded", or "" for off.
type Broker string

// EmbeddedBroker is the broker inside the gateway.
const EmbeddedBroker Broker = "embedded"

// Encrypted tells whether the broker is reached through TLS.
func (b Broker) Encrypted() bool {
	return strings.HasPrefix(string(b), "ssl://") || strings.HasPrefix(string(b), "wss://")
}

// loopback tells whether what is sent to the broker stays on this machine.
func (b Broker) loopback() bool {
	address, err := url.Parse(string(b))
	if err != nil {
		return false
	}
	host, err := netip.ParseAddr(address.Hostname())
	return address.Hostname() == "localhost" || err == nil && host.IsLoopback()
}

// canonical returns the address with the port that may have been left out, and localhost as a number.
func (b Broker) canonical() url.URL {
	address, err := url.Parse(string(b))
	if err != nil {
		return url.URL{}
	}
	host, port := strings.ToLower(address.Hostname()), address.Port()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = map[string]string{"tcp": "1883", "ssl": "8883", "ws": "80", "wss": "443"}[address.Scheme]
	}
	return url.URL{Scheme: address.Scheme, Host: net.JoinHostPort(host, port), Path: address.Path}
}

// same tells whether two addresses are those of one broker, as far as they tell.
func (b Broker) same(other Broker) bool { return b.canonical() == other.canonical() }

// reaches tells whether what listens there, on this machine, is what the address leads to.
func (b Broker) reaches(l Listen) bool {
	return b.loopback() && Listen(b.canonical().Host).clashes(l)
}

const brokerHint = `write "tcp://HOST:1883", "ssl://HOST:8883", "ws://HOST/PATH", "wss://HOST/PATH", or "embedded" for the gateway's own`

func (b *Broker) parse(text string) *fault {
	if text == "" || text == string(EmbeddedBroker) {
		*b = Broker(text)
		return nil
	}
	address, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@"):
		return &fault{value: hidden, message: "must not hold a user or a password", hint: "write them as username and password"}
	case err != nil || address.Hostname() == "":
		return &fault{message: "is not the address of a broker", hint: brokerHint}
	case address.RawQuery != "" || address.Fragment != "":
		return &fault{message: "has something after the address", hint: brokerHint}
	}
	switch address.Scheme {
	case "tcp", "ssl":
		if address.Path != "" {
			return &fault{message: "has a path, which only ws and wss have", hint: brokerHint}
		}
	case "ws", "wss":
	default:
		return &fault{message: "does not begin with tcp, ssl, ws or wss", hint: brokerHint}
	}
	if port := address.Port(); port != "" {
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return &fault{message: "does not end with a port", hint: "a port is a number from 1 to 65535"}
		}
	}
	*b = Broker(text)
	return nil
}

// WordOrder says which half of a 32-bit value comes first on Modbus.
type WordOrder string

// The word orders.
const (
	HighWordFirst WordOrder = "ABCD"
	LowWordFirst  WordOrder = "CDAB"
)

// Unmapped says what a Modbus address behind the last asset answers.
type Unmapped string

// The answers.
const (
	UnmappedException Unmapped = "exception" // exception 2, illegal data address
	UnmappedZero      Unmapped = "zero"
)

// network returns the network that text means.
func network(text string) (netip.Prefix, *fault) {
	const hint = `write an address and the length of its network part, as in "10.20.0.0/16", or "10.20.0.7/32" for one address`
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		return netip.Prefix{}, &fault{message: "has no length", hint: fmt.Sprintf(`write "%s/%d" for this one address`, address, address.BitLen())}
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || prefix.Addr().Is4In6():
		return netip.Prefix{}, &fault{message: "is not a network", hint: hint}
	case prefix != prefix.Masked():
		return netip.Prefix{}, &fault{message: "has an address with more bits than its network", hint: "write " + strconv.Quote(prefix.Masked().String())}
	}
	return prefix, nil
}

// plain says what is wrong with a text for people or for another program, or nil.
func plain(text string) *fault {
	if strings.ContainsFunc(text, unseen) {
		return &fault{message: "holds characters that cannot be seen", hint: "type it again instead of pasting it"}
	}
	return nil
}

// unseen tells whether a character shows nothing itself, and may change how a terminal shows others.
func unseen(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// visible returns text with a mark in the place of each character that cannot be seen.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unseen(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
