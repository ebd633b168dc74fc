package config

import (
	"slices"
	"strings"
)

// Section is one section of the file.
type Section struct {
	Name  string // as between the brackets
	About string
	Keys  []Key
}

// Key is one key that the file may have.
type Key struct {
	Name    string // in its section
	Type    string
	Default string // as it would be written; "" where there is none, or where Meaning says what it is
	Example string // as it would be written
	Meaning string
}

// The types of values. A list's entries are texts.
const (
	typeText      = "text"
	typeSecret    = "secret"
	typeYesOrNo   = "true or false"
	typeNumber    = "number"
	typeDuration  = "duration"
	typeAddress   = "address"
	typePath      = "path"
	typeChoice    = "choice"
	typeIDs       = "list of ids"
	typeNetworks  = "list of networks"
	anyAsset      = "KEY" // stands for an asset's id in the names of sections
	assetsSection = "assets." + anyAsset
)

// Sections returns every section that this version knows, with its keys, in the order of the reference.
func Sections() []Section {
	return []Section{
		gatewaySection(), webhookSection(), mqttSection(), embeddedSection(), modbusSection(), webSection(), stateSection(), assetSection(),
	}
}

// lookup returns the key with that full name, such as "mqtt.refresh" or "assets.room_3jsO.name".
func lookup(name string) (Key, bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return Key{}, false
	}
	section, key := name[:dot], name[dot+1:]
	if strings.HasPrefix(section, "assets.") {
		section = assetsSection
	}
	for _, s := range Sections() {
		if i := slices.IndexFunc(s.Keys, func(k Key) bool { return k.Name == key }); s.Name == section && i >= 0 {
			return s.Keys[i], true
		}
	}
	return Key{}, false
}

// isPublic tells whether a key is known and has nothing to hide.
func isPublic(name string) bool {
	key, known := lookup(name)
	return known && key.Type != typeSecret
}

// isSection tells whether a name is that of a section, or "", which stands before the first.
func isSection(name string) bool {
	id, isAsset := strings.CutPrefix(name, "assets.")
	return name == "" || isAsset && !strings.Contains(id, ".") ||
		slices.ContainsFunc(Sections(), func(s Section) bool { return s.Name == name })
}

// sectionsWith returns the sections that have a key of that name, in brackets.
func sectionsWith(key string) []string {
	var names []string
	for _, s := range Sections() {
		if slices.ContainsFunc(s.Keys, func(k Key) bool { return k.Name == key }) {
			names = append(names, "["+s.Name+"]")
		}
	}
	return names
}

func gatewaySection() Section {
	return Section{"gateway", "The gateway as a whole.", []Key{
		{"name", typeText, ``, `"maas-house"`, "What people call this gateway. It is shown, and nothing depends on it. Default: the host's name."},
		{"state_dir", typePath, ``, `"/var/lib/butlr-gateway"`, "The folder for everything that must survive a restart: the newest readings, the totals, and which asset has which number. The gateway writes nowhere else. Back it up. Default: `/var/lib/butlr-gateway`; on Windows `%ProgramData%\\butlr-gateway`."},
		{"timezone", typeText, `"UTC"`, `"Europe/Amsterdam"`, "The time zone of the times of day that people read, as a name of the IANA list."},
		{"log_level", typeChoice, `"info"`, `"debug"`, "How much is logged: `debug`, `info`, `warn` or `error`. The log goes to standard error, which the service manager keeps."},
	}}
}

