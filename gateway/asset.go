package gateway

import (
	"fmt"
	"strings"
	"time"
)

// Kind says what an asset is.
type Kind uint8

// The kinds, from the largest to the smallest; groups are configured.
const (
	NoKind Kind = iota
	Site
	Building
	Floor
	Room
	Zone
	Sensor
	Group
	kindCount = iota
)

var kindNames = [kindCount]string{"", "site", "building", "floor", "room", "zone", "sensor", "group"}

// kindPrefixes are how Butlr's ids of each kind begin; a floor is a "space".
var kindPrefixes = [kindCount]string{"", "site_", "building_", "space_", "room_", "zone_", "sensor_", ""}

// String returns the kind's name, as topics and exports use it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// ParseKind returns the kind of that name, or NoKind.
func ParseKind(name string) Kind {
	for k := Site; k < kindCount; k++ {
		if kindNames[k] == name {
			return k
		}
	}
	return NoKind
}

// AssetID names an asset for ever: Butlr's id, or "group:" and the group's key. A sensor's id always
// carries the prefix "sensor_", which Butlr's webhooks leave out and its API does not.
type AssetID string

// Kind tells the kind from the id's prefix, NoKind if the prefix is none of Butlr's.
func (id AssetID) Kind() Kind {
	for k := Site; k < Group; k++ {
		if strings.HasPrefix(string(id), kindPrefixes[k]) {
			return k
		}
	}
	if strings.HasPrefix(string(id), "group:") {
		return Group
	}
	return NoKind
}

// Number is an asset's permanent place in the world: given once, never reused, never moved.
type Number uint32

// MaxNumber bounds the numbers that are given or believed, so that a broken one cannot claim all memory.
const MaxNumber Number = 1<<22 - 1

// NoNumber stands where an asset has no number.
const NoNumber = ^Number(0)

// Asset is a site, building, floor, room, zone, sensor or group, as far as it is described. A
// description is never altered: a change makes a new one, so that a pointer to it may be kept.
type Asset struct {
	ID       AssetID
	Kind     Kind
	Retired  bool // out of service for good, and keeps its number: an operator said so
	Appended bool // it came after the ledger was settled: nobody has built on its number yet
	Number   Number
	Parent   AssetID   // the place that it lies in; "" for a site, or when no event has told
	Name     string    // as people call it: the configured name, else Butlr's
	Given    string    // Butlr's name
	CustomID string    // the customer's own id in Butlr, "" if none
	MAC      string    // of a sensor, lower case with dashes
	Capacity int       // people; 0 is not known
	Path     []string  // names of the places around it, from the site inwards; without its own
	Site     AssetID   // the site that it lies in; its own id for a site
	Told     Timestamp // of the newest that changed what is said here: an event's own time, or when an inventory was taken over
	Facts    *Facts    // nil: no inventory named it
	Clock    TimeZone  // whose time of day its site goes by; none until the state has it
}

// TimeZone is a time zone, or none, that can be compared.
type TimeZone struct{ *time.Location }

// Equal tells whether two time zones are the same by their names.
func (z TimeZone) Equal(other TimeZone) bool {
	if z.Location == nil || other.Location == nil {
		return z.Location == other.Location
	}
	return z.String() == other.String()
}

// Label returns the name for people: the name, else the custom id, else the id.
func (a *Asset) Label() string {
	switch {
	case a.Name != "":
		return a.Name
	case a.CustomID != "":
		return a.CustomID
	}
	return string(a.ID)
}

// Point is one measure of one asset: the thing that a controller reads.
type Point struct {
	Asset   AssetID
	Measure Measure
}

// String returns the point as "asset/measure".
func (p Point) String() string { return string(p.Asset) + "/" + p.Measure.String() }
