package config

// Types of values that only this section has.
const (
	typeURL     = "URL"
	typeFilters = "table of lists"
)

func butlrSection() Section {
	return Section{Name: "butlr", About: "Butlr's own API, which the gateway asks to send the events, and asks daily whether it still does. Without `client_id` and `client_secret` this is off, and you subscribe by hand. What it does is in [butlr.md](butlr.md).", Keys: []Key{
		{"client_id", typeSecret, `""`, `"env:BUTLR_CLIENT_ID"`, "The id of the API client that Butlr gave you."},
		{"client_secret", typeSecret, `""`, `"file:/etc/butlr-gateway/butlr.secret"`, "The secret of that client."},
		{"public_url", typeURL, `""`, `"https://bms.example.org/webhooks/butlr"`, "Where Butlr reaches the webhook from outside: the name of your router, proxy or tunnel, with the `path` of `[webhook]`. `butlr-gateway webhooks register` subscribes it, with the secrets of `[webhook]`. Empty subscribes to nothing."},
		{"api_url", typeURL, `"https://api.butlr.io"`, `"https://api.butlr.io"`, "Where the API is: scheme, host and port."},
		{"events", typeTexts, `["ROOM_OCCUPANCY", "ROOM_OCCUPANCY_1MIN", "FLOOR_OCCUPANCY", "ZONE_OCCUPANCY", "TRAFFIC", "PIR_MOTION", "PIR_NO_MOTION"]`, `["ROOM_OCCUPANCY", "PIR_MOTION", "PIR_NO_MOTION"]`, "Which events are subscribed to. There are also `FLOOR_OCCUPANCY_1MIN`, `ZONE_OCCUPANCY_1MIN`, `DETECTIONS` (where sensors see people: personal data), `SENSOR_HEALTH` and `HIVE_HEALTH`. Butlr sends an event type to one subscriber only."},
		{"send_on_value_change", typeYesOrNo, `false`, `true`, "Have Butlr send a count only when it changes. This needs `feed = \"change\"` for every asset that is counted: elsewhere a quiet room would be a loss."},
		{"http_timeout", typeDuration, `"10s"`, `"5s"`, "How long Butlr waits for an answer before it tries again; whole seconds from `1s` to `15s`."},
		{"filters", typeFilters, `{}`, `{ building = ["building_3Iw9yDdkDz0japZI7A3pdhRzGPD"] }`, "Only events about one of these ids, in every list that there is, are sent. Butlr knows `org`, `site`, `building`, `floor`, `room`, `zone` and `mac_addresses`; the names are passed on as they stand here. Empty is everything."},
		{"reconcile", typeDuration, `"10m"`, `"0s"`, "After its start, and after a gap, the gateway asks Butlr for the people of so many minutes, and compares who passed: whole minutes from `2m` to `1h`; `0s` is off. [butlr.md](butlr.md#after-a-gap) says what that gives."},
		{"poll", typeDuration, `"0s"`, `"60s"`, "Ask Butlr so often for people and traffic, instead of having them sent: for a site that allows no connection from outside. From `30s` to `5m`; `0s` is off. `[webhook] listen` may be left out then, and `public_url` must not subscribe to `TRAFFIC`. It cannot give motion, or seconds: see [butlr.md](butlr.md#pull-mode)."},
		{"health", typeDuration, `"0s"`, `"5m"`, "How often Butlr is asked whether sensors and hives are online; `0s` is never, else at least `1m`, and two requests each time. Sensors that are offline are an alarm, and make what they tell uncertain, or a loss: in a site where nothing is sent every minute they are the heartbeat. [state.md](state.md) has the rules."},
		{"max_requests_per_minute", typeNumber, `50`, `20`, "How many requests to the API the gateway makes in a minute at most; from 1 to 1000. A command counts for itself."},
	}}
}
