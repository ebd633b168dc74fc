package webhook

import (
	"strings"

	"butlr-gateway/gateway"
)

// maxName is how many bytes of an id, a name or a type are taken.
const maxName = 256

// sensorPrefix begins a sensor's id in Butlr's API; its webhooks leave it out.
const sensorPrefix = "sensor_"

// longestType bounds the names that typeOf knows.
const longestType = len("FLOOR_OCCUPANCY_1MIN")

// typeOf returns what an event of Butlr's type name is about. Butlr writes types in upper case in its
// examples and in lower case in some of its tables, and _1MIN as _1M in its changelog.
func typeOf(name []byte) (gateway.EventType, gateway.Kind) {
	if len(name) > longestType {
		return gateway.UnknownType, gateway.NoKind
	}
	var upper [longestType]byte
	for i, c := range name {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	switch string(upper[:len(name)]) {
	case "FLOOR_OCCUPANCY":
		return gateway.Occupancy, gateway.Floor
	case "ROOM_OCCUPANCY":
		return gateway.Occupancy, gateway.Room
	case "ZONE_OCCUPANCY":
		return gateway.Occupancy, gateway.Zone
	case "FLOOR_OCCUPANCY_1MIN", "FLOOR_OCCUPANCY_1M":
		return gateway.OccupancyMinute, gateway.Floor
	case "ROOM_OCCUPANCY_1MIN", "ROOM_OCCUPANCY_1M":
		return gateway.OccupancyMinute, gateway.Room
	case "ZONE_OCCUPANCY_1MIN", "ZONE_OCCUPANCY_1M":
		return gateway.OccupancyMinute, gateway.Zone
	case "TRAFFIC":
		return gateway.Traffic, gateway.Sensor
	case "DETECTIONS":
		return gateway.Detected, gateway.Sensor
	case "PIR_MOTION":
		return gateway.MotionStarted, gateway.Room
	case "PIR_NO_MOTION":
		return gateway.MotionEnded, gateway.Room
	case "SENSOR_HEALTH":
		return gateway.Health, gateway.Sensor
	case "HIVE_HEALTH":
		return gateway.Health, gateway.NoKind // a hive is no asset
	}
	return gateway.UnknownType, gateway.NoKind
}

// typeName is the inverse of typeOf. An event whose type Butlr does not have is UNKNOWN.
func typeName(t gateway.EventType, subject gateway.Kind) string {
	switch t {
	case gateway.Occupancy, gateway.OccupancyMinute:
		name := ""
		switch subject {
		case gateway.Floor:
			name = "FLOOR_OCCUPANCY"
		case gateway.Room:
			name = "ROOM_OCCUPANCY"
		case gateway.Zone:
			name = "ZONE_OCCUPANCY"
		default:
			return "UNKNOWN"
		}
		if t == gateway.OccupancyMinute {
			name += "_1MIN"
		}
		return name
	case gateway.Traffic:
		return "TRAFFIC"
	case gateway.Detected:
		return "DETECTIONS"
	case gateway.MotionStarted:
		return "PIR_MOTION"
	case gateway.MotionEnded:
		return "PIR_NO_MOTION"
	case gateway.Health:
		if subject == gateway.Sensor {
			return "SENSOR_HEALTH"
		}
		return "HIVE_HEALTH"
	}
	return "UNKNOWN"
}

// wireSensor returns a sensor's id as webhooks carry it, such that reading it gives id again.
func wireSensor(id gateway.AssetID) string {
	bare, found := strings.CutPrefix(string(id), sensorPrefix)
	if !found || bare == "" || strings.HasPrefix(bare, sensorPrefix) {
		return string(id)
	}
	return bare
}
