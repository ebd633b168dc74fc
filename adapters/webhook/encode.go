package webhook

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"butlr-gateway/gateway"
)

// Encode appends the event to dst as Butlr would send it, and returns the extended buffer. Decode
// gives the same event again, apart from Raw, if the event is one that Decode could have returned
// without a defect. Events of unknown type are sent as UNKNOWN.
func Encode(dst []byte, e *gateway.Event) []byte {
	dst = append(dst, '{')
	dst = appendText(dst, "id", e.ID)
	dst = appendText(dst, "type", typeName(e.Type, e.Subject))
	dst = append(dst, `"timestamp":`...)
	dst = strconv.AppendInt(dst, int64(e.At), 10)
	dst = append(dst, `,"version":"v1.0.0","metadata":`...)
	dst = appendPath(dst, e)
	dst = appendData(dst, e)
	return append(dst, '}')
}

func appendPath(dst []byte, e *gateway.Event) []byte {
	p := &e.Path
	dst = append(dst, '{')
	open := len(dst)
	dst = appendText(dst, "org_id", string(p.Organisation.ID))
	dst = appendText(dst, "site_id", string(p.Site.ID))
	dst = appendText(dst, "building_id", string(p.Building.ID))
	dst = appendText(dst, "floor_id", string(p.Floor.ID))
	dst = appendText(dst, "room_id", string(p.Room.ID))
	dst = appendText(dst, "zone_id", string(p.Zone.ID))
	dst = appendText(dst, "floor_custom_id", p.Floor.CustomID)
	dst = appendText(dst, "room_custom_id", p.Room.CustomID)
	dst = appendText(dst, "zone_custom_id", p.Zone.CustomID)
	dst = appendText(dst, "sensor_id", wireSensor(p.Sensor.ID))
	dst = appendText(dst, "org_name", p.Organisation.Name)
	dst = appendText(dst, "site_name", p.Site.Name)
	dst = appendText(dst, "building_name", p.Building.Name)
	dst = appendText(dst, "floor_name", p.Floor.Name)
	dst = appendText(dst, "room_name", p.Room.Name)
	dst = appendText(dst, "zone_name", p.Zone.Name)
	dst = appendText(dst, "mac_address", p.Sensor.MAC)
	switch e.Type {
	case gateway.Traffic:
		dst = appendText(dst, "sensor_mode", "traffic")
	case gateway.Detected:
		dst = appendText(dst, "sensor_mode", "presence")
	}
	if len(dst) > open {
		dst = dst[:len(dst)-len(",")]
	}
	return append(dst, '}')
}

func appendData(dst []byte, e *gateway.Event) []byte {
	switch e.Type {
	case gateway.Occupancy, gateway.OccupancyMinute:
		dst = append(dst, `,"data":`...)
		dst = strconv.AppendInt(dst, int64(e.People), 10)
	case gateway.Traffic:
		dst = append(dst, `,"data":{"in":`...)
		dst = strconv.AppendInt(dst, int64(e.In), 10)
		dst = append(dst, `,"out":`...)
		dst = strconv.AppendInt(dst, int64(e.Out), 10)
		dst = append(dst, '}')
	case gateway.Detected:
		dst = append(dst, `,"data":{"local":[`...)
		for i, p := range e.Found {
			dst = appendPair(dst, i, p.X, p.Y)
		}
		dst = append(dst, `],"world":[`...)
		for i, p := range e.Found {
			dst = appendPair(dst, i, p.WorldX, p.WorldY)
		}
		dst = append(dst, `]}`...)
	}
	return dst
}

func appendPair(dst []byte, index int, x, y float64) []byte {
	if index > 0 {
		dst = append(dst, ',')
	}
	dst = append(dst, '[')
	dst = strconv.AppendFloat(dst, x, 'g', -1, 64)
	dst = append(dst, ',')
	dst = strconv.AppendFloat(dst, y, 'g', -1, 64)
	return append(dst, ']')
}

// appendText appends a member and a comma, or nothing if there is no text.
func appendText(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(dst, '"')
	dst = append(dst, key...)
	dst = append(dst, `":`...)
	// The error says that bad UTF-8 was replaced: this text did not come from Decode.
	dst, _ = jsontext.AppendQuote(dst, text)
	return append(dst, ',')
}
