package config

import (
	"slices"
	"strings"
)

// Section is one section of the file.
type Section struct {
	Name     string // as between the brackets
	About    string
	Keys     []Key
	Settings bool // it takes the keys of [state] that are about assets as well
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
	typeText           = "text"
	typeSecret         = "secret"
	typeYesOrNo        = "true or false"
	typeNumber         = "number"
	typeDuration       = "duration"
	typeSize           = "size"
	typeAddress        = "address"
	typePath           = "path"
	typePort           = "serial port"
	typeChoice         = "choice"
	typeChoiceOrNumber = "choice or number"
	typeHours          = "hours"
	typeIDs            = "list of ids"
	typeMembers        = "list of assets"
	typeNetworks       = "list of networks"
	typeTexts          = "list of texts"
	typeNumbers        = "list of numbers"
	typeFraction       = "number, also with a fraction"
	typeTarget         = "address or port"
	typeAsset          = "asset"
	typeRegister       = "number or reference"
	typeStates         = "table of numbers"
)

// many are the sections of which there may be many, each with a name of its own, and what stands for that.
var many = map[string]string{"class": "KIND", "sites": "ID", "assets": "KEY", "groups": "KEY", "push": "KEY", "brokers": "NAME", "forward": "NAME"}

// sectionName returns the name of a section as the reference has it: that of many sections' kind.
func sectionName(section string) string {
	first, own, _ := strings.Cut(section, ".")
	if point := strings.Split(section, "."); len(point) == 4 && first == "push" && point[2] == "points" {
		return pushPointName
	}
	if stands, ok := many[first]; ok && own != "" {
		return first + "." + stands
	}
	return section
}

// pushPointName is the name of the sections of points.
const pushPointName = "push.KEY.points.KEY"

// Sections returns every section that this version knows, with its keys, in the order of the reference.
func Sections() []Section {
	return []Section{
		gatewaySection(), webhookSection(), forwardSection(), mqttSection(), embeddedSection(), brokerSection(), modbusSection(), modbusTLSSection(), modbusRTUSection(), modbusSerialSection(), modbusWriteSection(),
		pushSection(), pushPointSection(), webSection(), butlrSection(),
		stateSection(), classSection(), siteSection(), assetSection(), groupSection(),
	}
}

// lookup returns the key with that full name, such as "mqtt.refresh" or "assets.room_3jsO.name". A setting
// has its default in [state] only: elsewhere it is what another section says.
func lookup(name string) (Key, bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return Key{}, false
	}
	section, key := sectionName(name[:dot]), name[dot+1:]
	for _, s := range Sections() {
		if s.Name != section {
			continue
		}
		if i := slices.IndexFunc(s.Keys, func(k Key) bool { return k.Name == key }); i >= 0 {
			return s.Keys[i], true
		}
		if setting, ok := settingNamed(key); ok && s.Settings {
			setting.Default = ""
			return setting.Key, true
		}
	}
	return Key{}, false
}

// leaveOut says what a key means that the file does not have, "" where that is no way out.
func leaveOut(name string) string {
	known, _ := lookup(name)
	if _, ok := settingNamed(known.Name); ok && known.Default == "" {
		return "leave the line out for what another section says of such assets, [state] for all"
	}
	if slices.Contains([]string{"", `""`, "[]"}, known.Default) {
		return ""
	}
	return "leave the line out for " + known.Default
}

// isPublic tells whether a key is known and has nothing to hide.
func isPublic(name string) bool {
	key, known := lookup(name)
	return known && key.Type != typeSecret
}

// isSection tells whether a name is that of a section, or "", which stands before the first.
func isSection(name string) bool {
	_, own, _ := strings.Cut(name, ".")
	return name == "" || (!strings.Contains(own, ".") || sectionName(name) == pushPointName) &&
		slices.ContainsFunc(Sections(), func(s Section) bool { return s.Name == sectionName(name) })
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
	return Section{Name: "gateway", About: "The gateway as a whole.", Keys: []Key{
		{"name", typeText, ``, `"maas-house"`, "What people call this gateway. It is shown, and nothing depends on it. Default: the host's name."},
		{"state_dir", typePath, ``, `"/var/lib/butlr-gateway"`, "The folder for everything that must survive a restart: the newest readings, the totals, and which asset has which number. The gateway writes nowhere else. Back it up. Default: `/var/lib/butlr-gateway`; on Windows `%ProgramData%\\butlr-gateway\\state`; where the environment has `BUTLR_GATEWAY_HOME`, `state` below that folder."},
		{"timezone", typeText, `"UTC"`, `"Europe/Amsterdam"`, "The time zone of the sites that have none of their own, and of the times of day that people read; as a name of the IANA list."},
		{"log_level", typeChoice, `"info"`, `"debug"`, "How much is logged: `debug`, `info`, `warn` or `error`. `butlr-gateway log-level` changes it until the next start."},
		{"log_file", typePath, `""`, `"/var/log/butlr-gateway/gateway.log"`, "The file that the log is written to. At 10 MiB it is put aside with its time in its name, and five such are kept. `\"\"` leaves the log to what runs the gateway: the journal, the event log of Windows, or standard error."},
	}}
}

