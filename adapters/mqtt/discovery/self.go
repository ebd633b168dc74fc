package discovery

// ofSelf is what can be seen and done of the gateway itself.
var ofSelf = []entity{
	{key: "status", alone: true, component: component{
		Platform: binarySensor, Name: "Connection", DeviceClass: "connectivity", EntityCategory: diagnostic,
		PayloadOn: "online", PayloadOff: "offline",
	}},
	{key: "problem", component: component{
		Platform: binarySensor, Name: "Problem", DeviceClass: "problem", EntityCategory: diagnostic,
		ValueTemplate:      "{{ 'ON' if value_json.alarms else 'OFF' }}",
		AttributesTemplate: "{{ value_json.alarms | tojson }}",
	}},
	{key: "alarms", component: component{
		Platform: sensor, Name: "Alarms", StateClass: measurement, Unit: "alarms", EntityCategory: diagnostic, Icon: "mdi:alarm-light",
		ValueTemplate: "{{ value_json.alarms | length }}",
	}},
	{key: "assets", component: component{
		Platform: sensor, Name: "Assets", StateClass: measurement, Unit: "assets", EntityCategory: diagnostic, Icon: "mdi:office-building",
		ValueTemplate: "{{ value_json.assets }}",
	}},
	{key: "started", component: component{
		Platform: sensor, Name: "Started", DeviceClass: "timestamp", EntityCategory: diagnostic,
		ValueTemplate: "{{ value_json.started }}",
	}},
	{key: "republish", component: component{
		Platform: button, Name: "Publish everything again", EntityCategory: diagnostic, Icon: "mdi:refresh",
	}},
}

// Self returns what is announced of the gateway itself.
func (g *Gateway) Self() Device {
	name := g.Name
	if name == "" {
		name = "butlr-gateway"
	}
	d := Device{
		Node: g.SelfNode(),
		about: device{
			Identifiers: []string{g.SelfNode()}, Name: labelOf(name, "gateway"), Manufacturer: "butlr-gateway",
			Model: "Gateway", SerialNumber: g.ID, SWVersion: g.Version, ConfigurationURL: g.Page,
		},
		origin: g.origin(),
		seen:   []availability{{g.statusTopic()}},
		state:  g.Root + "/gateway/state",
	}
	for _, e := range ofSelf {
		e.UniqueID = d.Node + "_" + e.key
		switch e.key {
		case "status":
			e.StateTopic = g.statusTopic()
		case "problem":
			e.AttributesTopic = d.state
		case "republish":
			if !g.Commands {
				continue
			}
			e.CommandTopic = g.Root + "/command/republish"
		}
		d.entities = append(d.entities, e)
	}
	return d
}
