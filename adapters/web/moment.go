package web

import (
	"encoding/json"
	"fmt"
	"time"

	"butlr-gateway/gateway"
)

// Moment is a moment in JSON: RFC 3339 with milliseconds, in UTC; null for never.
type Moment gateway.Timestamp

const momentLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON writes the moment.
func (m Moment) MarshalJSON() ([]byte, error) {
	if m == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(gateway.Timestamp(m).Time().Format(momentLayout))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Moment) UnmarshalJSON(text []byte) error {
	var written *string
	if err := json.Unmarshal(text, &written); err != nil {
		return err
	}
	if *m = 0; written == nil {
		return nil
	}
	t, err := time.Parse(time.RFC3339, *written)
	if err != nil {
		return fmt.Errorf("reading a moment: %w", err)
	}
	*m = Moment(gateway.TimestampOf(t))
	return nil
}
