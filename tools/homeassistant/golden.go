package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// topicLine begins a message in a golden file; the rest of it is the payload.
var topicLine = regexp.MustCompile(`(?m)^homeassistant/\S+/config$`)

// golden returns the messages of the golden documents of one form, by topic, and how many entities each
// announces.
func golden(root, form string) (map[string]string, map[string]int, error) {
	files, err := filepath.Glob(filepath.Join(root, "adapters/mqtt/discovery/testdata", form+"_*.json"))
	if err != nil || len(files) == 0 {
		return nil, nil, fmt.Errorf("no golden documents of the form %s: %v", form, err)
	}
	messages, entities := make(map[string]string), make(map[string]int)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		starts := topicLine.FindAllIndex(text, -1)
		for i, at := range starts {
			end := len(text)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			topic, payload := string(text[at[0]:at[1]]), text[at[1]:end]
			var document struct{ Components map[string]any }
			if err := json.Unmarshal(payload, &document); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", file, err)
			}
			messages[topic], entities[topic] = string(payload), max(1, len(document.Components))
		}
	}
	return messages, entities, nil
}

// documents publishes the golden documents and counts what Home Assistant makes of them; then it takes them
// back, and nothing may stay.
func (t *trial) documents(form string) {
	t.Chapter("The golden documents of the tests, form " + form)
	messages, entities, err := golden(t.root, form)
	if !t.Check("they can be read", err) {
		return
	}
	want := 0
	for _, topic := range slices.Sorted(maps.Keys(messages)) {
		if err := t.broker.Publish(topic, messages[topic], true); err != nil {
			t.Check("publishing", err)
			return
		}
		want += entities[topic]
	}
	t.Until(fmt.Sprintf("%d documents with %d entities are all accepted", len(messages), want), 30*time.Second, func() error { return t.count(want, -1) })
	t.quiet()
	for topic := range messages {
		t.broker.Publish(topic, "", true)
	}
	t.Until("taken back, no entity and no device stays", 30*time.Second, func() error { return t.count(0, 0) })
	t.warned() // one of 2024 hears it several times, and wonders
}

// count is an error unless Home Assistant has so many entities and devices of ours; -1 is any number.
func (t *trial) count(entities, devices int) error {
	v, err := t.home.look()
	if err != nil {
		return err
	}
	if len(v.entities) != entities || devices >= 0 && len(v.devices) != devices {
		var have []string
		for _, e := range v.entities {
			have = append(have, e.Unique)
		}
		return fmt.Errorf("there are %d entities of %d devices, want %d of %d: %s", len(v.entities), len(v.devices), entities, devices, strings.Join(have, " "))
	}
	return nil
}
