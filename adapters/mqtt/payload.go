package mqtt

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"butlr-gateway/gateway"
)

// The payloads of status and availability topics.
const (
	online  = "online"
	offline = "offline"
)

// timeLayout is RFC 3339 with milliseconds; times are in UTC.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// What all outputs of an asset follow: the events, or somebody's word. Commands say it in these words too.
const (
	automatic = "automatic"
	occupied  = "occupied"
	vacant    = "vacant"
)

// overrideOf tells what the outputs are forced to all together. Single outputs and people may be forced
// beside that: see [appendOverrides].
func overrideOf(s *gateway.Snapshot) string {
	for i := range s.Overrides {
		switch o := &s.Overrides[i]; {
		case o.Target != gateway.TargetOutputs:
		case o.Value == 0:
			return vacant
		default:
			return occupied
		}
	}
	return automatic
}

// availabilityOf tells whether anything is to be seen of an asset. What is held, substituted or forced
// stays online: the quality tells, and a fail-safe value must not be hidden.
func availabilityOf(s *gateway.Snapshot) string {
	if s.Quality == gateway.Never || s.Quality == gateway.OutOfService {
		return offline
	}
	return online
}

// appendScalar appends a reading as a person would write it: 4, ON, 66.7 or unknown.
func appendScalar(b []byte, m gateway.Measure, r gateway.Reading) []byte {
	switch {
	case !r.Known:
		return append(b, "unknown"...)
	case m.Binary() && r.Value != 0:
		return append(b, "ON"...)
	case m.Binary():
		return append(b, "OFF"...)
	}
	return appendNumber(b, m, r.Value)
}

// appendNumber appends a count, or a share in percent.
func appendNumber(b []byte, m gateway.Measure, v int64) []byte {
	if m == gateway.Utilisation {
		return appendTenths(b, v)
	}
	return strconv.AppendInt(b, v, 10)
}

// appendTenths appends v, in 0.1 %, in percent: 667 is 66.7 and 1000 is 100.
func appendTenths(b []byte, v int64) []byte {
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	b = strconv.AppendInt(b, v/10, 10)
	if v%10 != 0 {
		b = append(b, '.', byte('0'+v%10))
	}
	return b
}

// appendState appends the snapshot as JSON, with the times of day of that place. The order of the keys is promised; a measure that the asset
// does not have is left out, one that nobody can tell is null.
func appendState(b []byte, s *gateway.Snapshot, place *time.Location) []byte {
	b = append(b, '{')
	for m := range gateway.PeakToday {
		b = appendMeasure(b, s, m)
	}
	b = appendText(b, "quality", s.Quality.String())
	b = appendInt(b, "quality_code", int64(s.Quality))
	b = appendReason(b, s, place)
	b = appendTime(b, "at", s.At)
	b = appendTime(b, "off_delay_ends", s.OffDelayEnds)
	b = appendText(b, "override", overrideOf(s))
	b = appendOverrides(b, s)
	if s.Coverage >= 0 {
		b = appendTenths(appendKey(b, "coverage"), int64(s.Coverage))
	}
	for m := gateway.PeakToday; m < gateway.MeasureCount; m++ {
		b = appendMeasure(b, s, m)
	}
	b = appendText(b, "name", s.Asset.Label())
	b = appendKey(b, "custom_id")
	if s.Asset.CustomID == "" {
		b = append(b, "null"...)
	} else {
		b = appendQuoted(b, s.Asset.CustomID)
	}
	b = appendKey(b, "path")
	b = append(b, '[')
	for i, name := range s.Asset.Path {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, name)
	}
	return append(b, ']', '}')
}

