package gateway

// Fate is what became of an event when it came.
type Fate uint8

// The fates.
const (
	Accepted   Fate = iota
	Duplicate       // known already
	Superseded      // of a moment of which another event is believed
	Late            // older than the newest of its feed: it changes history, and nothing else unless a delay counts from it
	Refused         // see [Refusal]
	fateCount  = iota
)

var fateNames = [fateCount]string{"accepted", "duplicate", "superseded", "late", "refused"}

// String returns the name that pages use.
func (f Fate) String() string { return fateNames[f] }

// SeenEvent is an event about an asset, and what became of it.
type SeenEvent struct {
	Arrived Timestamp // by this machine's clock
	At      Timestamp // when it says that it was sensed
	Type    EventType
	ID      EventID
	Origin  Origin
	People  int // of Occupancy and OccupancyMinute; of Detected how many, and never where
	In, Out int // of Traffic
	Fate    Fate
	Reason  Refusal // of what was refused
	Why     string  // of whatever was not simply accepted, as a sentence; else ""
}

// recentEvent is a [SeenEvent] as it is kept: without pointers, so that the collector of garbage never looks at it.
type recentEvent struct {
	arrived Timestamp
	at      Timestamp
	before  uint64 // number of the event before it about the same asset; 0 for none
	id      EventID
	values  [2]int32 // people, or in and out
	kind    EventType
	fate    Fate
	reason  Refusal
	origin  Origin
}

const (
	recentKept = 1 << 16 // events of all assets together: some 4 MB
	recentPage = 1 << 9  // events that room is made for at once
)

// recentEvents keeps the newest events, in memory only. They are numbered from 1, and each knows the one before it
// about the same asset, which knows its newest: neither their number nor that of the assets makes any difference to
// what one costs. A chain ends where the newer ones of others have taken its place.
type recentEvents struct {
	pages [recentKept / recentPage]*[recentPage]recentEvent
	count uint64 // all that there ever were
}

// add keeps an event and returns its number; before is that of the one before it about the same asset.
func (r *recentEvents) add(before uint64, e *recentEvent) (number uint64) {
	k := r.count % recentKept
	page := r.pages[k/recentPage]
	if page == nil {
		page = new([recentPage]recentEvent)
		r.pages[k/recentPage] = page
	}
	r.count++
	page[k%recentPage] = *e
	page[k%recentPage].before = before
	return r.count
}

// at returns the event of that number, nil if it is not kept any more.
func (r *recentEvents) at(number uint64) *recentEvent {
	if number == 0 || number+recentKept <= r.count {
		return nil
	}
	k := (number - 1) % recentKept
	return &r.pages[k/recentPage][k%recentPage]
}

// noted is an event of the batch in progress, and what it is about.
type noted struct {
	asset *asset
	event recentEvent
}

// note keeps what became of an event that was admitted: of the place that it is about; of one who passed a sensor
// also of the places that the sensor counts for.
func (s *State) note(i Instant, e *Event, id EventID, places *[6]*asset, fate Fate) {
	n := noted{places[e.Subject-Site], recentEvent{arrived: i.Timestamp(), at: e.At, id: id, kind: e.Type, fate: fate, origin: e.Origin}}
	switch e.Type {
	case Occupancy, OccupancyMinute:
		n.event.values[0] = int32(e.People)
	case Traffic:
		n.event.values = [2]int32{int32(e.In), int32(e.Out)}
	case Detected:
		n.event.values[0] = int32(len(e.Found))
	}
	s.pending.noted = append(s.pending.noted, n)
	if e.Type != Traffic {
		return
	}
	for _, around := range countedFor(places, e) {
		if around != nil {
			n.asset = around
			s.pending.noted = append(s.pending.noted, n)
		}
	}
}

// noteRefused keeps that an event was refused, if what it is about is known.
func (s *State) noteRefused(i Instant, e *Event, why Refusal) {
	if e.Subject < Site || e.Subject > Sensor {
		return
	}
	a := s.byID[e.Path.places()[e.Subject-Site].ID]
	if a == nil {
		return
	}
	n := noted{a, recentEvent{
		arrived: i.Timestamp(), at: e.At, id: EventIDOf(e.ID[:min(len(e.ID), idLimit)]), kind: e.Type, fate: Refused, reason: why,
		origin: e.Origin,
	}}
	switch e.Type {
	case Occupancy, OccupancyMinute:
		n.event.values[0] = refusedCount(e.People)
	case Traffic:
		n.event.values = [2]int32{refusedCount(e.In), refusedCount(e.Out)}
	}
	s.pending.noted = append(s.pending.noted, n)
}

// refusedCount is a count as far as it can be kept: it may be why the event was refused.
func refusedCount(n int) int32 { return int32(min(max(n, -1<<31), 1<<31-1)) }

// settleNoted keeps what became of the events of a batch, once it is stored.
func (s *State) settleNoted() {
	for i := range s.pending.noted {
		n := &s.pending.noted[i]
		n.asset.newestEvent = s.recent.add(n.asset.newestEvent, &n.event)
	}
}

// Seen returns the newest events about an asset, the newest first and at most so many. Those of the batch in progress
// are not among them. How far back they reach depends on how much is heard of all assets together.
func (s *State) Seen(id AssetID, most int) []SeenEvent {
	a := s.byID[id]
	if a == nil {
		return nil
	}
	s.pending.swap() // what is believed of a moment is what is stored
	defer s.pending.swapBack()
	var out []SeenEvent
	for e := s.recent.at(a.newestEvent); e != nil && len(out) < most; e = s.recent.at(e.before) {
		out = append(out, s.seenEvent(a, e))
	}
	return out
}

func (s *State) seenEvent(a *asset, e *recentEvent) SeenEvent {
	out := SeenEvent{
		Arrived: e.arrived, At: e.at, Type: e.kind, ID: e.id, Origin: e.origin, Fate: e.fate, Reason: e.reason,
	}
	if e.kind == Traffic {
		out.In, out.Out = int(e.values[0]), int(e.values[1])
	} else {
		out.People = int(e.values[0])
	}
	switch e.fate {
	case Refused:
		out.Why = s.explainRefusal(&RefusedEvent{Reason: e.reason, At: e.at, Arrived: e.arrived})
	case Duplicate:
		out.Why = "it was known already"
	case Superseded:
		out.Why = "of the same moment another event is believed"
	case Late:
		out.Why = "a newer event was known already: it changes history, and what is shown only where a delay counts from it"
		if e.kind == Detected {
			out.Why = "a newer event was known already"
		}
	}
	if (e.fate == Accepted || e.fate == Late) && a.believesAnother(e) {
		out.Fate, out.Why = Superseded, "it was believed until another event of the same moment came"
	}
	return out
}

// believesAnother tells whether another event of the same moment is believed by now.
func (a *asset) believesAnother(e *recentEvent) bool {
	var f Feed
	switch e.kind {
	case Occupancy:
		f = PeopleFeed
	case OccupancyMinute:
		f = PeopleMinuteFeed
	case MotionStarted, MotionEnded:
		f = MotionFeed
	default:
		return false
	}
	h := a.feeds[f]
	if h == nil {
		return false
	}
	i, found := h.place(f, &Entry{At: e.at})
	return found && h.window[i].ID != e.id
}