func webhookSection() Section {
	return Section{Name: "webhook", About: "Where Butlr's events arrive. Butlr posts over HTTPS only, so either give the gateway a certificate, or have it order one, or let it listen on this machine only, behind a proxy that has one. Each way in, with what a firewall must let through, is in [ways-in.md](ways-in.md).", Keys: []Key{
		{"listen", typeAddress, ``, `":8443"`, "The address to listen on. Required, except where `[butlr] poll` is on and `public_url` is not. Beyond this machine only with `tls_cert` and `tls_key` or with `acme_domain`, and with a secret."},
		{"path", typeText, `"/webhooks/butlr"`, `"/hooks/butlr"`, "The path of the URL that Butlr posts to. Any other path is answered 404."},
		{"tls_cert", typePath, `""`, `"/etc/butlr-gateway/tls.crt"`, "The certificate and those that signed it, in one PEM file. It is read again when it changes."},
		{"tls_key", typePath, `""`, `"/etc/butlr-gateway/tls.key"`, "The certificate's private key, in PEM."},
		{"acme_domain", typeText, `""`, `"bms.example.org"`, "The name under which Butlr reaches the gateway. With it the gateway orders a certificate for that name from Let's Encrypt, keeps it below `state_dir`, and renews it in the last third of its life. Whoever sets this agrees to the terms of service of who issues it. Port 443 of the name must lead to `listen`, or port 80 to `acme_http`. Instead of `tls_cert` and `tls_key`."},
		{"acme_http", typeAddress, `""`, `":80"`, "A second address at which the name may be proven, over plain HTTP, where port 443 of the name leads elsewhere. Nothing else is answered there. Empty is off."},
		{"acme_email", typeText, `""`, `"operator@example.org"`, "Whom the issuer may write to about the certificate."},
		{"acme_directory", typeURL, `"https://acme-v02.api.letsencrypt.org/directory"`, `"https://acme-staging-v02.api.letsencrypt.org/directory"`, "Where certificates are ordered (RFC 8555): another issuer, or Let's Encrypt's own for trying out, whose certificates nobody trusts."},
		{"acme_ca_file", typePath, `""`, `"/etc/butlr-gateway/issuer-ca.crt"`, "Certificates to trust the issuer's own address by, in PEM, for a private one. Empty trusts those that this machine trusts."},
		{"header_name", typeText, `""`, `"X-Api-Key"`, "The header in which Butlr sends the secret; write the same into Butlr."},
		{"header_value", typeSecret, `""`, `"env:BUTLR_WEBHOOK_KEY"`, "The secret that the header must carry: at least 22 characters, 10 of them different. `openssl rand -base64 24` makes one."},
		{"header_value_next", typeSecret, `""`, `"file:/etc/butlr-gateway/webhook-next.key"`, "A second secret that is valid as well, while you change from one to the other."},
		{"username", typeText, `""`, `"butlr"`, "User name for HTTP Basic, instead of the header or as well: where both are set, Butlr must send both."},
		{"password", typeSecret, `""`, `"env:BUTLR_WEBHOOK_PASSWORD"`, "The password to `username`, as long as `header_value`."},
		{"organisations", typeIDs, `[]`, `["org_39AfYrGuf0xk4V6bGcvcYtum5Ca"]`, "Take only events of these organisations. An empty list takes all."},
		{"sites", typeIDs, `[]`, `["site_3jjxDZeswABHTuukIaBLbQURjaX"]`, "Take only events of these sites. An empty list takes all."},
		{"buildings", typeIDs, `[]`, `["building_3Iw9yDdkDz0japZI7A3pdhRzGPD"]`, "Take only events of these buildings. An empty list takes all."},
		{"max_unknown_assets", typeNumber, `4088`, `0`, "How many assets that neither this file nor an imported inventory names may be learnt from events. 0 is no limit."},
		{"max_connections", typeNumber, `256`, `64`, "How many connections may be open at a time."},
		{"trusted_proxies", typeNetworks, `[]`, `["127.0.0.1/32"]`, "Proxies whose `X-Forwarded-For` is believed, so that a wrong secret is held against whoever sent it and not against the proxy."},
	}}
}

