package webhook

import (
	"hash/maphash"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"butlr-gateway/adapters/internal/macaddress"
	"butlr-gateway/gateway"
)

// text reads a member that should be a string. Absent, null and "" are the same: present is false.
func (d *decoder) text() (text []byte, present bool, err error) {
	switch d.peek() {
	case jsontext.KindString:
		text, err = d.string()
		return text, err == nil && len(text) > 0, err
	case jsontext.KindNull:
		_, err = d.scalar()
		return nil, false, err
	}
	d.misshape = true
	return nil, false, d.skip()
}

func (d *decoder) eventType() error {
	name, present, err := d.text()
	if !present {
		return err
	}
	d.typed = true
	if d.longType = len(name) > maxName; d.longType {
		return nil
	}
	d.event.Type, d.event.Subject = typeOf(name)
	if d.event.Type == gateway.UnknownType {
		d.unknown(name)
	}
	return nil
}

func (d *decoder) eventID() error {
	id, present, err := d.text()
	if !present {
		return err
	}
	if len(id) > maxName {
		d.longID = true
		return nil
	}
	d.event.ID = string(id)
	return nil
}

// timestamp reads the time of the event. Only its form is judged, and whether it is any time at all.
func (d *decoder) timestamp() error {
	kind := d.peek()
	if kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray {
		d.when = gateway.TimestampNotInteger
		return d.skip()
	}
	v, err := d.scalar()
	if err != nil || kind == jsontext.KindNull {
		return err
	}
	d.event.At, d.when = timestampOf(v)
	return nil
}

func timestampOf(v jsontext.Value) (gateway.Timestamp, gateway.Refusal) {
	whole, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		f, ok := number(v)
		switch {
		case !ok || f != math.Trunc(f):
			return 0, gateway.TimestampNotInteger
		case f > maxTimestamp:
			return 0, gateway.TimestampInFuture
		case f < -maxTimestamp:
			return 0, gateway.TimestampTooOld
		}
		whole = int64(f)
	}
	switch {
	case whole > maxTimestamp:
		return 0, gateway.TimestampInFuture
	case whole < -maxTimestamp:
		return 0, gateway.TimestampTooOld
	}
	return gateway.Timestamp(whole), gateway.Admitted
}

// metadata reads where the event happened. Keys that no asset needs are skipped, whatever they hold.
func (d *decoder) metadata(p *gateway.Path) error {
	switch d.peek() {
	case jsontext.KindBeginObject:
	case jsontext.KindNull:
		return d.skip()
	default:
		d.misshape = true
		return d.skip()
	}
	if err := d.enter(); err != nil {
		return err
	}
	for d.peek() != jsontext.KindEndObject {
		key, err := d.string()
		if err != nil {
			return err
		}
		if err := d.placeField(p, key); err != nil {
			return err
		}
	}
	return d.leave()
}

func (d *decoder) placeField(p *gateway.Path, key []byte) error {
	switch string(key) {
	case "org_id":
		return d.id(&p.Organisation.ID)
	case "org_name":
		return d.name(&p.Organisation.Name)
	case "site_id":
		return d.id(&p.Site.ID)
	case "site_name":
		return d.name(&p.Site.Name)
	case "building_id":
		return d.id(&p.Building.ID)
	case "building_name":
		return d.name(&p.Building.Name)
	case "floor_id":
		return d.id(&p.Floor.ID)
	case "floor_name":
		return d.name(&p.Floor.Name)
	case "floor_custom_id":
		return d.name(&p.Floor.CustomID)
	case "room_id":
		return d.id(&p.Room.ID)
	case "room_name":
		return d.name(&p.Room.Name)
	case "room_custom_id":
		return d.name(&p.Room.CustomID)
	case "zone_id":
		return d.id(&p.Zone.ID)
	case "zone_name":
		return d.name(&p.Zone.Name)
	case "zone_custom_id":
		return d.name(&p.Zone.CustomID)
	case "sensor_id":
		return d.sensorID(&p.Sensor.ID)
	case "mac_address":
		return d.mac(&p.Sensor.MAC)
	}
	return d.skip()
}

func (d *decoder) id(id *gateway.AssetID) error {
	text, present, err := d.text()
	if present {
		*id = d.assetID(text)
	}
	return err
}

// sensorID reads a sensor's id with or without its prefix, and returns it with it.
func (d *decoder) sensorID(id *gateway.AssetID) error {
	text, present, err := d.text()
	if !present {
		return err
	}
	if len(text) < len(sensorPrefix) || string(text[:len(sensorPrefix)]) != sensorPrefix {
		d.spare = append(append(d.spare[:0], sensorPrefix...), text...)
		text = d.spare
	}
	*id = d.assetID(text)
	return nil
}

func (d *decoder) assetID(text []byte) gateway.AssetID {
	if len(text) > maxName {
		d.longID = true
		return ""
	}
	return gateway.AssetID(d.intern(text))
}

func (d *decoder) name(name *string) error {
	text, present, err := d.text()
	if present {
		*name = d.intern(cut(text))
	}
	return err
}

func (d *decoder) mac(mac *string) error {
	text, present, err := d.text()
	if present {
		d.spare = macaddress.Append(d.spare[:0], text)
		*mac = d.intern(cut(d.spare))
	}
	return err
}

// cut returns as many whole characters of text as fit maxName bytes.
func cut(text []byte) []byte {
	if len(text) <= maxName {
		return text
	}
	end := maxName
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// intern returns text as a string, the one of an earlier event if the cache has it.
func (d *decoder) intern(text []byte) string {
	slot := &d.cache[maphash.Bytes(d.seed, text)%uint64(len(d.cache))]
	if *slot != string(text) {
		*slot = string(text)
	}
	return *slot
}

// subjectID returns the id of what the event is about.
func subjectID(e *gateway.Event) gateway.AssetID {
	switch e.Subject {
	case gateway.Floor:
		return e.Path.Floor.ID
	case gateway.Room:
		return e.Path.Room.ID
	case gateway.Zone:
		return e.Path.Zone.ID
	case gateway.Sensor:
		return e.Path.Sensor.ID
	}
	return ""
}
