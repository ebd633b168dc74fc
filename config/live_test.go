package config

import "testing"

// Every key that a reload puts in force is a key of the configuration. Seen to break it: one that is misspelt.
func TestWhatAReloadPutsInForceAreKeys(t *testing.T) {
	for _, table := range []map[string][]string{liveKeys, doorKeys} {
		for section, keys := range table {
			if !isSection(section) {
				t.Errorf("there is no section %s", section)
			}
			for _, key := range keys {
				if _, known := lookup(section + "." + key); !known {
					t.Errorf("there is no key %s of [%s]", key, section)
				}
			}
		}
	}
}
