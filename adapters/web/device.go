package web

import "butlr-gateway/gateway"

// Device is a sensor or a hive as Butlr's API tells how it is.
type Device struct {
	ID        gateway.AssetID `json:"id"`
	Kind      string          `json:"kind"` // sensor or hive
	Name      string          `json:"name"` // or what is printed on it
	MAC       string          `json:"mac"`
	Serial    string          `json:"serial"` // of a hive; of a sensor that of its hive
	Room      gateway.AssetID `json:"room"`
	Floor     gateway.AssetID `json:"floor"`
	Place     string          `json:"place"` // the name of its room, else of its floor
	Online    bool            `json:"online"`
	Heartbeat Moment          `json:"heartbeat"` // when Butlr heard it last; null is not known
	Status    string          `json:"status"`    // of its installation, in Butlr's words
	Missed    bool            `json:"missed"`    // it is offline for so long that it is an alarm
}

// Devices counts the sensors and hives in rooms and on floors.
type Devices struct {
	Asked          Moment   `json:"asked"` // when Butlr last told; null not since the start
	Sensors        int      `json:"sensors"`
	SensorsOffline int      `json:"sensors_offline"` // for so long that it is an alarm
	Hives          int      `json:"hives"`
	HivesOffline   int      `json:"hives_offline"`
	Offline        []Device `json:"offline"` // all that Butlr does not hear now, at most 200
}

// offlineShown is how many devices that are offline a status lists at most.
const offlineShown = 200

func devicesOf(list []gateway.DeviceHealth) []Device {
	out := make([]Device, 0, len(list))
	for i := range list {
		d := &list[i]
		kind := gateway.Sensor.String()
		if d.Hive {
			kind = "hive"
		}
		out = append(out, Device{
			ID: d.ID, Kind: kind, Name: d.Label(), MAC: d.MAC, Serial: d.Serial, Room: d.Room, Floor: d.Floor, Place: d.Place,
			Online: d.Online, Heartbeat: Moment(d.Heartbeat), Status: d.Status, Missed: d.Missed,
		})
	}
	return out
}

// tellDevices fills in how the sensors and hives are, where Butlr is asked for that.
func (s *Status) tellDevices(state *gateway.State) {
	c, polled := state.DeviceCounts()
	if !polled {
		return
	}
	offline := state.OfflineDevices()
	s.Devices = &Devices{
		Asked: Moment(c.At), Sensors: c.Sensors, SensorsOffline: c.SensorsOffline, Hives: c.Hives, HivesOffline: c.HivesOffline,
		Offline: devicesOf(offline[:min(len(offline), offlineShown)]),
	}
}
