package butlr

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/adapters/internal/macaddress"
	"butlr-gateway/gateway"
)

// HealthTaker takes up how the sensors and hives are.
type HealthTaker interface {
	Health(context.Context, *gateway.HealthReport) error
}

// HealthPoll asks how the sensors and hives are: at once, and then again and again. What an answer leaves out is told
// as left out, and nothing is made of it. An API that cannot be asked is told once and asked again: it says nothing about
// any sensor.
type HealthPoll struct {
	Client *Client
	Every  time.Duration // at least [ShortestHealth]
	Taker  HealthTaker
	Log    *slog.Logger

	begun   bool   // an answer was taken up, which was told
	silent  bool   // the API could not be asked the last time, which was told
	lacking string // why the answers are in part, as it was told; "" they are whole
}

// ShortestHealth is how often the health may be asked for at most: two questions each time.
const ShortestHealth = time.Minute

// Run asks until ctx ends.
func (p *HealthPoll) Run(ctx context.Context) error {
	for {
		report, err := p.Client.health(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if sleep(ctx, p.take(ctx, report, err)) != nil {
			return nil
		}
	}
}

// take passes on what an answer says, and returns how long it is until the next question.
func (p *HealthPoll) take(ctx context.Context, report *gateway.HealthReport, err error) time.Duration {
	if report == nil {
		if !p.silent {
			p.Log.WarnContext(ctx, "how the sensors are cannot be asked; this is tried again, and until then what was known last grows old", "err", err)
		}
		p.silent = true
		if down, ok := errors.AsType[*Down](err); ok {
			return max(p.Every, down.After)
		}
		return p.Every
	}
	if p.silent {
		p.Log.InfoContext(ctx, "how the sensors are can be asked again")
	}
	p.silent = false
	switch lacking := wordsOf(err); {
	case lacking == p.lacking:
	case lacking == "":
		p.lacking = ""
		p.Log.InfoContext(ctx, "Butlr tells of all sensors and hives again")
	default:
		if p.lacking == "" {
			p.Log.WarnContext(ctx, "Butlr does not tell of all sensors and hives; the others stay as they were known last, and grow old", "err", err)
		}
		p.lacking = lacking
	}
	switch err := p.Taker.Health(ctx, report); {
	case ctx.Err() != nil:
	case err != nil:
		p.Log.DebugContext(ctx, "how the sensors are was not taken up; the next answer is", "err", err)
	case !p.begun:
		p.begun = true
		p.Log.InfoContext(ctx, "Butlr tells how the sensors and hives are", "devices", len(report.Devices), "every", p.Every)
	}
	return p.Every
}

func wordsOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// The questions. Sensors have their fields in snake_case, and hives some in camelCase, which are no ids.
const (
	askSensors = "query { sensors { data { id name mac_address mode model floor_id room_id hive_serial is_online last_heartbeat installation_status } } }"
	askHives   = "query { hives { data { id name serialNumber floor_id room_id isOnline lastHeartbeat } } }"
)

// health asks for all sensors and hives. With a report an error says why that is in part.
func (c *Client) health(ctx context.Context) (*gateway.HealthReport, error) {
	report := new(gateway.HealthReport)
	var lacking error
	for _, list := range []struct {
		name, question string
		read           func(map[string]json.RawMessage) gateway.Device
	}{{"sensors", askSensors, readSensor}, {"hives", askHives, readHive}} {
		var data map[string]json.RawMessage
		err := c.ask(ctx, question{text: list.question}, &data)
		refused, ok := errors.AsType[*Refused](err)
		switch {
		case err != nil && list.name == "sensors" && !(ok && refused.Partial):
			return nil, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil: // without hives the sensors are told all the same
			lacking = errors.Join(lacking, err)
		}
		if left := takeDevices(report, data[list.name], list.read); left != 0 && err == nil {
			lacking = errors.Join(lacking, errors.New(leftOut(list.name, left)))
		}
	}
	report.Partial = lacking != nil
	return report, lacking
}

// leftOut says of how many devices an answer does not tell how they are; fewer than none: of any.
func leftOut(name string, left int) string {
	if left < 0 {
		return "the answer has no list of " + name
	}
	return "of " + strconv.Itoa(left) + " " + name + " the answer does not say whether they are online"
}

// takeDevices adds what a list tells, and returns of how many nothing can be known; fewer than 0 where there is no list.
func takeDevices(report *gateway.HealthReport, text json.RawMessage, read func(map[string]json.RawMessage) gateway.Device) (left int) {
	var list rows
	if len(text) == 0 || json.Unmarshal(text, &list) != nil || list == nil {
		return -1
	}
	for _, text := range list {
		row := fieldsOf(text)
		if isTestDevice(row) || strings.HasPrefix(strings.ToLower(wordOf(row["serialNumber"])), "fake") {
			continue
		}
		d := read(row)
		online, told := onlineOf(row["is_online"], row["isOnline"])
		d.Online = online || !told // then the heartbeat says whether it is
		if !isID(string(d.ID)) || !told && d.Heartbeat == 0 {
			left++
			continue
		}
		report.Devices = append(report.Devices, d)
	}
	return left
}

func readSensor(row map[string]json.RawMessage) gateway.Device {
	id := wordOf(row["id"])
	if id != "" && !strings.HasPrefix(id, sensorPrefix) {
		id = sensorPrefix + id
	}
	return gateway.Device{
		ID: gateway.AssetID(id), Name: shortened(wordOf(row["name"])), MAC: macOf(row["mac_address"]), Serial: shortened(wordOf(row["hive_serial"])),
		Room: placeOf(row["room_id"]), Floor: placeOf(row["floor_id"]), Heartbeat: heartbeatOf(row["last_heartbeat"]),
		Status: shortened(wordOf(row["installation_status"])),
	}
}

func readHive(row map[string]json.RawMessage) gateway.Device {
	return gateway.Device{
		ID: gateway.AssetID(wordOf(row["id"])), Hive: true, Name: shortened(wordOf(row["name"])), Serial: shortened(wordOf(row["serialNumber"])),
		Room: placeOf(row["room_id"]), Floor: placeOf(row["floor_id"]), Heartbeat: heartbeatOf(row["lastHeartbeat"]),
	}
}

// placeOf reads the id of a place, "" of anything else.
func placeOf(text json.RawMessage) gateway.AssetID {
	if id := wordOf(text); isID(id) {
		return gateway.AssetID(id)
	}
	return ""
}

// macOf reads an address as assets have it.
func macOf(text json.RawMessage) string {
	return shortened(string(macaddress.Append(nil, []byte(wordOf(text)))))
}

// onlineOf reads whether a device is online, in either spelling; told is false where the answer does not say.
func onlineOf(spelled ...json.RawMessage) (online, told bool) {
	for _, text := range spelled {
		var is *bool
		if len(text) > 0 && json.Unmarshal(text, &is) == nil && is != nil {
			return *is, true
		}
	}
	return false, false
}

// latestHeartbeat is later than any, in seconds: what is more is of another unit.
const latestHeartbeat = 1 << 33

// heartbeatOf reads UNIX seconds, a number or one in quotes; 0 where the answer does not say.
func heartbeatOf(text json.RawMessage) gateway.Timestamp {
	seconds, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	if err != nil || !(seconds > 0 && seconds < latestHeartbeat) {
		return 0
	}
	return gateway.Timestamp(seconds * 1000)
}
