package config

import (
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// Butlr is Butlr's own API, and what the gateway asks of it.
type Butlr struct {
	ClientID             Secret        `toml:"client_id"` // without it this is off
	ClientSecret         Secret        `toml:"client_secret"`
	PublicURL            WebURL        `toml:"public_url"` // where Butlr reaches the webhook; "" subscribes to nothing
	APIURL               WebURL        `toml:"api_url"`    // the paths are the gateway's business
	Events               []EventName   `toml:"events"`
	SendOnValueChange    bool          `toml:"send_on_value_change"`
	HTTPTimeout          time.Duration `toml:"http_timeout"` // whole seconds, 1 to 15
	Filters              Filters       `toml:"filters"`      // empty is everything
	Reconcile            time.Duration `toml:"reconcile"`    // how far back is asked for after a gap; 0 is off
	Poll                 time.Duration `toml:"poll"`         // how often everything is asked for instead of being sent; 0 is off
	MaxRequestsPerMinute int           `toml:"max_requests_per_minute"`
	Health               time.Duration `toml:"health"` // how often the sensors' is asked for, at least 1 min; 0 is off
}

// On tells whether the gateway knows how to ask.
func (b *Butlr) On() bool { return b.ClientID.IsSet() && b.ClientSecret.IsSet() }

// Subscribes tells whether the file says what Butlr should send, and where.
func (b *Butlr) Subscribes() bool { return b.On() && b.PublicURL != "" }

// Polls tells whether people and traffic are asked for, and not sent.
func (b *Butlr) Polls() bool { return b.On() && b.Poll > 0 }

// Reconciles tells whether people are asked for after a gap. Who polls has no need to.
func (b *Butlr) Reconciles() bool { return b.On() && b.Reconcile > 0 && b.Poll == 0 }

func defaultButlr() Butlr {
	return Butlr{
		APIURL:      "https://api.butlr.io",
		Events:      []EventName{"ROOM_OCCUPANCY", "ROOM_OCCUPANCY_1MIN", "FLOOR_OCCUPANCY", "ZONE_OCCUPANCY", "TRAFFIC", "PIR_MOTION", "PIR_NO_MOTION"},
		HTTPTimeout: 10 * time.Second, Reconcile: 10 * time.Minute, MaxRequestsPerMinute: 50,
	}
}

// EventName is a type of event that Butlr sends and the gateway understands, as Butlr's API spells it.
type EventName string

// EventNames returns every one of them.
func EventNames() []EventName { return slices.Clone(eventNames) }

var eventNames = []EventName{
	"FLOOR_OCCUPANCY", "ROOM_OCCUPANCY", "ZONE_OCCUPANCY", "FLOOR_OCCUPANCY_1MIN", "ROOM_OCCUPANCY_1MIN", "ZONE_OCCUPANCY_1MIN",
	"TRAFFIC", "DETECTIONS", "PIR_MOTION", "PIR_NO_MOTION", "SENSOR_HEALTH", "HIVE_HEALTH",
}

// eventName reads the name of a type. Butlr's changelog spells some with _1M, its API with _1MIN.
func eventName(text string) (EventName, *fault) {
	if slices.Contains(eventNames, EventName(text)) {
		return EventName(text), nil
	}
	all := make([]string, len(eventNames))
	for i, name := range eventNames {
		all[i] = string(name)
	}
	upper := strings.ToUpper(text)
	if strings.HasSuffix(upper, "_1M") {
		upper += "IN"
	}
	if meant := nearest(upper, all); meant != "" {
		return "", &fault{message: "is not an event of Butlr's that the gateway understands", hint: "did you mean " + strconv.Quote(meant) + "?"}
	}
	return "", &fault{message: "is not an event of Butlr's that the gateway understands", hint: "the events are " + andList(all)}
}

// counted returns the kinds of assets whose people an event tells, as a minute's or as the newest count.
func (e EventName) counted() gateway.Kind {
	kind, rest, _ := strings.Cut(string(e), "_")
	if !strings.HasPrefix(rest, "OCCUPANCY") {
		return gateway.NoKind
	}
	return gateway.ParseKind(strings.ToLower(kind))
}

// WebURL is an address that is reached with HTTPS; on this machine HTTP will do. "" is none.
type WebURL string

// parts returns the address in its parts.
func (w WebURL) parts() *url.URL {
	address, err := url.Parse(string(w))
	if err != nil {
		return &url.URL{}
	}
	return address
}

// host returns the address of the machine, not valid where it has a name other than localhost.
func (w WebURL) host() netip.Addr {
	name := w.parts().Hostname()
	if name == "localhost" {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	host, _ := netip.ParseAddr(name)
	return host.Unmap()
}

const urlHint = `write "https://" and a name, and a path where there is one, as in "https://bms.example.org/webhooks/butlr"`

func (w *WebURL) parse(text string) *fault {
	address, err := url.Parse(text)
	switch {
	case text == "":
		*w = ""
		return nil
	case strings.Contains(text, "@"):
		return &fault{value: hidden, message: "must not hold a user or a password", hint: "remove what stands before the @"}
	case err != nil || address.Hostname() == "":
		return &fault{message: "is not a URL", hint: urlHint}
	case address.RawQuery != "" || address.Fragment != "" || address.ForceQuery:
		return &fault{value: hidden, message: "has something after the path", hint: urlHint}
	case address.Scheme == "http" && WebURL(text).host().IsLoopback():
	case address.Scheme != "https":
		return &fault{message: "does not begin with https://", hint: urlHint}
	}
	if port := address.Port(); port != "" {
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return &fault{message: "has a port that is none", hint: "a port is a number from 1 to 65535"}
		}
	}
	*w = WebURL(text)
	return nil
}

// Filters are what Butlr is told to leave out: only events about one of these are sent. They are in the order
// of their names.
type Filters []Filter

// Filter is one list of them.
type Filter struct {
	Name string // as Butlr has it
	IDs  []string
}

const filtersHint = `write lists of ids between braces, as in { building = ["building_3Iw9yDdkDz0japZI7A3pdhRzGPD"] }`

var filterName = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)

// filtersFrom reads them. The names are Butlr's business: it may learn new ones before this program does.
func filtersFrom(value any) (list Filters, bad []fault) {
	table, ok := value.(map[string]any)
	if !ok {
		return nil, []fault{{message: "is not a table", hint: filtersHint}}
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if !filterName.MatchString(name) {
			bad = append(bad, fault{value: strconv.Quote(visible(name)), message: "is not the name of a filter", hint: filtersHint})
			continue
		}
		var ids []string
		wrong := setList(&ids, table[name], func(text string) (string, *fault) {
			if text == "" {
				return "", &fault{message: "is not an id", hint: "copy it from Butlr, or remove it"}
			}
			return text, nil
		})
		if len(wrong) == 0 && len(ids) == 0 {
			wrong = []fault{{value: strconv.Quote(name), message: "has no ids, so that Butlr would send nothing, or everything", hint: "name some, or remove it"}}
		}
		bad = append(bad, wrong...)
		list = append(list, Filter{name, ids})
	}
	return list, bad
}
