package config

import (
	"maps"
	"reflect"
	"slices"

	"github.com/BurntSushi/toml"
)

// SecretsChanged stands among the keys of [Config.Changed] for secrets that are others although the file says the same.
const SecretsChanged = "secrets in variables or files"

// Changed returns the keys, such as "modbus.listen", that two configurations have different texts for. Both must come
// from [Parse] or [Load].
func (c *Config) Changed(to *Config) []string {
	before, after := c.file.flat(), to.file.flat()
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
	if len(keys) == 0 && !slices.Equal(slices.Sorted(slices.Values(c.Secrets())), slices.Sorted(slices.Values(to.Secrets()))) {
		keys = append(keys, SecretsChanged)
	}
	return keys
}

// flat returns every value by its full key.
func (d *document) flat() map[string]any {
	var all map[string]any
	if _, err := toml.Decode(string(d.text), &all); err != nil {
		return nil // it was read before
	}
	out := make(map[string]any)
	flatten(out, "", all)
	return out
}

func flatten(out map[string]any, name string, value any) {
	table, ok := value.(map[string]any)
	if !ok {
		out[name] = value
		return
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		full := key
		if name != "" {
			full = name + "." + key
		}
		flatten(out, full, table[key])
	}
}
