package gateway

import "fmt"

// EventType is what an event is about.
type EventType uint8

// The event types. Butlr's ten, with its three places of occupancy told apart by [Event.Subject].
const (
	UnknownType     EventType = iota // a type that this gateway does not know: counted, no effect
	Occupancy                        // people now, as sensed
	OccupancyMinute                  // people, one smoothed value for the minute
	Traffic                          // people who passed a sensor since its last event
	Detected                         // where a sensor sees people
	MotionStarted                    // a room's PIR saw motion
	MotionEnded                      // a room's PIR no longer sees motion
	Health                           // of a sensor or a hive; the content is undocumented: counted, no effect
	eventTypeCount  = iota
)

var eventTypeNames = [eventTypeCount]string{
	"unknown", "occupancy", "occupancy_minute", "traffic", "detections", "motion", "no_motion", "health",
}

// String returns the type's name for logs and metrics.
func (t EventType) String() string {
	if int(t) < len(eventTypeNames) {
		return eventTypeNames[t]
	}
	return fmt.Sprintf("event type(%d)", uint8(t))
}

// Event is what Butlr said once about one place. Events may arrive in any order, any number of times.
// Its strings are kept as they are, so they must not keep a larger text alive; Raw is copied.
type Event struct {
	ID      string    // Butlr's, usually "event_" and a KSUID: it decides ties and counts TRAFFIC once
	Type    EventType //
	Subject Kind      // what it is about: Floor, Room or Zone for occupancy, Room for motion, Sensor for the rest
	Origin  Origin    // how it came
	At      Timestamp // when it was sensed, not when it was sent
	Path    Path      // where
	People  int       // of Occupancy and OccupancyMinute
	In, Out int       // of Traffic: people who passed since the last event

	// Entrance, of Traffic, says that who made the event knows the sensor to be an entrance: see [Facts].
	Entrance bool

	Found  []Position
	Defect Refusal // set by the decoder if the content cannot be an event: it is refused with this reason
	Raw    []byte  // the event as it was sent, for whoever asks why it was refused; not kept otherwise
}

// Origin is how an event came to the gateway.
type Origin uint8

// The origins.
const (
	Posted      Origin = iota // Butlr sent it
	Reconciled                // asked for after a gap; its id is no KSUID, so that it loses every tie
	Polled                    // asked for all the time, where nothing is sent
	originCount = iota
)

var originNames = [originCount]string{"", "reconciled", "polled"}

// String returns the mark that pages show, "" for what is usual.
func (o Origin) String() string { return originNames[o] }

// Path is where an event happened, from the organisation inwards. A place with no id is absent.
type Path struct {
	Organisation, Site, Building, Floor, Room, Zone, Sensor Place
}

// Place is one place on a path, as the event described it.
type Place struct {
	ID       AssetID
	Name     string // at most 256 bytes; longer ones were cut
	CustomID string // "" when the event did not say
	MAC      string // of a sensor, lower case with dashes
}

// Position is where a sensor sees one person.
type Position struct {
	X, Y           float64 // fraction of the sensor's field of view
	WorldX, WorldY float64 // metres from the floor plan's origin
}

// places returns the path's places that can be assets, from the site inwards.
func (p *Path) places() [6]*Place {
	return [6]*Place{&p.Site, &p.Building, &p.Floor, &p.Room, &p.Zone, &p.Sensor}
}

// placeKinds are the kinds of what [Path.places] returns.
var placeKinds = [6]Kind{Site, Building, Floor, Room, Zone, Sensor}
