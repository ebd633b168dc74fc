package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Changed returns the keys, such as "modbus.listen", that two configurations have different texts for, in order, and
// those of secrets that are others although the file says the same. Both must come from [Parse] or [Load].
func (c *Config) Changed(to *Config) []string {
	before, after := c.values(), to.values()
	var keys []string
	for key, value := range before {
		if now, there := after[key]; !there || !reflect.DeepEqual(value, now) {
			keys = append(keys, key)
		}
	}
	for key := range after {
		if _, there := before[key]; !there {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// values returns every value that the file has by its full key: its text, and what a secret is.
func (c *Config) values() map[string]any {
	var all map[string]any
	if _, err := toml.Decode(string(c.file.text), &all); err != nil {
		return nil // it was read before
	}
	out := make(map[string]any)
	flatten(out, "", all)
	secretsOf("", reflect.ValueOf(c).Elem(), func(key string, s Secret) {
		if text, there := out[key]; there {
			out[key] = [2]any{text, s.Reveal()}
		}
	})
	return out
}

func flatten(out map[string]any, name string, value any) {
	table, ok := value.(map[string]any)
	if !ok {
		out[name] = value
		return
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		flatten(out, inside(name, key), table[key])
	}
}

// inside returns the full name of what has a name in a section.
func inside(section, name string) string {
	if section == "" {
		return name
	}
	return section + "." + name
}

// secretsOf calls yield for every secret in a value that is called name, with its full key.
func secretsOf(name string, v reflect.Value, yield func(key string, s Secret)) {
	if v.Type() == secretType {
		yield(name, v.Interface().(Secret))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			switch {
			case field.Anonymous:
				secretsOf(name, v.Field(i), yield)
			case field.IsExported():
				secretsOf(inside(name, field.Tag.Get("toml")), v.Field(i), yield)
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			secretsOf(inside(name, key.String()), v.MapIndex(key), yield)
		}
	}
}

// What a reload puts in force, by the sections of the reference; nil is every key. All else waits for a restart.
var (
	liveKeys = map[string][]string{
		"gateway":      {"log_level"},
		"webhook":      {"organisations", "sites", "buildings", "max_unknown_assets"},
		"modbus":       {"max_connections", "max_per_address", "idle_timeout"},
		"modbus.write": {"allow", "roles", "serial", "expiry"},
		"state":        nil, "class.KIND": nil, "sites.ID": nil, "assets.KEY": nil, "groups.KEY": nil,
	}
	// Those that are about who is let in wait with the address of their section, where that is another: what would be
	// right for the new one may be wrong for the one that is in use.
	doorKeys = map[string][]string{
		"webhook":             {"header_name", "header_value", "header_value_next", "username", "password", "trusted_proxies"},
		"modbus":              {"allow"},
		"modbus.tls":          {"allow"},
		"modbus.rtu_over_tcp": {"allow"},
		"web":                 {"password", "viewer_password"},
	}
)

// Live tells whether a reload puts a key in force, of keys that changed together.
func Live(key string, changed []string) bool {
	dot := strings.LastIndexByte(key, '.')
	if dot < 0 {
		return false
	}
	section, name := key[:dot], key[dot+1:]
	if slices.Contains(doorKeys[section], name) {
		return !Moves(section, changed)
	}
	keys, some := liveKeys[sectionName(section)]
	return some && (keys == nil || slices.Contains(keys, name))
}

// Moves tells whether a section has another address, of keys that changed together: then who may come to it is a
// matter of the restart as well.
func Moves(section string, changed []string) bool { return slices.Contains(changed, section+".listen") }
