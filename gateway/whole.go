package gateway

import "time"

// Distrust says that nothing of what was stored can be relied on: [State.Leftover] is then everything that is believed.
func (s *State) Distrust() { s.unsure.everything = true }

// everything returns a batch of all that is stored of the state. When it was last alive is stored every minute.
func (s *State) everything() *Batch {
	b := &Batch{Whole: true, Edition: s.editionToStore(), Audit: s.Audit()}
	for _, a := range s.assets {
		if a != nil {
			rewrite(b, a)
		}
	}
	for hour, keys := range s.counted.hours {
		for key := range keys {
			b.Counted = append(b.Counted, Increment{Key: key, At: Timestamp(hour * time.Hour.Milliseconds())})
		}
	}
	return b
}
