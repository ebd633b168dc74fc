package discovery

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Message is a retained message; one without a payload takes back what its topic keeps.
type Message struct {
	Topic   string
	Payload []byte
}

// The parts of a document, with Home Assistant's long names of everything.
type (
	document struct {
		Device           device               `json:"device"`
		Origin           origin               `json:"origin"`
		Components       map[string]component `json:"components"`
		Availability     []availability       `json:"availability,omitempty"`
		AvailabilityMode string               `json:"availability_mode,omitempty"`
		StateTopic       string               `json:"state_topic,omitempty"`
	}

	device struct {
		Identifiers      []string `json:"identifiers"`
		Name             string   `json:"name"`
		Manufacturer     string   `json:"manufacturer,omitempty"`
		Model            string   `json:"model,omitempty"`
		SerialNumber     string   `json:"serial_number,omitempty"`
		SWVersion        string   `json:"sw_version,omitempty"`
		ViaDevice        string   `json:"via_device,omitempty"`
		SuggestedArea    string   `json:"suggested_area,omitempty"`
		ConfigurationURL string   `json:"configuration_url,omitempty"`
	}

	origin struct {
		Name      string `json:"name"`
		SWVersion string `json:"sw_version,omitempty"`
	}

	availability struct {
		Topic string `json:"topic"`
	}

	// component is an entity. What a whole document says once for all of them, one in a document of its own
	// says itself.
	component struct {
		Platform           string         `json:"platform,omitempty"`
		Name               string         `json:"name,omitempty"`
		UniqueID           string         `json:"unique_id,omitempty"`
		DefaultEntityID    string         `json:"default_entity_id,omitempty"`
		DeviceClass        string         `json:"device_class,omitempty"`
		StateClass         string         `json:"state_class,omitempty"`
		Unit               string         `json:"unit_of_measurement,omitempty"`
		Options            []string       `json:"options,omitempty"`
		EntityCategory     string         `json:"entity_category,omitempty"`
		EnabledByDefault   *bool          `json:"enabled_by_default,omitempty"`
		Icon               string         `json:"icon,omitempty"`
		StateTopic         string         `json:"state_topic,omitempty"`
		ValueTemplate      string         `json:"value_template,omitempty"`
		PayloadOn          string         `json:"payload_on,omitempty"`
		PayloadOff         string         `json:"payload_off,omitempty"`
		AttributesTopic    string         `json:"json_attributes_topic,omitempty"`
		AttributesTemplate string         `json:"json_attributes_template,omitempty"`
		CommandTopic       string         `json:"command_topic,omitempty"`
		Availability       []availability `json:"availability,omitempty"`
		AvailabilityMode   string         `json:"availability_mode,omitempty"`
		Device             *device        `json:"device,omitempty"`
		Origin             *origin        `json:"origin,omitempty"`
	}
)

// Device is everything that is announced of one asset, or of the gateway itself.
type Device struct {
	Node     string
	about    device
	origin   origin
	seen     []availability // what must be online for anything to be seen of it
	state    string         // topic that its entities read
	entities []entity
}

// entity is one thing to see or to set.
type entity struct {
	key string
	component
	alone bool // it can be seen while nothing else of the device can
}

// Name tells an entity from the others of its device.
type Name struct{ Platform, Key string }

func (n Name) String() string { return n.Platform + "/" + n.Key }

// Names returns the names of the device's entities.
func (d *Device) Names() []Name {
	names := make([]Name, len(d.entities))
	for i := range d.entities {
		names[i] = Name{d.entities[i].Platform, d.entities[i].key}
	}
	return names
}

// whole returns the document of the device. Of entities that are gone it says their platform and no more:
// that takes them away.
func (d *Device) whole(gone []Name) []byte {
	doc := document{
		Device: d.about, Origin: d.origin, StateTopic: d.state,
		Components: make(map[string]component, len(d.entities)+len(gone)),
	}
	// An entity has the availability of the document unless it says another, and it cannot say none.
	shared := !slices.ContainsFunc(d.entities, func(e entity) bool { return e.alone })
	if shared {
		doc.Availability, doc.AvailabilityMode = d.seen, all
	}
	for i := range d.entities {
		e := &d.entities[i]
		c := e.component
		if !shared && !e.alone {
			c.Availability, c.AvailabilityMode = d.seen, all
		}
		doc.Components[e.key] = c
	}
	for _, n := range gone {
		doc.Components[n.Key] = component{Platform: n.Platform}
	}
	return render(doc)
}

// part returns the document of one of the device's entities.
func (d *Device) part(e *entity) []byte {
	c := e.component
	c.Platform = "" // its topic tells
	c.Device, c.Origin = &d.about, &d.origin
	if !e.alone {
		c.Availability, c.AvailabilityMode = d.seen, all
	}
	if c.StateTopic == "" && c.ValueTemplate != "" {
		c.StateTopic = d.state
	}
	return render(c)
}

// all says that everything in a list of availabilities must be online.
const all = "all"

// render writes JSON. What is not UTF-8 in a name becomes U+FFFD.
func render(v any) []byte {
	text, err := json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic("rendering a discovery document: " + err.Error()) // its types are all plain
	}
	return text
}

// labelOf returns a device's name for people. Home Assistant puts it before the names of the entities, and
// cuts it off where one begins with it: a room that is called "People" must not lose its count of people.
func labelOf(label, kind string) string {
	for _, name := range entityNames() {
		if strings.HasPrefix(name, label) {
			return label + " (" + kind + ")"
		}
	}
	return label
}
