package store

import (
	"encoding/json"
	"fmt"
	"time"

	"butlr-gateway/gateway"
)

// factColumns are the columns of what an inventory says of an asset.
const factColumns = "listed, capacity, timezone, tags, entrance, shifted"

// factsRow is what those columns hold. Without facts they are all empty.
type factsRow struct {
	listed, capacity  number
	timezone, tags    text
	entrance, shifted number
}

func factsRowOf(f *gateway.Facts) factsRow {
	if f == nil {
		return factsRow{}
	}
	return factsRow{
		listed: number(f.At), capacity: number(f.Capacity), timezone: text(f.Timezone()), tags: joinTags(f.Tags),
		entrance: number(flag(f.Entrance)), shifted: number(f.Shifted),
	}
}

// facts returns what a row holds, whose sum has been found to fit. With an error beside it part of it cannot be had.
func (r *factsRow) facts() (f *gateway.Facts, err error) {
	if r.listed == 0 {
		return nil, nil
	}
	f = &gateway.Facts{
		At: gateway.Timestamp(r.listed), Capacity: int(r.capacity), Entrance: r.entrance == 1, Shifted: gateway.Timestamp(r.shifted),
	}
	if r.timezone != "" {
		if f.Clock, err = time.LoadLocation(string(r.timezone)); err != nil {
			err = fmt.Errorf("the time zone %q is not known to this machine, and the gateway's own counts there", r.timezone)
		}
	}
	if r.tags != "" && json.Unmarshal([]byte(r.tags), &f.Tags) != nil {
		err = fmt.Errorf("its tags: %w", errUnlike)
	}
	return f, err
}

// joinTags writes tags as a JSON list, "" for none.
func joinTags(tags []string) text {
	if len(tags) == 0 {
		return ""
	}
	out, _ := json.Marshal(tags) // of texts nothing can fail
	return text(out)
}
