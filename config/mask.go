package config

import (
	"bytes"
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"
)

// Masked returns a configuration as it may be shown to others: without comments, without what is under keys that
// have secrets or that are not known, and without passwords in addresses. Where a secret is in a file or a variable,
// the text still says in which; what names neither, as a secret that was written after "env:", is not shown.
func Masked(text []byte) ([]byte, error) {
	var all map[string]any
	if err := toml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("reading the configuration: it is no TOML")
	}
	var out bytes.Buffer
	encoder := toml.NewEncoder(&out)
	encoder.Indent = ""
	if err := encoder.Encode(mask("", all)); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return out.Bytes(), nil
}

// mask returns a value under a name as it may be shown.
func mask(name string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		shown := make(map[string]any, len(v))
		for key, inner := range v {
			shown[key] = mask(strings.TrimPrefix(name+"."+key, "."), inner)
		}
		return shown
	case string:
		if saysWhere(v) {
			return v
		}
		if !isPublic(name) {
			return hidden
		}
		if address, err := url.Parse(v); err == nil && address.User != nil {
			address.User = url.User(hidden)
			return address.String()
		}
		return v
	}
	if !isPublic(name) && !strings.Contains(name, ".values") {
		return hidden
	}
	return value
}

// Secrets returns every secret that the configuration has, for whoever makes sure that none is in what is given away.
func (c *Config) Secrets() (found []string) {
	seen := make(map[string]bool)
	collect(reflect.ValueOf(c).Elem(), func(s Secret) {
		if text := s.Reveal(); text != "" && !seen[text] {
			seen[text] = true
			found = append(found, text)
		}
	})
	return found
}

var secretType = reflect.TypeFor[Secret]()

func collect(v reflect.Value, add func(Secret)) {
	if v.Type() == secretType {
		add(v.Interface().(Secret))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				collect(v.Field(i), add)
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			collect(v.MapIndex(key), add)
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), add)
		}
	}
}
