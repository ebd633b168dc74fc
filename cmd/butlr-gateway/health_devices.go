package main

import (
	"fmt"
	"io"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// printDevices tells how the sensors and hives are, where Butlr is asked.
func printDevices(w io.Writer, d *web.Devices) {
	if d == nil {
		return
	}
	if d.Asked == 0 {
		fmt.Fprintf(w, "  %-11s Butlr has not told yet how they are\n", "sensors")
		return
	}
	fmt.Fprintf(w, "  %-11s %d, %d of them offline; %s, %d of them offline; as of %s\n", "sensors", d.Sensors, d.SensorsOffline,
		counted(d.Hives, "hive"), d.HivesOffline, gateway.Timestamp(d.Asked).Time().Local().Format(time.DateTime))
}

// devices prints the sensors and hives that serve the asset.
func (x explained) devices(w io.Writer) {
	for i := range x.Devices {
		d := &x.Devices[i]
		text := d.Name + ", " + choose(d.Online, "online", "offline")
		if d.Heartbeat != 0 {
			text += ", heard " + x.moment(d.Heartbeat)
		}
		line(w, choose(i == 0, "devices", ""), d.Kind+" "+text)
	}
}
