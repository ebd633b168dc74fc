package gateway

import (
	"maps"
	"slices"
)

// Device is a sensor or a hive as Butlr's API tells how it is: whether it can be heard, not what it hears.
type Device struct {
	ID        AssetID // of a sensor as events have it
	Hive      bool    // it passes on what sensors hear; no feed is its own
	Name      string  // for people, "" is not known
	MAC       string  // of a sensor, lower case with dashes
	Serial    string  // of a hive; of a sensor that of its hive
	Room      AssetID // "" where it is in none, or that is not known
	Floor     AssetID
	Online    bool      // Butlr hears it
	Heartbeat Timestamp // when Butlr heard it last; 0 is not known
	Status    string    // of its installation, in Butlr's words
}

// HealthReport is how the sensors and hives are at the moment when it comes.
type HealthReport struct {
	Devices []Device
	Partial bool // there may be more of them, of which nothing is said
}

// tracked is a device with what the reports said of it one after the other.
type tracked struct {
	Device
	running int  // reports in a row that contradict missed
	missed  bool // it counts as offline for people: reports said so often enough, and none so often the contrary
}

// reportsToBelieve is how many reports in a row must say of a device that it is offline, or online again, before
// people are told: one that comes and goes is no news every few minutes.
const reportsToBelieve = 2

// Health takes up how the sensors and hives are: it counts once the batch in progress is settled, and nothing of it
// is stored. The next report comes soon, also after a start.
func (s *State) Health(r *HealthReport) { s.pending.health = r }

// takeHealth takes up the batch's report, if it has one, and has looked at again what it changes.
func (s *State) takeHealth(i Instant) {
	r := s.pending.health
	if r == nil {
		return
	}
	now := s.clock.now(i)
	told := make(map[AssetID]*served, len(s.beats)) // by place
	seen := make(map[AssetID]bool, len(r.Devices))
	for k := range r.Devices {
		d := &r.Devices[k]
		if !d.Hive {
			at := Place{ID: d.ID, MAC: d.MAC}
			s.recognise(&at)
			d.ID = at.ID
		}
		if seen[d.ID] {
			continue
		}
		seen[d.ID] = true
		s.countServed(told, s.track(d, s.isOnline(d, now)), now, true)
	}
	if r.Partial {
		for id, t := range s.devices {
			if !seen[id] {
				s.countServed(told, &t.Device, now, false)
			}
		}
	} else {
		maps.DeleteFunc(s.devices, func(id AssetID, _ *tracked) bool { return !seen[id] })
	}
	s.beatPlaces(i, now, told, r.Partial)
	s.healthAt = now
	s.countDevices()
}

// isOnline tells whether a device is: Butlr must say so, and have heard it within the gateway's dead_after, if it says
// when. While this machine's clock is not trusted nobody knows how long ago that is.
func (s *State) isOnline(d *Device, now Timestamp) bool {
	if d.Heartbeat == 0 || s.clock.doubt != noDoubt {
		return d.Online
	}
	return d.Online && now.Sub(d.Heartbeat) <= s.rules.State.DeadAfter
}

// track notes what a report says of a device, and returns it as it is known from then on.
func (s *State) track(d *Device, online bool) *Device {
	if s.devices == nil {
		s.devices = make(map[AssetID]*tracked)
	}
	t := s.devices[d.ID]
	if t == nil {
		t = new(tracked)
		s.devices[d.ID] = t
	}
	t.Device = *d
	t.Online = online
	if online == !t.missed {
		t.running = 0
	} else if t.running++; t.running >= reportsToBelieve {
		t.running, t.missed = 0, !online
	}
	return &t.Device
}

// isPlaced tells whether a device is somewhere: one that lies in a drawer is missed by nobody.
func (d *Device) isPlaced() bool { return d.Room != "" || d.Floor != "" }

// countDevices sums up for people how the devices are.
func (s *State) countDevices() {
	c := DeviceCounts{At: s.healthAt}
	var missed []*tracked
	s.placed = make(map[AssetID][]*tracked, len(s.devices))
	for _, t := range s.devices {
		for _, place := range [...]AssetID{t.ID, t.Room, t.Floor} {
			if place != "" {
				s.placed[place] = append(s.placed[place], t)
			}
		}
		if !t.isPlaced() {
			continue
		}
		all, offline := &c.Sensors, &c.SensorsOffline
		if t.Hive {
			all, offline = &c.Hives, &c.HivesOffline
		}
		*all++
		if t.missed {
			*offline++
			missed = append(missed, t)
		}
	}
	slices.SortFunc(missed, func(a, b *tracked) int { return s.byPlace(&a.Device, &b.Device) })
	c.Why = s.missedWords(&c, missed)
	s.summary.Devices = c
}
