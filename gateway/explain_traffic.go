package gateway

// TrafficExplanation is what was counted of people who passed.
type TrafficExplanation struct {
	In, Out uint64    // since commissioning
	At      Timestamp // when the newest of it was sensed
	Net     int64     // in less out since Since; may be negative
	Since   Timestamp // the midnight that began the day, or the reset on command since
	Reset   bool      // it was begun anew on command
	Lacks   bool      // an event of the day was too old to be counted
	Sensors []SensorExplanation
	More    int // sensors beside those
}

// SensorExplanation is what one sensor counted.
type SensorExplanation struct {
	ID      AssetID
	Name    string
	In, Out uint64
	At      Timestamp
}

const sensorsExplained = 20

// explainTraffic says what the totals of an asset are made of.
func (s *State) explainTraffic(a *asset) *TrafficExplanation {
	t := &a.total
	if t.At == 0 {
		return nil
	}
	days := s.days(a)
	x := &TrafficExplanation{
		In: t.In, Out: t.Out, At: t.At, Net: t.Net, Since: t.Day, Reset: days.midnight(t.Day) != t.Day && !a.dayIsOlder(t.Day),
		Lacks: t.Lacks != 0 && t.Lacks >= days.midnight(t.At),
	}
	if a.about.Kind != Sensor {
		x.addSensors(a, false)
	}
	return x
}

// addSensors adds the sensors that count for a place: those in a room for the room, and for what is around
// rooms those that lie in none, and in rooms the entrances.
func (x *TrafficExplanation) addSensors(place *asset, entrances bool) {
	for _, c := range place.children {
		switch about := c.about; {
		case about.Kind == Sensor && (c.total.At == 0 || entrances && !c.isEntrance()):
		case about.Kind == Sensor && len(x.Sensors) == sensorsExplained:
			x.More++
		case about.Kind == Sensor:
			x.Sensors = append(x.Sensors, SensorExplanation{ID: about.ID, Name: about.Label(), In: c.total.In, Out: c.total.Out, At: c.total.At})
		case about.Kind == Room:
			x.addSensors(c, true)
		case about.Kind == Building || about.Kind == Floor || about.Kind == Zone:
			x.addSensors(c, entrances)
		}
	}
}
