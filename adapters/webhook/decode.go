package webhook

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"butlr-gateway/gateway"
)

// maxCount is the largest number of people that an event may carry.
const maxCount = 65_534

// maxTimestamp is the end of the year 9999. What lies beyond it, on either side of 1970, is no time.
const maxTimestamp = 253_402_300_799_999

// typicalEvent is about how many bytes of a body belong to one event.
const typicalEvent = 640

// A body that is JSON, but not of events.
var (
	errNotEvents = errors.New("neither an object nor an array of objects")
	errEvents    = fmt.Errorf("an array of more than %d events", maxEvents)
)

// Decode returns the events of a body: one object, or an array of at most 1000 objects.
//
// An error says that the body as a whole cannot be read: no JSON or not strictly so (duplicate keys,
// bad UTF-8, anything after the value), over a limit, or neither an object nor an array of objects.
// An object that cannot be an event is returned with its Defect set. An event of unknown type never
// has a defect, unless its type is too long to be one. Whether a timestamp is plausible is not judged here.
//
// Numbers are read as doubles, as JSON numbers commonly are: 1773151512340.0 and 1.77315151234e12
// are integers. Counts are rounded, halves away from zero, before they are judged.
//
// Event.Raw is part of body. No other part of an event refers to it.
func Decode(body []byte) ([]gateway.Event, error) {
	return decode(body, nil, func([]byte) {})
}

// decode is Decode that tells the name of each unknown type as well, valid during the call, and puts the events into
// room, which is empty, if they fit.
func decode(body []byte, room []gateway.Event, unknown func(name []byte)) ([]gateway.Event, error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.reset(body)
	d.unknown = unknown
	events, err := d.body(room)
	d.reset(nil) // neither the body nor the events must be kept alive
	d.unknown, d.event = nil, nil
	return events, err
}

// decoders are kept for their buffers and caches.
var decoders = sync.Pool{New: func() any { return &decoder{seed: maphash.MakeSeed()} }}

// decoder reads events.
type decoder struct {
	reader
	unknown func(name []byte)

	// Of the event that is being read. The keys of an object come in any order, so that what can only
	// be judged with its type is kept until its end.
	event    *gateway.Event
	typed    bool // it has a type
	longType bool // of more than maxName bytes
	longID   bool // one of its ids has more than maxName bytes
	misshape bool // something in it has another type than documented
	when     gateway.Refusal
	data     data

	// Places repeat from event to event: a string is allocated only where the cache has another one
	// at its hash.
	seed  maphash.Seed
	cache [1024]string
	spare []byte // for an id or an address that is not used as it came
}

func (d *decoder) body(room []gateway.Event) (events []gateway.Event, err error) {
	switch d.peek() {
	case jsontext.KindBeginObject:
		events = append(room, gateway.Event{})
		err = d.object(&events[0])
	case jsontext.KindBeginArray:
		events, err = d.array(room)
	case jsontext.KindInvalid:
		_, err = d.scalar()
	default:
		err = errNotEvents
	}
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return nil, err
	}
	return events, nil
}

func (d *decoder) array(room []gateway.Event) ([]gateway.Event, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	events := slices.Grow(room, min(len(d.source)/typicalEvent+1, maxEvents))
	for {
		switch d.peek() {
		case jsontext.KindEndArray:
			return events, d.leave()
		case jsontext.KindBeginObject:
		case jsontext.KindInvalid:
			_, err := d.scalar()
			return nil, err
		default:
			return nil, errNotEvents
		}
		if len(events) == maxEvents {
			return nil, errEvents
		}
		d.tokens = maxTokens
		events = append(events, gateway.Event{})
		if err := d.object(&events[len(events)-1]); err != nil {
			return nil, err
		}
	}
}

// object reads one event.
func (d *decoder) object(e *gateway.Event) error {
	d.event, d.when, d.data = e, gateway.TimestampMissing, data{places: d.data.places[:0]}
	d.typed, d.longType, d.longID, d.misshape = false, false, false, false
	if err := d.enter(); err != nil {
		return err
	}
	start := d.offset() - len("{")
	for d.peek() != jsontext.KindEndObject {
		key, err := d.string()
		if err != nil {
			return err
		}
		switch string(key) {
		case "id":
			err = d.eventID()
		case "type":
			err = d.eventType()
		case "timestamp":
			err = d.timestamp()
		case "metadata":
			err = d.metadata(&e.Path)
		case "data":
			err = d.data.read(&d.reader)
		default:
			err = d.skip()
		}
		if err != nil {
			return err
		}
	}
	if err := d.leave(); err != nil {
		return err
	}
	end := d.offset()
	e.Raw = d.source[start:end:end]
	e.Defect = d.judge()
	return nil
}

// judge fills in the content of the event, now that its type is known, and tells what is wrong with it.
func (d *decoder) judge() gateway.Refusal {
	e := d.event
	switch {
	case !d.typed:
		return gateway.WrongShape
	case d.longType:
		return gateway.IDTooLong
	case e.Type == gateway.UnknownType || e.Type == gateway.Health:
		return gateway.Admitted
	case d.misshape:
		return gateway.WrongShape
	case d.longID:
		return gateway.IDTooLong
	case e.ID == "" || subjectID(e) == "":
		return gateway.IDMissing
	case d.when != gateway.Admitted:
		return d.when
	}
	return d.data.fill(e)
}