func webhookSection() Section {
	return Section{"webhook", "Where Butlr's events arrive. Butlr posts over HTTPS only, so either give the gateway a certificate, or let it listen on this machine only, behind a proxy that has one.", []Key{
		{"listen", typeAddress, ``, `":8443"`, "The address to listen on. Required. Beyond this machine only with `tls_cert` and `tls_key`, and with a secret."},
		{"path", typeText, `"/webhooks/butlr"`, `"/hooks/butlr"`, "The path of the URL that Butlr posts to. Any other path is answered 404."},
		{"tls_cert", typePath, `""`, `"/etc/butlr-gateway/tls.crt"`, "The certificate and those that signed it, in one PEM file. It is read again when it changes."},
		{"tls_key", typePath, `""`, `"/etc/butlr-gateway/tls.key"`, "The certificate's private key, in PEM."},
		{"header_name", typeText, `""`, `"X-Api-Key"`, "The header in which Butlr sends the secret; write the same into Butlr."},
		{"header_value", typeSecret, `""`, `"env:BUTLR_WEBHOOK_KEY"`, "The secret that the header must carry: at least 22 characters, 10 of them different. `openssl rand -base64 24` makes one."},
		{"header_value_next", typeSecret, `""`, `"file:/etc/butlr-gateway/webhook-next.key"`, "A second secret that is valid as well, while you change from one to the other."},
		{"username", typeText, `""`, `"butlr"`, "User name for HTTP Basic, instead of the header or as well: where both are set, Butlr must send both."},
		{"password", typeSecret, `""`, `"env:BUTLR_WEBHOOK_PASSWORD"`, "The password to `username`, as long as `header_value`."},
		{"organisations", typeIDs, `[]`, `["org_39AfYrGuf0xk4V6bGcvcYtum5Ca"]`, "Take only events of these organisations. An empty list takes all."},
		{"sites", typeIDs, `[]`, `["site_3jjxDZeswABHTuukIaBLbQURjaX"]`, "Take only events of these sites. An empty list takes all."},
		{"buildings", typeIDs, `[]`, `["building_3Iw9yDdkDz0japZI7A3pdhRzGPD"]`, "Take only events of these buildings. An empty list takes all."},
		{"max_unknown_assets", typeNumber, `4088`, `0`, "How many assets that this file does not name may be learnt from events. 0 is no limit."},
		{"max_connections", typeNumber, `256`, `64`, "How many connections may be open at a time."},
		{"trusted_proxies", typeNetworks, `[]`, `["127.0.0.1/32"]`, "Proxies whose `X-Forwarded-For` is believed, so that a wrong secret is held against whoever sent it and not against the proxy."},
	}}
}

func mqttSection() Section {
	return Section{"mqtt", "The MQTT broker that readings are published to. Without `broker` this is off.", []Key{
		{"broker", typeAddress, `""`, `"tcp://127.0.0.1:1883"`, "The broker: `tcp://HOST:PORT`, `ssl://HOST:PORT`, `ws://HOST/PATH` or `wss://HOST/PATH`, where the port may be left out; or `embedded` for the one inside the gateway. Empty is off."},
		{"topic", typeText, `"butlr"`, `"butlr/hq"`, "What every topic begins with. Give each gateway its own when several share a broker."},
		{"username", typeText, `""`, `"butlr-gateway"`, "User name at the broker."},
		{"password", typeSecret, `""`, `"env:MQTT_PASSWORD"`, "Password at the broker."},
		{"client_id", typeText, `""`, `"hq-gateway"`, "Name of this client at the broker. Empty is `bgw-` and the gateway's id, and is mostly right: two clients of one name throw each other out."},
		{"ca_file", typePath, `""`, `"/etc/butlr-gateway/broker-ca.crt"`, "Certificates to trust for `ssl` and `wss`, in PEM. Empty trusts those that this machine trusts."},
		{"cert_file", typePath, `""`, `"/etc/butlr-gateway/mqtt.crt"`, "Certificate to show to a broker that asks for one, in PEM."},
		{"key_file", typePath, `""`, `"/etc/butlr-gateway/mqtt.key"`, "The private key to `cert_file`, in PEM."},
		{"scalars", typeYesOrNo, `true`, `false`, "Publish each measure on a topic of its own, beside the JSON of the whole asset."},
		{"refresh", typeDuration, `"10m"`, `"1h"`, "How often an asset is published again although nothing changed; from `10s` to `24h`."},
	}}
}

