package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// What a body may hold at most. DETECTIONS, the largest events, take eight tokens for each person.
const (
	maxEvents = 1000   // in an array
	maxDepth  = 32     // of nested objects and arrays
	maxTokens = 10_000 // in one event
	maxNumber = 128    // characters
)

// The limits, as errors.
var (
	errDepth  = fmt.Errorf("more than %d levels", maxDepth)
	errTokens = fmt.Errorf("an event of more than %d tokens", maxTokens)
	errNumber = fmt.Errorf("a number of more than %d characters", maxNumber)
	errTrail  = errors.New("more than one JSON value")
)

// reader reads one JSON text token by token, in place, within the limits. Duplicate keys, bad UTF-8,
// lone surrogates and all that is not JSON are errors. After an error every call returns an error.
type reader struct {
	source  []byte
	buffer  bytes.Buffer // over source: the decoder reads a bytes.Buffer without copying it
	json    jsontext.Decoder
	tokens  int    // that the event may still have
	scratch []byte // of string, for what has escapes
}

func (r *reader) reset(text []byte) {
	r.source = text
	r.buffer = *bytes.NewBuffer(text)
	r.json.Reset(&r.buffer)
	r.tokens = maxTokens
}

// peek tells what comes next; after an error, KindInvalid.
func (r *reader) peek() jsontext.Kind { return r.json.PeekKind() }

// enter and leave read a brace or a bracket.
func (r *reader) enter() error { return r.delimiter() }
func (r *reader) leave() error { return r.delimiter() }

func (r *reader) delimiter() error {
	if _, err := r.json.ReadToken(); err != nil {
		return err
	}
	if r.json.StackDepth() > maxDepth {
		return errDepth
	}
	return r.count()
}

func (r *reader) count() error {
	r.tokens--
	if r.tokens < 0 {
		return errTokens
	}
	return nil
}

// scalar reads what is neither an object nor an array. The value is valid until the next call.
func (r *reader) scalar() (jsontext.Value, error) {
	v, err := r.json.ReadValue()
	if err != nil {
		return nil, err
	}
	if len(v) > maxNumber && v.Kind() == jsontext.KindNumber {
		return nil, errNumber
	}
	return v, r.count()
}

// string reads a string, or the name of a member. The bytes are valid until the next call.
func (r *reader) string() ([]byte, error) {
	v, err := r.scalar()
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1], nil
	}
	r.scratch, err = jsontext.AppendUnquote(r.scratch[:0], v)
	return r.scratch, err
}

// skip reads one value, whatever it is.
func (r *reader) skip() error {
	for depth := r.json.StackDepth(); ; {
		var err error
		switch r.peek() {
		case jsontext.KindBeginObject, jsontext.KindEndObject, jsontext.KindBeginArray, jsontext.KindEndArray:
			err = r.delimiter()
		default:
			_, err = r.scalar()
		}
		if err != nil || r.json.StackDepth() <= depth {
			return err
		}
	}
}

// end makes sure that nothing follows.
func (r *reader) end() error {
	if _, err := r.json.ReadToken(); err != io.EOF {
		return errors.Join(errTrail, err)
	}
	return nil
}

// offset is how much of the text has been read.
func (r *reader) offset() int { return int(r.json.InputOffset()) }

// number returns v as a double, and whether it is a finite number.
func number(v jsontext.Value) (float64, bool) {
	if v.Kind() != jsontext.KindNumber {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v), 64)
	return f, err == nil // beyond the range of a double is an error
}
