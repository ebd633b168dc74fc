package butlrtest

// Inventory is what there is, each row with the fields of its type. A field that a row does not have is null.
type Inventory struct {
	Sites, Buildings, Floors, Rooms, Zones, Sensors, Hives, Tags []map[string]any
}

// Furnish says what there is in the buildings from now on.
func (a *API) Furnish(i Inventory) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inventory = i
}

// schema has the fields of each type, and the type of what is below them. Ids of other things are there in both
// spellings, and the resolvers of camelCase fail.
var schema = map[string]map[string]string{
	"Query": {
		"webhooks": "Webhook", "createWebhooks": "Webhook", "updateWebhooks": "Webhook", "deleteWebhooks": "",
		"sites": "Sites", "buildings": "Buildings", "floors": "Floors", "rooms": "Rooms", "zones": "Zones", "sensors": "Sensors",
		"hives": "Hives", "tags": "Tag",
	},
	"Sites": {"data": "Site"}, "Buildings": {"data": "Building"}, "Floors": {"data": "Floor"}, "Rooms": {"data": "Room"},
	"Zones": {"data": "Zone"}, "Sensors": {"data": "Sensor"}, "Hives": {"data": "Hive"},
	"Webhook":        fields("id name event_types filters send_on_value_change", "endpoint_config EndpointConfig"),
	"EndpointConfig": fields("url http_timeout", "api_key ApiKey", "basic_auth BasicAuth"),
	"ApiKey":         fields("key value"),
	"BasicAuth":      fields("username password"),
	"Capacity":       fields("max mid"),
	"Tag":            fields("id name"),
	"Site":           fields("id name timezone customID"),
	"Building":       fields("id name building_number site_id siteID customID", "capacity Capacity"),
	"Floor":          fields("id name floorNumber building_id buildingID timezone customID", "capacity Capacity"),
	"Room":           fields("id name floor_id floorID roomType customID", "capacity Capacity", "tags Tag"),
	"Zone":           fields("id name floor_id floorID room_id roomID customID", "capacity Capacity", "sensors Sensor"),
	"Sensor": fields("id name mac_address mode model floor_id floorID room_id roomID hive_serial is_entrance is_online last_heartbeat " +
		"power_type installation_status"),
	"Hive": fields("id name serialNumber floor_id floorID room_id roomID isOnline lastHeartbeat"),
}

// fields lists the names of a type's fields; each of below is a name and its type.
func fields(plain string, below ...string) map[string]string {
	out := map[string]string{}
	for _, name := range word.FindAllString(plain, -1) {
		out[name] = ""
	}
	for _, pair := range below {
		words := word.FindAllString(pair, -1)
		out[words[0]] = words[1]
	}
	return out
}

// resolve answers a question for one kind of thing: the rows below data, but of tags.
func (i *Inventory) resolve(f field) (any, []fault) {
	if f.name == "tags" {
		return pick(f, i.Tags)
	}
	rows := map[string][]map[string]any{
		"sites": i.Sites, "buildings": i.Buildings, "floors": i.Floors, "rooms": i.Rooms, "zones": i.Zones, "sensors": i.Sensors, "hives": i.Hives,
	}[f.name]
	var data []any
	var faults []fault
	for _, sub := range f.below { // "data" is all there is
		var wrong []fault
		data, wrong = pick(sub, rows)
		for k := range wrong {
			wrong[k].Path = append([]any{f.name}, wrong[k].Path...)
		}
		faults = append(faults, wrong...)
	}
	return map[string]any{"data": data}, faults
}
