package butlr

import (
	"bytes"
	"encoding/json"
	"errors"
)

// answer is what GraphQL answers: data, errors, or some of both, whatever the status says.
type answer struct {
	Data   json.RawMessage
	faults []Fault
}

// hasData tells whether there is data, be it that there is nothing.
func (a *answer) hasData() bool { return len(a.Data) > 0 && !bytes.Equal(a.Data, []byte("null")) }

// onlyNulls tells whether data is an object with nothing in it, as after an error that took all of it away.
func onlyNulls(data json.RawMessage) bool {
	for _, value := range fieldsOf(data) {
		if !bytes.Equal(value, []byte("null")) {
			return false
		}
	}
	return true
}

// parseAnswer reads an answer. What it says is made safe to be shown.
func parseAnswer(text []byte, secrets []Secret) (*answer, error) {
	var raw struct {
		Data   json.RawMessage   `json:"data"`
		Errors []json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(text, &raw) != nil { // its error may quote what it read
		return nil, errors.New("it answered with something that is no answer: perhaps a proxy or a sign-in page stands between")
	}
	a := &answer{Data: raw.Data}
	for _, e := range raw.Errors {
		a.faults = append(a.faults, parseFault(e, secrets))
	}
	return a, nil
}

// parseFault reads one error, whatever form it has.
func parseFault(text json.RawMessage, secrets []Secret) Fault {
	fields := fieldsOf(text)
	f := Fault{
		Message: safe(wordOf(fields["message"]), secrets...),
		Code:    safe(wordOf(fieldsOf(fields["extensions"])["code"]), secrets...),
	}
	if f.Message == "" {
		f.Message = "an error without words"
	}
	return f
}

// fieldsOf returns the fields of an object, none of anything else.
func fieldsOf(text json.RawMessage) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return nil
	}
	return fields
}

// wordOf returns a text, "" of anything else.
func wordOf(text json.RawMessage) string {
	var word string
	if json.Unmarshal(text, &word) != nil {
		return ""
	}
	return word
}
