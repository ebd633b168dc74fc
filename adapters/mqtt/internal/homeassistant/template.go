package homeassistant

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The forms that our templates have.
var forms = []struct {
	form   *regexp.Regexp
	render func(value any, there bool) (string, error)
}{
	{form(`{{ K | default(none) }}`), func(v any, _ bool) (string, error) { return plain(v) }},
	{form(`{{ K }}`), func(v any, there bool) (string, error) {
		if !there {
			return "", fmt.Errorf("the key is missing, which is logged as a warning each time")
		}
		return plain(v)
	}},
	{form(`{{ 'None' if K | default(none) is none else 'ON' if K else 'OFF' }}`), func(v any, _ bool) (string, error) {
		switch v {
		case nil:
			return "None", nil
		case true:
			return "ON", nil
		case false:
			return "OFF", nil
		}
		return "", fmt.Errorf("%v is neither true nor false", v)
	}},
	{form(`{{ 'None' if K | default(none) is none else K[:255] }}`), func(v any, _ bool) (string, error) {
		text, err := plain(v)
		if r := []rune(text); len(r) > 255 {
			text = string(r[:255])
		}
		return text, err
	}},
	{form(`{{ 'ON' if K else 'OFF' }}`), func(v any, _ bool) (string, error) {
		o, ok := v.(object)
		if !ok {
			return "", fmt.Errorf("%v is no object", v)
		}
		if len(o) > 0 {
			return "ON", nil
		}
		return "OFF", nil
	}},
	{form(`{{ K | length }}`), func(v any, _ bool) (string, error) {
		o, ok := v.(object)
		if !ok {
			return "", fmt.Errorf("%v has no length", v)
		}
		return strconv.Itoa(len(o)), nil
	}},
	{form(`{{ K | tojson }}`), func(v any, there bool) (string, error) {
		text, err := json.Marshal(v)
		if !there {
			err = fmt.Errorf("the key is missing")
		}
		return string(text), err
	}},
}

// form makes a pattern of a template, with K for the one key that it is about.
func form(template string) *regexp.Regexp {
	parts := strings.Split(template, "K")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, `value_json\.([a-z_]+)`) + "$")
}

// plain returns a value as a template shows it.
func plain(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "None", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	return "", fmt.Errorf("%v is neither a number nor a text", v)
}

// Render returns what a template of ours makes of a payload.
func Render(template, payload string) (string, error) {
	var state object
	d := json.NewDecoder(strings.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&state); err != nil {
		return "", fmt.Errorf("the payload %s is no JSON object: %w", payload, err)
	}
	for _, f := range forms {
		found := f.form.FindStringSubmatch(template)
		if found == nil {
			continue
		}
		for _, key := range found[1:] {
			if key != found[1] {
				return "", fmt.Errorf("%s is about %s and %s", template, found[1], key)
			}
		}
		value, there := state[found[1]]
		return f.render(value, there)
	}
	return "", fmt.Errorf("nobody knows the form of the template %s", template)
}

// Show returns what Home Assistant shows for an entity when its state topic says that: "unknown" if it
// cannot be known. What it would refuse is an error.
func (e *Entity) Show(payload string) (string, error) {
	text := payload
	if template := e.Text("value_template"); template != "" {
		var err error
		if text, err = Render(template, payload); err != nil {
			return "", fmt.Errorf("%s: %w", e.ID, err)
		}
	}
	if text == "None" {
		return "unknown", nil
	}
	if !e.accepts(text) {
		return "", fmt.Errorf("%s cannot be %q", e.ID, text)
	}
	return text, nil
}

func (e *Entity) accepts(text string) bool {
	options, _ := e.Config["options"].([]any)
	_, notNumber := strconv.ParseFloat(text, 64)
	_, notTime := time.Parse(time.RFC3339, text)
	switch {
	case e.Platform == "binary_sensor":
		on, off := e.Text("payload_on"), e.Text("payload_off")
		if on == "" && off == "" {
			on, off = "ON", "OFF"
		}
		return text == on || text == off
	case options != nil:
		return slices.Contains(options, any(text))
	case e.Text("device_class") == "timestamp":
		return notTime == nil
	case e.Text("unit_of_measurement") != "" || e.Text("state_class") != "":
		return notNumber == nil
	}
	return text != "" && utf8.RuneCountInString(text) <= 255
}
