package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// restore takes over what was kept: a walk under its id, its checks under the id and a number. What cannot be
// read is left out, and stays where it is.
func (w *Walks) restore(kept map[string]string, log *slog.Logger) {
	type numbered struct {
		walk string
		key  int
	}
	var checks []numbered
	for key, text := range kept {
		id, number, isCheck := strings.Cut(key, "/")
		if n, err := strconv.Atoi(number); isCheck && err == nil {
			checks = append(checks, numbered{id, n})
			continue
		}
		k := new(keptWalk)
		if err := json.Unmarshal([]byte(text), &k.Walk); err != nil || k.ID != key {
			log.Error("a walk test was lost", "walk", key, "err", err)
			continue
		}
		k.Counts, k.Checks = WalkCounts{}, nil
		w.walks[key] = k
	}
	slices.SortFunc(checks, func(a, b numbered) int { return cmp.Compare(a.key, b.key) })
	for _, c := range checks {
		var check Check
		err := json.Unmarshal([]byte(kept[checkKey(c.walk, c.key)]), &check)
		k := w.walks[c.walk]
		if err != nil || k == nil {
			log.Error("a check of a walk test was lost", "walk", c.walk, "check", c.key, "err", err)
			continue
		}
		k.add(check, c.key)
		w.total++
	}
}

func checkKey(walk string, n int) string { return fmt.Sprintf("%s/%08d", walk, n) }
