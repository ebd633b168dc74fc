package discovery

import (
	"butlr-gateway/adapters/mqtt/internal/level"
	"butlr-gateway/gateway"
)

// Home Assistant's words.
const (
	sensor       = "sensor"
	binarySensor = "binary_sensor"
	selection    = "select"
	button       = "button"

	measurement     = "measurement"
	totalIncreasing = "total_increasing"
	diagnostic      = "diagnostic"
)

var hidden = new(false) // of [component.EnabledByDefault]

// ofMeasure is how each measure is seen. What only some want is there and disabled: the single outputs,
// of which occupied is the usual one, and what is for experts.
var ofMeasure = [gateway.MeasureCount]component{
	gateway.Occupied:    {Platform: binarySensor, Name: "Occupied", DeviceClass: "occupancy"},
	gateway.People:      {Platform: sensor, Name: "People", StateClass: measurement, Unit: "people", Icon: "mdi:account-group"},
	gateway.Motion:      {Platform: binarySensor, Name: "Motion", DeviceClass: "motion"},
	gateway.Lighting:    {Platform: binarySensor, Name: "Lighting", Icon: "mdi:lightbulb-auto", EnabledByDefault: hidden},
	gateway.HVAC:        {Platform: binarySensor, Name: "HVAC", Icon: "mdi:hvac", EnabledByDefault: hidden},
	gateway.Ventilation: {Platform: binarySensor, Name: "Ventilation", Icon: "mdi:fan-auto", EnabledByDefault: hidden},
	gateway.TrafficIn:   {Platform: sensor, Name: "Traffic in", StateClass: totalIncreasing, Unit: "people", Icon: "mdi:login"},
	gateway.TrafficOut:  {Platform: sensor, Name: "Traffic out", StateClass: totalIncreasing, Unit: "people", Icon: "mdi:logout"},
	gateway.TrafficEstimate: {Platform: sensor, Name: "Traffic estimate", StateClass: measurement, Unit: "people",
		Icon: "mdi:account-question", EnabledByDefault: hidden},
	gateway.Detections: {Platform: sensor, Name: "Detections", StateClass: measurement, Unit: "people",
		Icon: "mdi:motion-sensor", EnabledByDefault: hidden},
	gateway.Utilisation: {Platform: sensor, Name: "Utilisation", StateClass: measurement, Unit: "%", Icon: "mdi:percent"},
	gateway.PeakToday:   {Platform: sensor, Name: "Peak today", StateClass: measurement, Unit: "people", Icon: "mdi:account-arrow-up"},
	gateway.OccupiedMinutesToday: {Platform: sensor, Name: "Occupied today", StateClass: totalIncreasing, Unit: "min",
		DeviceClass: "duration"},
}

// What is seen of an asset beside its measures, by its key in the state.
var (
	lastData = component{Platform: sensor, Name: "Last data", DeviceClass: "timestamp", EntityCategory: diagnostic}
	quality  = component{Platform: sensor, Name: "Quality", DeviceClass: "enum", Options: qualities(), EntityCategory: diagnostic, Icon: "mdi:check-decagram"}
	reason   = component{Platform: sensor, Name: "Reason", EntityCategory: diagnostic, Icon: "mdi:comment-question"}
	coverage = component{Platform: sensor, Name: "Coverage", StateClass: measurement, Unit: "%", EntityCategory: diagnostic, Icon: "mdi:chart-donut"}
	override = component{Platform: selection, Name: "Override", Options: []string{"automatic", "occupied", "vacant"}, Icon: "mdi:hand-back-right"}
)

func qualities() []string {
	all := make([]string, gateway.QualityCount)
	for q := range all {
		all[q] = gateway.Quality(q).String()
	}
	return all
}

// entityNames returns the names of all entities that there may be.
func entityNames() []string {
	var names []string
	for _, c := range ofMeasure {
		names = append(names, c.Name)
	}
	for _, c := range []component{lastData, quality, reason, coverage, override} {
		names = append(names, c.Name)
	}
	for _, e := range ofSelf {
		names = append(names, e.Name)
	}
	return names
}

