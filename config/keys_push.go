package config

func pushSection() Section {
	return Section{Name: "push.KEY", About: "One unit of a controller that the gateway writes to, for controllers that cannot poll. KEY is yours to choose, as in `[push.ahu-3]`: up to 64 letters, digits, `-` and `_`. What this does and when is in [push.md](push.md).", Keys: []Key{
		{"target", typeTarget, ``, `"tcp://10.20.0.31:502"`, "Where the controller is: `tcp://HOST:PORT` for Modbus TCP, `rtuovertcp://HOST:PORT` for frames of a serial line on a TCP connection, or the path of a serial port, as in `/dev/ttyUSB0` or `COM3`. Several targets may share a host and port, or a serial port: they take turns. Required."},
		{"baud", typeNumber, `19200`, `9600`, "Speed of a serial port: 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200."},
		{"parity", typeChoice, `"even"`, `"none"`, "Parity of a serial port: `even`, `odd` or `none`."},
		{"stop_bits", typeNumber, `1`, `2`, "Stop bits of a serial port: 1 or 2. Modbus wants 2 without parity; most devices take 1."},
		{"unit_id", typeNumber, `1`, `5`, "The controller's unit id: 1 to 247; with `tcp` also 0 and 255, by which some devices mean themselves."},
		{"refresh", typeDuration, `"30s"`, `"2m"`, "A value is written again so long after it was written although it did not change: controllers fall back to their own schedule when nobody writes. From `1s` to `24h`; a third of the controller's own time-out, or less."},
		{"timeout", typeDuration, `"2s"`, `"5s"`, "How long connecting, and each answer, may take. From `50ms` to `1m`."},
		{"word_order", typeChoice, `"ABCD"`, `"CDAB"`, "Which half of a 32-bit value comes first: `ABCD` is the high word, `CDAB` the low word."},
		{"on_stop", typeChoiceOrNumber, `"leave"`, `"policy"`, "What is written when the gateway is stopped and no other takes over: nothing (`leave`); what each output's `…_on_loss` says, to the points that show outputs (`policy`); or a number, to every point, as it is."},
	}}
}

func pushPointSection() Section {
	return Section{Name: pushPointName, About: "One value that is written to that unit. The second KEY is the point's name, as in `[push.ahu-3.points.occupancy]`.", Keys: []Key{
		{"asset", typeAsset, ``, `"group:ahu-3"`, "What the value is about: an id of Butlr's, `custom:ID` or `group:KEY`. Required."},
		{"measure", typeChoice, ``, `"occupied"`, "Which value: `occupied`, `people`, `motion`, `lighting`, `hvac`, `ventilation`, `traffic_in`, `traffic_out`, `traffic_estimate`, `detections`, `utilisation` (in 0.1 %), `peak_today`, `occupied_minutes_today`, or `quality` (its code). Required."},
		{"register", typeRegister, ``, `1700`, "The holding register: its address, which counts from 0, or its reference, which counts from 1 and is text: `\"4x1701\"`. This or `coil` is required."},
		{"coil", typeRegister, ``, `16`, "The coil, in the same two ways: 16 is `\"0x17\"`. A coil takes measures that are a yes or a no."},
		{"function", typeNumber, ``, `6`, "The function code: 6 or 16 for a register, 5 or 15 for a coil. Default: 6, 16 for types of 32 bits, 5 for a coil."},
		{"type", typeChoice, ``, `"u16"`, "How the number lies in registers: `u16`, `s16`, or in two registers `u32`, `s32`, `f32`. A coil is `bool`. Default: `u16`."},
		{"word_order", typeChoice, ``, `"CDAB"`, "Of this point. Default: that of the target."},
		{"scale", typeFraction, `1`, `0.1`, "What is written is value × scale + offset, rounded unless the type is `f32`. What does not fit into the type is not written, and an alarm."},
		{"offset", typeFraction, `0`, `1`, "See `scale`."},
		{"values", typeStates, ``, `{ vacant = 0, occupied = 1, unknown = 2 }`, "The controller's own numbers, which are written as they are, without `scale` and `offset`: for `vacant` and `occupied` (`off` and `on` of motion; the names of the qualities of `quality`), and for `unknown`. Without an entry for `unknown` nothing is written while nobody can tell the value."},
		{"read_back", typeYesOrNo, `false`, `true`, "Read the value after writing it. If the controller has another one it is written again, after a pause that grows, and there is an alarm."},
		{"on_stop", typeChoiceOrNumber, ``, `2`, "Of this point. Default: that of the target."},
	}}
}