func webSection() Section {
	return Section{Name: "web", About: "The page that shows every reading, for commissioning. Without `listen` this is off.", Keys: []Key{
		{"listen", typeAddress, `""`, `"127.0.0.1:8080"`, "The address to listen on. Empty is off. Beyond this machine only with `tls_cert` and `tls_key`, and with a password."},
		{"password", typeSecret, `""`, `"env:BUTLR_WEB_PASSWORD"`, "The password of operators, who may force, release and import: at least 12 characters, not one of them again and again. `openssl rand -base64 12` makes one. Or its hash, which `butlr-gateway password` makes: `$argon2id$v=19$m=…,t=…,p=…$…$…`. Without any password everybody on this machine may look, and nobody may change anything."},
		{"viewer_password", typeSecret, `""`, `"file:/etc/butlr-gateway/viewers.password"`, "The password of viewers, who may look at everything; another one than `password`, in the same forms. Alone, nobody may change anything."},
		{"tls_cert", typePath, `""`, `"/etc/butlr-gateway/page.crt"`, "The certificate and those that signed it, in one PEM file. It is read again when it changes. It may be the one of `[webhook]`."},
		{"tls_key", typePath, `""`, `"/etc/butlr-gateway/page.key"`, "The certificate's private key, in PEM."},
		{"hosts", typeTexts, `[]`, `["gateway.example.org"]`, "Names and addresses by which browsers may call the page, without a port, beside `localhost`, those of this machine, and the host in `listen`; where `listen` has none, every address and the host name of this machine. Any other is answered 421. The first is in the link to the page that Home Assistant shows. Behind a proxy: the name that the proxy has. It must be passed on (`Host`), and set `password`, because all visitors of a proxy come from this machine."},
		{"history_max", typeSize, `"2GiB"`, `"256MiB"`, "How much room the history of the plots may take, from `1MiB` on: one sample for each minute and asset that changed, of the last 31 days. The oldest days give way. `history.db` in the state directory may be deleted."},
	}}
}

func stateSection() Section {
	keys := make([]Key, 0, len(settings)+3)
	for _, s := range settings {
		keys = append(keys, s.Key)
	}
	return Section{Name: "state", About: "How events become readings, for every asset. Below it, `[class.KIND]`, `[sites.ID]`, `[assets.KEY]` and `[groups.KEY]` say otherwise for some of them.", Keys: append(keys,
		Key{"horizon", typeDuration, `"24h"`, `"48h"`, "How long an event of people passing a sensor is remembered so that it counts once; older ones are refused. From `1m` to `168h`."},
		Key{"max_ids", typeNumber, `4000000`, `500000`, "How many such events can be remembered, 16 bytes of memory each. When it is full, events are answered 503."},
		Key{"max_future", typeDuration, `"2m"`, `"10s"`, "How far ahead of this machine's clock an event may lie before it is refused; from `1s` to `1h`."},
	)}
}

func classSection() Section {
	return Section{Name: "class.KIND", Settings: true, About: "All assets of one kind: `site`, `building`, `floor`, `room`, `zone`, `sensor` or `group`, as in `[class.zone]`."}
}

func siteSection() Section {
	return Section{Name: "sites.ID", Settings: true, About: "One site and everything in it. ID is the site's id in Butlr, as in `[sites.site_3jjxDZeswABHTuukIaBLbQURjaX]`.", Keys: []Key{
		{"timezone", typeText, ``, `"Europe/Amsterdam"`, "The site's time zone, as a name of the IANA list: its days begin at midnight there, and its `hours` are meant there. Default: that of the inventory (`assets import`), then that of `[gateway]`."},
		{"hours", typeHours, `""`, `"Mon-Fri 06:00-20:00"`, "When the site is in use. Outside these hours `on_loss_after_hours` takes the place of `occupied`, so that a lost connection does not light a building at night. Empty is not known: then `occupied` always applies."},
	}}
}

func assetSection() Section {
	return Section{Name: "assets.KEY", Settings: true, About: "One asset. KEY is its id in Butlr, as in `[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]`: it begins with `site_`, `building_`, `space_` (a floor), `room_`, `zone_` or `sensor_`. Or it is your own id of the asset in Butlr, in quotes, as in `[assets.\"custom:MH-3.09\"]`.", Keys: []Key{
		{"name", typeText, ``, `"Boardroom"`, "What people call it. Default: its name in Butlr."},
		{"capacity", typeNumber, `0`, `12`, "How many people it is made for; utilisation is counted from it. 0 is what the inventory says (`assets import`), if it says anything."},
		{"index", typeNumber, ``, `40`, "Its number for ever, and with that its Modbus address; from 0 to 408899. Default: the lowest number that was never used, when it is first seen."},
	}}
}

func groupSection() Section {
	return Section{Name: "groups.KEY", Settings: true, About: "Rooms and zones that are read as one: those of an air handler, or of a department. KEY is yours to choose, as in `[groups.ahu-3]`: up to 64 letters, digits, `-` and `_`. It becomes the group's id, `group:ahu-3`, for good.", Keys: []Key{
		{"name", typeText, ``, `"Air handler 3"`, "What people call it. Default: its id."},
		{"members", typeMembers, ``, `["room_3jsO3M1KzCEuPDimYj0iZrqyaiW", "custom:MH-3.09", "tag:lab"]`, "What belongs to it: rooms and zones; and sites, buildings, floors and other groups (`group:KEY`), for all rooms and zones in them; and tags (`tag:NAME`), for all that has the tag in the inventory that `assets import` took over last. However often a room is meant, it counts once. Required."},
		{"capacity", typeNumber, `0`, `60`, "How many people it is made for. 0 is the sum of what is known of its rooms and zones."},
		{"index", typeNumber, ``, `7`, "Its number for ever, as that of an asset."},
	}}
}
