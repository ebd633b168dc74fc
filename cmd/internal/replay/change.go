package replay

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/cmd/internal/poster"
)

// change is what a body is made into. Only timestamps and ids of events are touched, every other byte stays.
type change struct {
	Options
	first time.Time // when the recording began
	salt  [16]byte  // makes the ids of each replay others
}

func newChange(o Options, first time.Time) *change {
	c := &change{Options: o, first: first}
	_, _ = rand.Read(c.salt[:]) // it never fails
	return c
}

// moved returns when something happens again.
func (c *change) moved(at time.Time) time.Time {
	return c.Start.Add(time.Duration(float64(at.Sub(c.first)) / c.Speed))
}

// body returns a body as it is to be posted.
func (c *change) body(text []byte) (poster.Body, error) {
	e := edit{text: text, change: c}
	e.json.Reset(bytes.NewReader(text))
	var err error
	if e.json.PeekKind() == jsontext.KindBeginArray {
		err = e.array()
	} else {
		err = e.event()
	}
	if err != nil {
		return poster.Body{}, fmt.Errorf("reading a body of the recording: %w", err)
	}
	return poster.Body{Text: append(e.out, text[e.copied:]...), Events: e.events}, nil
}

// edit is a body while it is changed.
type edit struct {
	*change
	json   jsontext.Decoder
	text   []byte
	copied int // bytes of text that are in out, or replaced
	out    []byte
	events int
}

func (e *edit) array() error {
	if _, err := e.json.ReadToken(); err != nil {
		return err
	}
	for e.json.PeekKind() != jsontext.KindEndArray {
		if err := e.event(); err != nil {
			return err
		}
	}
	_, err := e.json.ReadToken()
	return err
}

func (e *edit) event() error {
	e.events++
	if e.json.PeekKind() != jsontext.KindBeginObject {
		return e.json.SkipValue()
	}
	if _, err := e.json.ReadToken(); err != nil {
		return err
	}
	for e.json.PeekKind() != jsontext.KindEndObject {
		name, err := e.json.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		value, err := e.json.ReadValue()
		if err != nil {
			return err
		}
		switch {
		case key == "timestamp" && !e.KeepTimes:
			e.replace(value, e.timestamp(value))
		case key == "id" && e.NewIDs:
			e.replace(value, e.id(value))
		}
	}
	_, err := e.json.ReadToken()
	return err
}

// replace puts a value in the place of the one that was just read.
func (e *edit) replace(old jsontext.Value, with []byte) {
	end := int(e.json.InputOffset())
	e.out = append(append(e.out, e.text[e.copied:end-len(old)]...), with...)
	e.copied = end
}

// timestamp returns the time that an event says. What is no time stays as it is.
func (e *edit) timestamp(value jsontext.Value) []byte {
	at, err := strconv.ParseFloat(string(value), 64)
	if err != nil || at != at || at < 0 || at > 1e15 {
		return value
	}
	return strconv.AppendInt(nil, e.moved(time.UnixMilli(int64(at))).UnixMilli(), 10)
}

// id returns another id, which was made as much before or after others as the one that it replaces.
func (e *edit) id(value jsontext.Value) []byte {
	old, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return value
	}
	at := e.Start
	if made, ok := madeAt(string(old)); ok && !e.KeepTimes {
		at = e.moved(made)
	} else if ok {
		at = made
	}
	sum := sha256.Sum256(append(e.salt[:], old...))
	id := building.KSUID("event_", at, binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:]))
	return strconv.AppendQuote(nil, id)
}

// madeAt returns when one of Butlr's ids was made: the first four of its 20 bytes are seconds.
func madeAt(id string) (time.Time, bool) {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	text, ok := strings.CutPrefix(id, "event_")
	if !ok || len(text) != 27 {
		return time.Time{}, false
	}
	n := new(big.Int)
	for _, c := range []byte(text) {
		digit := strings.IndexByte(digits, c)
		if digit < 0 {
			return time.Time{}, false
		}
		n.Add(n.Mul(n, big.NewInt(62)), big.NewInt(int64(digit)))
	}
	seconds := n.Rsh(n, 128)
	if !seconds.IsUint64() || seconds.Uint64() >= 1<<32 {
		return time.Time{}, false
	}
	return time.Unix(1_400_000_000+seconds.Int64(), 0), true
}