func embeddedSection() Section {
	return Section{"mqtt.embedded", "The broker inside the gateway, for when there is no other. It runs when `broker` of `[mqtt]` is `embedded`.", []Key{
		{"listen", typeAddress, `"127.0.0.1:1883"`, `":1883"`, "The address to listen on. Beyond this machine only with `username` and `password`."},
		{"username", typeText, `""`, `"building"`, "User name that every client must give."},
		{"password", typeSecret, `""`, `"env:EMBEDDED_PASSWORD"`, "The password to `username`."},
	}}
}

func modbusSection() Section {
	return Section{"modbus", "The Modbus TCP server that controllers read from. Without `listen` this is off.", []Key{
		{"listen", typeAddress, `""`, `":502"`, "The address to listen on. Empty is off. Beyond this machine only with `allow`."},
		{"unit_id", typeNumber, `1`, `10`, "The first unit id, 1 to 48. Each 4 089 assets take one more."},
		{"allow", typeNetworks, `[]`, `["10.20.0.0/16", "127.0.0.1/32"]`, "The networks of the controllers that may connect. `[\"0.0.0.0/0\"]` lets every IPv4 address in: Modbus has no password. This machine is no exception: `127.0.0.1/32` lets its own clients in."},
		{"word_order", typeChoice, `"ABCD"`, `"CDAB"`, "Which half of a 32-bit value comes first: `ABCD` is the high word, `CDAB` the low word."},
		{"unmapped", typeChoice, `"exception"`, `"zero"`, "What a register behind the last asset answers: `exception` (2, illegal data address) or, for masters that give up then, `zero`."},
		{"max_connections", typeNumber, `64`, `16`, "How many connections may be open at a time."},
		{"max_per_address", typeNumber, `8`, `2`, "How many of them from one address."},
		{"idle_timeout", typeDuration, `"5m"`, `"1m"`, "A connection without a request for so long is closed; from `1s` to `24h`."},
	}}
}

func webSection() Section {
	return Section{"web", "The page that shows every reading, for commissioning. Without `listen` this is off.", []Key{
		{"listen", typeAddress, `""`, `"127.0.0.1:8080"`, "The address to listen on. Empty is off. This version shows the page on this machine only."},
	}}
}

func stateSection() Section {
	return Section{"state", "How events become readings.", []Key{
		{"people_feed", typeChoice, `"auto"`, `"1min"`, "Which of Butlr's two counts is believed: `raw`, the smoothed `1min`, or `auto`, which is `raw` while it is fresh and else `1min`."},
		{"stale_after", typeDuration, `"5m"`, `"10m"`, "A count that was not renewed for so long is shown as held: still the last value, no longer good. From `1s` to `24h`."},
		{"tie", typeChoice, `"ksuid"`, `"arrival"`, "Which of two events about the same place and moment counts: the one that Butlr made later (`ksuid`), or the one that arrived later (`arrival`)."},
		{"horizon", typeDuration, `"24h"`, `"48h"`, "How long an event of people passing a sensor is remembered so that it counts once; older ones are refused. From `1m` to `168h`."},
		{"max_ids", typeNumber, `4000000`, `500000`, "How many such events can be remembered, 16 bytes of memory each. When it is full, events are answered 503."},
		{"max_future", typeDuration, `"2m"`, `"10s"`, "How far ahead of this machine's clock an event may lie before it is refused; from `1s` to `1h`."},
	}}
}

func assetSection() Section {
	return Section{assetsSection, "One asset, and there may be many of these sections. KEY is the asset's id in Butlr, as in `[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]`: it begins with `site_`, `building_`, `space_` (a floor), `room_`, `zone_` or `sensor_`.", []Key{
		{"name", typeText, ``, `"Boardroom"`, "What people call it. Default: its name in Butlr."},
		{"capacity", typeNumber, `0`, `12`, "How many people it is made for; utilisation is counted from it. 0 is not known."},
		{"index", typeNumber, ``, `40`, "Its number for ever, and with that its Modbus address; from 0 to 408899. Default: the lowest number that was never used, when it is first seen."},
	}}
}
