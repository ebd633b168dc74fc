package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// DeviceHealth is a sensor or a hive as people are shown it.
type DeviceHealth struct {
	Device
	Missed bool   // it is offline for so long that it is no coincidence
	Place  string // the name of its room, else of its floor; "" if it is in neither
}

// OfflineDevices lists the sensors and hives that a report called offline, in the order of their places.
func (s *State) OfflineDevices() (out []DeviceHealth) {
	for _, t := range s.devices {
		if !t.Online {
			out = append(out, s.healthOf(t))
		}
	}
	s.sortDevices(out)
	return out
}

// DevicesOf lists those that serve an asset, those that are offline first: of a sensor itself, of a room those in it, of
// a zone its room's, of a floor all on it. Of other assets there are none.
func (s *State) DevicesOf(id AssetID) (out []DeviceHealth) {
	if a := s.byID[id]; a != nil && a.about.Kind == Zone && a.parent != nil && a.parent.about.Kind == Room {
		id = a.parent.about.ID
	}
	for _, t := range s.placed[id] {
		out = append(out, s.healthOf(t))
	}
	s.sortDevices(out)
	return out
}

func (s *State) healthOf(t *tracked) DeviceHealth {
	return DeviceHealth{t.Device, t.missed, s.placeName(&t.Device)}
}

func (s *State) sortDevices(list []DeviceHealth) {
	slices.SortFunc(list, func(a, b DeviceHealth) int {
		return cmp.Or(one(a.Online)-one(b.Online), s.byPlace(&a.Device, &b.Device))
	})
}

// byPlace orders devices by the places that they are in: hives, whose sensors go with them, before sensors.
func (s *State) byPlace(a, b *Device) int {
	return cmp.Or(one(b.Hive)-one(a.Hive), cmp.Compare(s.placeName(a), s.placeName(b)), cmp.Compare(a.Label(), b.Label()), cmp.Compare(a.ID, b.ID))
}

// placeName returns the name of the room of a device, else of its floor; where no event has told it, its id.
func (s *State) placeName(d *Device) string {
	id := cmp.Or(d.Room, d.Floor)
	if a := s.byID[id]; a != nil {
		return a.about.Label()
	}
	return string(id)
}

// Label returns the name for people: the name, else what is printed on it, else the id.
func (d *Device) Label() string {
	if d.Hive {
		return cmp.Or(d.Name, d.Serial, string(d.ID))
	}
	return cmp.Or(d.Name, d.MAC, string(d.ID))
}

// missedNamed is how many devices that are offline are named.
const missedNamed = 3

// missedWords says how many devices are offline, and where the first of them are; "" for none.
func (s *State) missedWords(c *DeviceCounts, missed []*tracked) string {
	if len(missed) == 0 {
		return ""
	}
	var counts, named []string
	for _, of := range []struct {
		offline, all int
		what         string
	}{{c.HivesOffline, c.Hives, "hive"}, {c.SensorsOffline, c.Sensors, "sensor"}} {
		if of.offline > 0 {
			counts = append(counts, fmt.Sprintf("%d of %d %ss", of.offline, of.all, of.what))
		}
	}
	for _, t := range missed[:min(len(missed), missedNamed)] {
		named = append(named, t.Label()+" in "+s.placeName(&t.Device))
	}
	text := strings.Join(counts, " and ") + " offline: " + strings.Join(named, ", ")
	if more := len(missed) - missedNamed; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}

// explainBeat tells of the health of a site's sensors.
func (s *State) explainBeat(x *SiteExplanation) {
	x.Polled = s.rules.Health > 0
	if b := s.beats[x.ID]; b != nil {
		x.Sensors, x.Offline = b.sensors, b.offline
	}
}

// DeviceCounts counts the sensors and hives as the newest report has them; polled is false where Butlr is not asked.
func (s *State) DeviceCounts() (c DeviceCounts, polled bool) {
	return s.summary.Devices, s.rules.Health > 0
}
