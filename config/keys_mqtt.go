package config

func mqttSection() Section {
	return Section{Name: "mqtt", About: "The MQTT broker that readings are published to. Without `broker` this is off. What is published is in [mqtt.md](mqtt.md).", Keys: []Key{
		{"broker", typeAddress, `""`, `"tcp://127.0.0.1:1883"`, "The broker: `tcp://HOST:PORT`, `ssl://HOST:PORT`, `ws://HOST/PATH` or `wss://HOST/PATH`, where the port may be left out; or `embedded` for the one inside the gateway. Empty is off."},
		{"topic", typeText, `"butlr"`, `"butlr/hq"`, "What every topic begins with. Give each gateway its own when several share a broker."},
		{"username", typeText, `""`, `"butlr-gateway"`, "User name at the broker."},
		{"password", typeSecret, `""`, `"env:MQTT_PASSWORD"`, "Password at the broker."},
		{"client_id", typeText, `""`, `"hq-gateway"`, "Name of this client at the broker. Empty is `bgw-` and the gateway's id, and is mostly right: two clients of one name throw each other out."},
		{"ca_file", typePath, `""`, `"/etc/butlr-gateway/broker-ca.crt"`, "Certificates to trust for `ssl` and `wss`, in PEM. Empty trusts those that this machine trusts."},
		{"cert_file", typePath, `""`, `"/etc/butlr-gateway/mqtt.crt"`, "Certificate to show to a broker that asks for one, in PEM."},
		{"key_file", typePath, `""`, `"/etc/butlr-gateway/mqtt.key"`, "The private key to `cert_file`, in PEM."},
		{"discovery", typeChoice, `"device"`, `"component"`, "How assets are announced to Home Assistant: `device` for 2024.12 and later, `component` for older ones and for openHAB, or `off`. What was announced in another way before is taken back."},
		{"discovery_prefix", typeText, `"homeassistant"`, `"ha"`, "The topic under which Home Assistant looks for announcements; change it only if it was changed there."},
		{"scalars", typeYesOrNo, `true`, `false`, "Publish each measure on a topic of its own, beside the JSON of the whole asset."},
		{"names", typeYesOrNo, `false`, `true`, "Publish everything a second time under topics made of names, below `names/` of `topic`, for people who write rules by hand. Such a topic moves when somebody renames a place."},
		{"detections", typeYesOrNo, `false`, `true`, "Pass on where sensors see people. These are personal data: they are not kept, neither here nor by the broker."},
		{"commands", typeYesOrNo, `false`, `true`, "Obey commands that come over the broker: force, release and republish. Whoever may publish there then commands the building."},
		{"refresh", typeDuration, `"10m"`, `"1h"`, "How often an asset is published again although nothing changed; from `10s` to `24h`."},
	}}
}

func embeddedSection() Section {
	return Section{Name: "mqtt.embedded", About: "The broker inside the gateway, for when there is no other. It runs when `broker` of `[mqtt]` is `embedded`.", Keys: []Key{
		{"listen", typeAddress, `"127.0.0.1:1883"`, `":8883"`, "The address to listen on. Beyond this machine only with `username` and `password`."},
		{"username", typeText, `""`, `"building"`, "User name that every client must give."},
		{"password", typeSecret, `""`, `"env:EMBEDDED_PASSWORD"`, "The password to `username`."},
		{"tls_cert", typePath, `""`, `"/etc/butlr-gateway/broker.crt"`, "The certificate that the broker shows, and those that signed it, in one PEM file. With it clients must come with TLS. It is read again when it changes."},
		{"tls_key", typePath, `""`, `"/etc/butlr-gateway/broker.key"`, "The certificate's private key, in PEM."},
	}}
}

func brokerSection() Section {
	keys := mqttSection().Keys
	keys[0].Meaning = "The broker, as in `[mqtt]`, but not `embedded`. Required."
	keys[0].Default = ""
	return Section{Name: "brokers.NAME", About: "A further broker, which is told the same readings: as many as you like, each with a name of its own, as in `[brokers.cloud]`. Nothing is taken over from `[mqtt]`.", Keys: keys}
}