// appendOverrides tells everything that is forced, also single outputs and people. Where nothing is, the key
// is left out.
func appendOverrides(b []byte, s *gateway.Snapshot) []byte {
	if len(s.Overrides) == 0 {
		return b
	}
	b = append(appendKey(b, "overrides"), '[')
	for i := range s.Overrides {
		o := &s.Overrides[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		b = appendText(b, "target", o.Target.String())
		b = appendKey(b, "value")
		if o.Target == gateway.TargetPeople {
			b = strconv.AppendInt(b, int64(o.Value), 10)
		} else {
			b = strconv.AppendBool(b, o.Value != 0)
		}
		b = appendTime(b, "until", o.Until)
		b = appendText(b, "reason", o.Reason)
		b = appendText(b, "author", o.Author)
		b = append(appendText(b, "source", o.Source.String()), '}')
	}
	return append(b, ']')
}

// appendReason says why the asset is occupied or not, or what its estimate comes from: of one that is
// neither, such as a sensor that only detects, there is nothing to say.
func appendReason(b []byte, s *gateway.Snapshot, place *time.Location) []byte {
	if s.Reason.Code == gateway.ReasonNoData && !s.Has.Has(gateway.Occupied) {
		return append(b, `,"reason":null,"reason_code":null`...)
	}
	b = appendText(b, "reason", s.Reason.Text(place))
	return appendInt(b, "reason_code", int64(s.Reason.Code))
}

func appendMeasure(b []byte, s *gateway.Snapshot, m gateway.Measure) []byte {
	if !s.Has.Has(m) {
		return b
	}
	b = appendKey(b, m.String())
	r := s.Reading(m)
	switch {
	case !r.Known:
		return append(b, "null"...)
	case m.Binary():
		return strconv.AppendBool(b, r.Value != 0)
	}
	return appendNumber(b, m, r.Value)
}

// appendKey appends the key of an object's next member, and the comma before it unless it is the first.
func appendKey(b []byte, key string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, key...)
	return append(b, '"', ':')
}

func appendText(b []byte, key, value string) []byte { return appendQuoted(appendKey(b, key), value) }

func appendInt(b []byte, key string, value int64) []byte {
	return strconv.AppendInt(appendKey(b, key), value, 10)
}

func appendTime(b []byte, key string, t gateway.Timestamp) []byte {
	b = appendKey(b, key)
	if t == 0 {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = t.Time().AppendFormat(b, timeLayout)
	return append(b, '"')
}

// appendQuoted appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func appendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // the error only tells that something was replaced
	return b
}

// appendGateway appends what the gateway says about itself as JSON.
func appendGateway(b []byte, o *Options, now gateway.Instant, sum *gateway.Summary) []byte {
	b = append(b, '{')
	b = appendText(b, "version", o.Version)
	b = appendText(b, "name", o.Name)
	b = appendText(b, "gateway", o.Gateway)
	b = appendInt(b, "uptime", int64(now.Mono/time.Second))
	b = appendTime(b, "started", gateway.TimestampOf(now.Wall.Add(-now.Mono).Round(time.Second)))
	b = appendTime(b, "at", now.Timestamp())
	b = appendInt(b, "assets", int64(sum.Assets))
	b = append(appendKey(b, "quality"), '{')
	for q := range gateway.Quality(gateway.QualityCount) {
		b = appendInt(b, q.String(), int64(sum.Qualities[q]))
	}
	b = append(b, '}')
	b = append(appendKey(b, "events"), '{')
	b = appendCount(b, "accepted", sum.Accepted)
	b = appendCount(b, "refused", sum.Refused)
	b = appendCount(b, "unhandled", sum.Unhandled)
	b = append(b, '}')
	b = append(appendKey(b, "alarms"), '{')
	for alarm, why := range o.Alarms.Each {
		b = appendText(b, alarm.String(), why)
	}
	b = append(b, '}')
	if o.Push == nil {
		return append(b, '}')
	}
	b = append(appendKey(b, "push"), '{')
	for name, state := range o.Push {
		b = appendText(b, name, state)
	}
	return append(b, '}', '}')
}

func appendCount(b []byte, key string, n uint64) []byte {
	return strconv.AppendUint(appendKey(b, key), n, 10)
}
