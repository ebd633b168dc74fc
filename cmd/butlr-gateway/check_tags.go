package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"butlr-gateway/adapters/store"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// warnOfTags finds the tags among the members of groups that nothing has. A state that cannot be read says nothing of
// them, and is complained of elsewhere.
func warnOfTags(ctx context.Context, c *config.Config) (found config.Problems) {
	tags := map[string][]string{} // by the key of a group
	for key, g := range c.Groups {
		for _, m := range g.Members {
			if tag, ok := strings.CutPrefix(string(m), "tag:"); ok {
				tags[key] = append(tags[key], tag)
			}
		}
	}
	if len(tags) == 0 {
		return nil
	}
	saved, _, err := store.Read(ctx, string(c.Gateway.StateDir))
	if errors.Is(err, fs.ErrNotExist) {
		saved, err = &gateway.Saved{}, nil
	}
	if err != nil {
		return nil
	}
	state, err := gateway.RestoreState(rulesOf(c), saved, newClock()())
	if err != nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		for _, tag := range tags[key] {
			why, remedy := "the imported inventory has it nowhere, and one member is missing", "write it as Butlr has it; or import again, with \"butlr-gateway assets import --yes\""
			if !state.Inventoried() {
				why, remedy = "no inventory was ever imported, and one member is missing", "run \"butlr-gateway assets import --yes\""
			}
			if !state.Tagged(tag) {
				found = append(found, c.ProblemOf([]string{"groups", key, "members"}, fmt.Sprintf("has the tag %q: %s", tag, why), remedy))
			}
		}
	}
	return found
}
