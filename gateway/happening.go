package gateway

// Happening is what was over as soon as it was said: people passed, motion began or ended, a sensor saw
// people somewhere. It is told once, after the events that it comes with are on disk, and kept nowhere.
// Whoever needs to know how things stand looks at the readings.
type Happening struct {
	Asset   *Asset     // what it is about; of Traffic also each place that the sensor counts for
	Type    EventType  // Traffic, MotionStarted, MotionEnded or Detected
	At      Timestamp  // when it was sensed
	ID      string     // Butlr's, of the event
	In, Out int        // of Traffic: people
	Found   []Position // of Detected: where. Personal data: it must not be stored
}

// happened is a happening of the batch in progress, whose asset may be described anew before it ends.
type happened struct {
	asset *asset
	what  Happening
}

// happen notes that an event that was not known before tells of something that is over.
func (p *pendingBatch) happen(a *asset, e *Event) {
	p.happened = append(p.happened, happened{a, Happening{Type: e.Type, At: e.At, ID: e.ID, In: e.In, Out: e.Out, Found: e.Found}})
}

// tell adds what happened in the batch to the update.
func (s *State) tell(u *Update) {
	for _, h := range s.pending.happened {
		h.what.Asset = h.asset.about
		u.Happened = append(u.Happened, h.what)
	}
}
