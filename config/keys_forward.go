package config

func forwardSection() Section {
	return Section{Name: "forward.NAME", About: "An endpoint that every accepted body is passed on to as it came, because Butlr sends an event type to one subscriber only: as many as you like, each with a name of its own, as in `[forward.workplace-app]`. What it can rely on is in [relay.md](relay.md).", Keys: []Key{
		{"url", typeURL, "", `"https://app.example.org/hook"`, "Where to post: `https://`, or `http://` on this machine. Redirects are not followed. Required."},
		{"header_name", typeText, `""`, `"X-App-Key"`, "A header that the endpoint asks for. With `header_value`."},
		{"header_value", typeSecret, `""`, `"env:APP_KEY"`, "The value of that header."},
		{"username", typeText, `""`, `"butlr-gateway"`, "User name at the endpoint (HTTP Basic), instead of the header or as well."},
		{"password", typeSecret, `""`, `"file:/etc/butlr-gateway/app.password"`, "The password to `username`."},
		{"queue_max", typeSize, `"256MiB"`, `"2GiB"`, "How much may wait on disk while the endpoint does not answer, below `state_dir`; from `1MiB` to `1TiB`. The oldest gives way."},
	}}
}
