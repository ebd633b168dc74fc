package config_test

import (
	"testing"
)

// hoursOfASite ends a file whose building is in use by day: without, every file is warned of the nights.
const hoursOfASite = "[sites.site_3jjxDZeswABHTuukIaBLbQURjaX]\nhours = \"Mon-Fri 06:00-20:00\"\n"

// TestWarnings has files that are accepted, and what is unwise in them.
func TestWarnings(t *testing.T) {
	const (
		webhook = "[webhook]\nlisten = \"127.0.0.1:8443\"\nheader_name = \"X-Api-Key\"\nheader_value = \"env:BUTLR_WEBHOOK_KEY\"\n"
		modbus  = "[modbus]\nlisten = \"127.0.0.1:502\"\n"
		api     = "[butlr]\nclient_id = \"a\"\nclient_secret = \"b\"\n"
		pushTo  = "[push.x]\ntarget = \"tcp://10.0.0.1\"\n[push.x.points.y]\nregister = 1\nasset = \"custom:a\"\n"
	)
	tests := []struct{ name, text, want string }{
		{"nothing unwise", webhook + modbus, ""},
		{"HTTP Basic is a secret too", "[webhook]\nlisten = \"127.0.0.1:8443\"\nusername = \"butlr\"\npassword = \"env:BUTLR_WEBHOOK_KEY\"\n" + modbus, ""},
		{"no secret on loopback", "[webhook]\nlisten = \"127.0.0.1:8443\"\n" + modbus,
			`gateway.toml:2: webhook.listen: "127.0.0.1:8443" takes events from every program of this machine, because there is no secret
  hint: set header_name and header_value, and the same in Butlr; make one with "openssl rand -base64 24"`},
		{"nobody can read", webhook,
			`gateway.toml: modbus.listen: is off, and so is mqtt.broker: nobody can read what arrives
  hint: set one of them`},
		{"a section that is off by oversight", webhook + modbus + "[mqtt]\ntopic = \"x\"\n",
			`gateway.toml:7: mqtt: is off, because it has no broker
  hint: set broker, or remove the section`},
		{"a section that is off on purpose", webhook + modbus + "[mqtt]\nbroker = \"\"\ntopic = \"x\"\n", ""},
		{"an embedded broker that does not run", webhook + modbus + "[mqtt]\nbroker = \"tcp://127.0.0.1:1883\"\nembedded.username = \"a\"\nembedded.password = \"b\"\n",
			`gateway.toml:9: mqtt.embedded: has no effect, because mqtt.broker is not "embedded"`},
		{"a password in clear on the network", webhook + modbus + "[mqtt]\nbroker = \"tcp://10.0.0.1:1883\"\nusername = \"a\"\npassword = \"b\"\n",
			`gateway.toml:8: mqtt.broker: "tcp://10.0.0.1:1883" is sent the password without encryption
  hint: use ssl:// or wss:// where the broker has it`},
		{"a password in clear on this machine", webhook + modbus + "[mqtt]\nbroker = \"tcp://localhost:1883\"\nusername = \"a\"\npassword = \"b\"\n", ""},
		{"a password through TLS", webhook + modbus + "[mqtt]\nbroker = \"ssl://10.0.0.1:8883\"\nusername = \"a\"\npassword = \"b\"\n", ""},
		{"commands from everybody", webhook + modbus + "[brokers.a]\nbroker = \"tcp://10.0.0.1:1883\"\ntopic = \"hq\"\ncommands = true\n",
			`gateway.toml:10: brokers.a.commands: true has everybody obeyed who reaches the broker, because it asks for no user
  hint: have the broker ask for a user and a password, and say who may publish on the topics below hq/command`},
		{"commands from those with a password", webhook + modbus + "[mqtt]\nbroker = \"ssl://10.0.0.1\"\nusername = \"a\"\npassword = \"b\"\ncommands = true\n", ""},
		{"a broker for the network without TLS", webhook + modbus + "[mqtt]\nbroker = \"embedded\"\nembedded.listen = \":1883\"\nembedded.username = \"a\"\nembedded.password = \"b\"\n",
			`gateway.toml:9: mqtt.embedded.listen: ":1883" has clients send the password without encryption
  hint: set tls_cert and tls_key below [mqtt.embedded]`},
		{"a page behind a proxy that everybody sees", webhook + modbus + "[web]\nlisten = \"127.0.0.1:8080\"\nhosts = [\"gateway.example.org\"]\n",
			`gateway.toml:9: web.hosts: lets browsers in that come by another name, through a proxy of this machine, and there is no password
  hint: set password below [web]: without one everybody who reaches the proxy sees everything`},
		{"a page behind a proxy", webhook + modbus + "[web]\nlisten = \"127.0.0.1:8080\"\nhosts = [\"gateway.example.org\"]\nviewer_password = \"correct horse\"\n", ""},
		{"a further broker is enough", webhook + "[brokers.a]\nbroker = \"tcp://10.0.0.1:1883\"\n", ""},
		{"the same port on two addresses", webhook + "[modbus]\nlisten = \"127.0.0.2:8443\"\n", ""},
		{"the same port in two families", webhook + "[modbus]\nlisten = \"[::1]:8443\"\n", ""},
		{"Modbus for everybody", webhook + "[modbus]\nlisten = \":502\"\nallow = [\"10.0.0.0/8\", \"0.0.0.0/0\"]\n",
			`gateway.toml:7: modbus.allow: "0.0.0.0/0" lets every address read the registers`},
		{"a writer that cannot connect", webhook + "[modbus]\nlisten = \":502\"\nallow = [\"10.20.0.0/16\"]\n[modbus.write]\nallow = [\"10.20.0.31/32\", \"10.21.0.31/32\"]\n",
			`gateway.toml:9: modbus.write.allow: "10.21.0.31/32" may write, but no listener lets it connect
  hint: add it to the allow of the listener that it uses`},
		{"everybody may write", webhook + modbus + "[modbus.write]\nallow = [\"0.0.0.0/0\"]\n",
			`gateway.toml:8: modbus.write.allow: "0.0.0.0/0" lets every address command the building`},
		{"ways to read that are off by oversight", webhook + modbus + "[modbus.tls]\ncert = \"/a\"\n[modbus.rtu_over_tcp]\nunit_ids = [2]\n[modbus.serial]\nbaud = 9600\n[modbus.write]\nexpiry = \"1h\"\n",
			`gateway.toml:7: modbus.tls: is off, because it has no listen
  hint: set listen, or remove the section
gateway.toml:9: modbus.rtu_over_tcp: is off, because it has no listen
  hint: set listen, or remove the section
gateway.toml:11: modbus.serial: is off, because it has no port
  hint: set port, or remove the section
gateway.toml:13: modbus.write: is off, because it has no allow
  hint: set allow, or remove the section`},
		{"a serial line alone", webhook + "[modbus.serial]\nport = \"/dev/ttyUSB0\"\n", ""},
		{"proxies everywhere", webhook + "trusted_proxies = [\"::/0\"]\n" + modbus,
			`gateway.toml:5: webhook.trusted_proxies: "::/0" lets everybody choose the address that is held against them`},
		{"no limit for strangers", webhook + "max_unknown_assets = 0\n" + modbus,
			`gateway.toml:5: webhook.max_unknown_assets: 0 sets no limit, and events of every organisation are taken
  hint: name yours in organisations, so that no stranger can fill the memory`},
		{"no limit for one organisation", webhook + "max_unknown_assets = 0\norganisations = [\"org_1\"]\n" + modbus, ""},
		{"fewer connections than one address could have by default", webhook + modbus + "max_connections = 4\n", ""},
		{"any free port", webhook + "[modbus]\nlisten = \"127.0.0.1:0\"\n[web]\nlisten = \"127.0.0.1:0\"\n",
			`gateway.toml:6: modbus.listen: "127.0.0.1:0" takes whatever port is free, another one at each start
gateway.toml:8: web.listen: "127.0.0.1:0" takes whatever port is free, another one at each start`},
		{"stale at once", webhook + modbus + "[state]\nstale_after = \"1m\"\n",
			`gateway.toml:8: state.stale_after: "1m" is less than two of Butlr's minutes: one late event makes a room stale
  hint: leave the line out for "5m"`},
		{"keys of a group that have no effect", webhook + modbus + "[groups.ahu-3]\nmembers = [\"room_3jsO3M1KzCEuPDimYj0iZrqyaiW\"]\non_count = 3\nmin_coverage = 50\npeople_on_loss = 7\nhvac_on_loss = \"hold\"\n",
			`gateway.toml:9: groups.ahu-3.on_count: 3 has no effect: a group hears no events, its members do
  hint: set it for the members: below [state], [class.room], [sites.site_…] or their own sections
gateway.toml:11: groups.ahu-3.people_on_loss: 7 has no effect: a group hears no events, its members do
  hint: set it for the members: below [state], [class.room], [sites.site_…] or their own sections`},
		{"the coverage of a room", webhook + modbus + "[class.room]\nmin_coverage = 50\n",
			`gateway.toml:8: class.room.min_coverage: 50 has no effect: a room has no members
  hint: set it for what has: below [state], [class.floor], [class.group] or a section of its own`},
		{"the coverage of everything", webhook + modbus + "[state]\nmin_coverage = 50\n", ""},
		{"a capacity that is not known", webhook + modbus + "[state]\npeople_on_loss = \"capacity\"\n",
			`gateway.toml:8: state.people_on_loss: "capacity" has an effect only where "assets import" brought a capacity: this file has none, and else it is the last count as with "hold"
  hint: import the inventory, or write capacity = 12 in the asset's section, below [assets.room_…]`},
		{"a capacity that is known of some", webhook + modbus + "[state]\npeople_on_loss = \"capacity\"\n[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]\ncapacity = 12\n", ""},
		{"the capacity of an asset that has none", webhook + modbus + "[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]\npeople_on_loss = \"capacity\"\n[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiX]\ncapacity = 12\n",
			`gateway.toml:8: assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW.people_on_loss: "capacity" has an effect only where "assets import" brought a capacity: this file has none, and else it is the last count as with "hold"
  hint: import the inventory, or write capacity = 12 in the asset's section, below [assets.room_…]`},
		{"after the hours of some site", webhook + modbus + "[state]\non_loss_after_hours = \"vacant\"\n", ""},
		{"after the hours of a site without", webhook + modbus + "[state]\nlighting_on_loss = \"hold\"\nhvac_on_loss = \"hold\"\nventilation_on_loss = \"hold\"\n[sites.site_3jjxDZeswABHTuukIaBLbQURjaY]\non_loss_after_hours = \"vacant\"\n",
			`gateway.toml:12: sites.site_3jjxDZeswABHTuukIaBLbQURjaY.on_loss_after_hours: "vacant" has no effect: no hours are known, so that no time is after them
  hint: write hours = "Mon-Fri 06:00-20:00" below [sites.site_…]`},
		{"no heartbeat", webhook + modbus + "[state]\nfeed = \"change\"\n",
			`gateway.toml:8: state.feed: "change" leaves a site without a heartbeat: its silence never counts as a loss, and what it says is only uncertain, after 12h
  hint: have Butlr send some counts of each site every minute, and write feed = "minute" in the sections of those assets; or ask for the sensors' health, as in health = "5m" below [butlr]`},
		{"no heartbeat but the sensors' health", webhook + modbus + api + "health = \"5m\"\n[state]\nfeed = \"change\"\n", ""},
		{"health asked for seldom", webhook + modbus + api + "health = \"5m\"\n[state]\nchange_uncertain_after = \"9m\"\n",
			`gateway.toml:10: butlr.health: "5m" is more than half of change_uncertain_after, 9m: one answer that does not come makes a quiet site uncertain
  hint: ask more often`},
		{"some rooms on change", webhook + modbus + "[class.room]\nfeed = \"change\"\n", ""},
		{"short delays where rooms have motion alone", webhook + modbus + "[state]\nhvac_off_delay = \"2m\"\n[class.room]\nevidence = \"motion\"\n", ""},
		{"an id that lost its end", webhook + modbus + "[assets.room_3jsO3M1KzCEuPDimYj0iZrqyai]\n",
			`gateway.toml:7: assets.room_3jsO3M1KzCEuPDimYj0iZrqyai: does not end with 27 letters and digits as Butlr's ids do: no event may ever name it
  hint: copy it from Butlr again`},
		{"Butlr's API by oversight", webhook + modbus + "[butlr]\nhttp_timeout = \"5s\"\n",
			`gateway.toml:7: butlr: is off, because it has no client_id
  hint: set client_id, or remove the section`},
		{"Butlr's API", webhook + modbus + api + "public_url = \"https://bms.example.org/webhooks/butlr\"\n", ""},
		{"another path than the webhook's", webhook + modbus + api + "public_url = \"https://bms.example.org/butlr\"\n",
			`gateway.toml:10: butlr.public_url: "https://bms.example.org/butlr" has another path than the webhook, "/webhooks/butlr": what posts there is answered 404, unless a proxy changes the path
  hint: write the path of [webhook] here, or the one of this URL there`},
		{"an address that Butlr cannot reach", webhook + modbus + api + "public_url = \"https://10.20.0.4:8443/webhooks/butlr\"\n",
			`gateway.toml:10: butlr.public_url: "https://10.20.0.4:8443/webhooks/butlr" is an address of this network, which Butlr cannot reach
  hint: write the name or the address that the internet knows`},
		{"motion that never ends", webhook + modbus + api + "events = [\"PIR_MOTION\"]\n",
			`gateway.toml:10: butlr.events: has PIR_MOTION without PIR_NO_MOTION: motion would end only when it is no longer believed
  hint: add "PIR_NO_MOTION"`},
		{"motion that never begins", webhook + modbus + api + "events = [\"PIR_NO_MOTION\"]\n",
			`gateway.toml:10: butlr.events: has PIR_NO_MOTION without PIR_MOTION: nobody would ever be seen to move
  hint: add "PIR_MOTION"`},
		{"nobody reads, but somebody is written to", webhook + pushTo + "measure = \"occupied\"\n", ""},
		{"states without a number", webhook + pushTo + "measure = \"occupied\"\nvalues = { occupied = 5 }\nscale = 2\noffset = 7\n",
			`gateway.toml:11: push.x.points.y.values: has no entry for vacant: then 7 is written
  hint: write an entry for each of vacant and occupied`},
		{"Butlr calls another name than the certificate has", "[webhook]\nlisten = \":8443\"\nacme_domain = \"bms.example.org\"\nheader_name = \"a\"\nheader_value = \"env:BUTLR_WEBHOOK_KEY\"\n" + modbus + api + "public_url = \"https://gw.example.org/webhooks/butlr\"\n",
			`gateway.toml:11: butlr.public_url: "https://gw.example.org/webhooks/butlr" has another host than acme_domain, so that Butlr would be shown a certificate for another name
  hint: write the same name in both`},
		{"Butlr calls the name that the certificate has", "[webhook]\nlisten = \":8443\"\nacme_domain = \"bms.example.org\"\nheader_name = \"a\"\nheader_value = \"env:BUTLR_WEBHOOK_KEY\"\n" + modbus + api + "public_url = \"https://BMS.example.org/webhooks/butlr\"\n", ""},
		{"a count needs no numbers", webhook + pushTo + "measure = \"people\"\nvalues = { unknown = 9 }\n", ""},
		{"a total in one register", webhook + pushTo + "measure = \"traffic_in\"\n",
			`gateway.toml:10: push.x.points.y.measure: "traffic_in" is a total that only grows, and soon does not fit into u16 any more
  hint: write type = "u32", which takes two registers`},
		{"a total in two registers", webhook + pushTo + "measure = \"traffic_in\"\ntype = \"u32\"\n", ""},
		{"a pushed id that lost its end", webhook + "[push.x]\ntarget = \"tcp://10.0.0.1\"\n[push.x.points.y]\nregister = 1\nasset = \"room_1\"\nmeasure = \"people\"\n",
			`gateway.toml:9: push.x.points.y.asset: "room_1" does not end with 27 letters and digits as Butlr's ids do: no event may ever name it
  hint: copy it from Butlr again`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := parse(t, test.text+hoursOfASite).Warnings.Error(); got != test.want {
				t.Errorf("it warns\n%s\ninstead of\n%s", got, test.want)
			}
		})
	}
}