// Asset is an asset, as far as it matters here.
type Asset struct {
	*gateway.Asset
	Has       gateway.Measures // what is shown of it
	Aggregate bool             // it has a coverage
	Via       string           // the node of the device that it lies in: its parent's, or else the gateway's
}

// Of returns what is announced of an asset.
func (g *Gateway) Of(a Asset) Device {
	topic := g.Root + "/" + level.Path(a.Kind, a.ID)
	kind := a.Kind.String()
	d := Device{
		Node: g.Node(a.Kind, a.ID),
		about: device{
			Name: labelOf(a.Label(), kind), Manufacturer: "Butlr", Model: kinds[a.Kind], SerialNumber: a.MAC,
			ViaDevice: a.Via, SuggestedArea: areaOf(a.Asset), ConfigurationURL: g.Page,
		},
		origin: g.origin(),
		seen:   []availability{{g.statusTopic()}, {topic + "/availability"}},
		state:  topic + "/state",
	}
	d.about.Identifiers = []string{d.Node}
	for m := range gateway.Measure(gateway.MeasureCount) {
		if a.Has.Has(m) {
			d.add(m.String(), m.String(), ofMeasure[m])
		}
	}
	if g.Commands && a.Has.Has(gateway.Occupied) {
		c := override
		c.CommandTopic = g.Root + "/command/" + level.Path(a.Kind, a.ID) + "/force"
		d.add("override", "override", c)
	}
	if a.Aggregate {
		d.add("coverage", "coverage", coverage)
	}
	if a.Has.Has(gateway.Occupied) || a.Has.Has(gateway.People) {
		d.add("reason", "reason", reason)
	}
	d.add("quality", "quality", quality)
	d.add("last_data", "at", lastData)
	return d
}

// kinds are the models of the devices.
var kinds = map[gateway.Kind]string{
	gateway.Site: "Site", gateway.Building: "Building", gateway.Floor: "Floor", gateway.Room: "Room",
	gateway.Zone: "Zone", gateway.Sensor: "Sensor", gateway.Group: "Group",
}

// areaOf returns the area that Home Assistant may put an asset into when it first hears of it: the room
// that it is, or lies in.
func areaOf(a *gateway.Asset) string {
	switch {
	case a.Kind == gateway.Room:
		return a.Label()
	case a.Parent.Kind() == gateway.Room && len(a.Path) > 0:
		return a.Path[len(a.Path)-1]
	}
	return ""
}

func (g *Gateway) origin() origin { return origin{Name: "butlr-gateway", SWVersion: g.Version} }

func (g *Gateway) statusTopic() string { return g.Root + "/gateway/status" }

// add adds an entity that shows what stands under a key of the state.
func (d *Device) add(key, shows string, c component) {
	c.UniqueID = d.Node + "_" + key
	c.ValueTemplate = templateOf(shows, &c)
	if d.about.SuggestedArea == d.about.Name {
		// Home Assistant makes the id of the area, the device and the entity, and would say the room twice. It
		// makes a proper id of this text; one before 2025.10 ignores it, and leaves out the area.
		c.DefaultEntityID = c.Platform + "." + d.about.Name + " " + c.Name
	}
	d.entities = append(d.entities, entity{key: key, component: c})
}

// maxState is how long a text may be that Home Assistant takes for a state, in characters.
const maxState = "255"

// templateOf returns how an entity reads its value. A key that is null, or for the moment missing, is
// "None", which Home Assistant shows as unknown: it must not be taken for off, nor leave the old value.
func templateOf(key string, c *component) string {
	value := "value_json." + key + " | default(none)"
	switch {
	case c.Platform == binarySensor:
		return "{{ 'None' if " + value + " is none else 'ON' if value_json." + key + " else 'OFF' }}"
	case c.Name == reason.Name:
		return "{{ 'None' if " + value + " is none else value_json." + key + "[:" + maxState + "] }}"
	}
	return "{{ " + value + " }}"
}
