package web

import (
	"bytes"
	"encoding/json"

	"butlr-gateway/gateway"
)

// LiveSummary counts what the gateway has: the event "summary" of the live stream.
type LiveSummary struct {
	Now       Moment                     `json:"now"`
	Assets    int                        `json:"assets"`
	Qualities map[string]int             `json:"qualities"`
	Accepted  uint64                     `json:"events_accepted"`
	Refused   uint64                     `json:"events_refused"`
	Overrides int                        `json:"overrides"` // in force
	Alarms    []Alarm                    `json:"alarms"`
	Heard     map[gateway.AssetID]Moment `json:"heard"` // when each site was last heard of
}

func (l *live) summary() LiveSummary {
	sum := l.rows.board.Summary()
	out := LiveSummary{
		Now: Moment(l.rows.now()), Assets: sum.Assets, Qualities: qualitiesOf(&sum.Qualities), Accepted: sum.Accepted, Refused: sum.Refused,
		Overrides: l.rows.board.Overrides(), Alarms: []Alarm{}, Heard: l.rows.board.Heard(),
	}
	for alarm, why := range l.reporter.Alarms.Each {
		out.Alarms = append(out.Alarms, Alarm{alarm.String(), why})
	}
	return out
}

// frame encodes news for listeners: first who left, so that an asset that moved is never there twice; nil for none.
// The cursor comes with the last of it.
func (m *rowMaker) frame(n *news) []byte {
	var out []byte
	if len(n.left) > 0 {
		cursor := n.cursor
		if len(n.changed) > 0 {
			cursor = ""
		}
		out = event(out, cursor, "left", n.left)
	}
	if len(n.changed) > 0 {
		rows := make([]Row, len(n.changed))
		for i := range n.changed {
			rows[i] = m.row(&n.changed[i], n.now)
		}
		out = event(out, n.cursor, "assets", rows)
	}
	return out
}

// event appends one server-sent event. JSON has no line breaks of its own, so that its data is one line.
func event(to []byte, cursor, name string, data any) []byte {
	b := bytes.NewBuffer(to)
	if cursor != "" {
		b.WriteString("id: " + cursor + "\n")
	}
	b.WriteString("event: " + name + "\ndata: ")
	if err := json.NewEncoder(b).Encode(data); err != nil {
		b.WriteString("null\n") // no type that is told can fail
	}
	b.WriteByte('\n')
	return b.Bytes()
}
