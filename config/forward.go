package config

// Forward is an endpoint that every accepted body is passed on to.
type Forward struct {
	URL         WebURL `toml:"url"`
	HeaderName  string `toml:"header_name"`
	HeaderValue Secret `toml:"header_value"`
	Username    string `toml:"username"`
	Password    Secret `toml:"password"`
	QueueMax    Size   `toml:"queue_max"` // of what waits for the endpoint, on disk
}

func defaultForward() Forward { return Forward{QueueMax: 256 << 20} }
