package store

import (
	"context"
	"fmt"

	"butlr-gateway/gateway"
)

// Past is how an asset was over some time.
type Past struct {
	Before  *Sample // the last one before that time, nil if there is none
	Samples []Sample
	Runs    []Run // in which a gateway ran, the oldest first
}

// Look returns the samples of an asset from a moment on, and before another. It may be up to 20 s behind.
func (s *Samples) Look(ctx context.Context, id gateway.AssetID, from, until gateway.Timestamp) (*Past, error) {
	past := &Past{Samples: []Sample{}, Runs: []Run{}}
	err := s.look(ctx, past, id, from, until)
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", id, err)
	}
	return past, nil
}

func (s *Samples) look(ctx context.Context, past *Past, id gateway.AssetID, from, until gateway.Timestamp) error {
	runs, err := s.reader.QueryContext(ctx, "SELECT began, until FROM runs WHERE until >= ? AND began < ? ORDER BY began", int64(from), int64(until))
	if err != nil {
		return err
	}
	defer runs.Close()
	for runs.Next() {
		var r Run
		if err := runs.Scan((*int64)(&r.From), (*int64)(&r.Until)); err != nil {
			return err
		}
		past.Runs = append(past.Runs, r)
	}
	if err := runs.Err(); err != nil {
		return err
	}
	days, err := samplesDays(ctx, s.reader)
	if err != nil {
		return err
	}
	for _, day := range days {
		if begin := gateway.Timestamp(day) * dayMillis; begin >= until {
			break
		}
		if err := s.lookAtDay(ctx, past, day, id, from, until); err != nil {
			return err
		}
	}
	return nil
}

// lookAtDay takes a day's samples. Of a day before all only the last is wanted.
func (s *Samples) lookAtDay(ctx context.Context, past *Past, day int64, id gateway.AssetID, from, until gateway.Timestamp) error {
	begin := gateway.Timestamp(day) * dayMillis
	query := fmt.Sprintf("SELECT minute, people, flags FROM day_%d WHERE asset = (SELECT place FROM assets WHERE id = ?)", day)
	if begin+dayMillis <= from {
		query += " ORDER BY minute DESC LIMIT 1"
	} else {
		query += " ORDER BY minute"
	}
	rows, err := s.reader.QueryContext(ctx, query, string(id))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var minute int64
		var p packed
		if err := rows.Scan(&minute, &p.people, &p.flags); err != nil {
			return err
		}
		sample := p.sample(begin + gateway.Timestamp(minute)*minuteMillis)
		switch {
		case sample.Minute >= until:
			return nil
		case sample.Minute < from:
			past.Before = &sample
		default:
			past.Samples = append(past.Samples, sample)
		}
	}
	return rows.Err()
}

// Size returns how many bytes the samples take on disk, and the beginning of the oldest day that is kept, 0 if
// there is none.
func (s *Samples) Size(ctx context.Context) (bytes int64, oldest gateway.Timestamp, err error) {
	days, err := samplesDays(ctx, s.reader)
	if err != nil {
		return 0, 0, fmt.Errorf("measuring the history: %w", err)
	}
	if bytes, err = samplesSize(ctx, s.reader); err != nil {
		return 0, 0, fmt.Errorf("measuring the history: %w", err)
	}
	if len(days) > 0 {
		oldest = gateway.Timestamp(days[0]) * dayMillis
	}
	return bytes, oldest, nil
}
