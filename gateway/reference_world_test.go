package gateway

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
)

// referenceWorld is what all events together say, whatever the time is now.
type referenceWorld struct {
	assets map[AssetID]*referenceAsset
	sites  map[AssetID]*referenceSite
}

// referenceAsset is what all events together say of one asset.
type referenceAsset struct {
	id        AssetID
	kind      Kind
	parent    AssetID
	custom    string
	site      AssetID // "" if it lies in none
	settings  Settings
	revisions [MotionFeed + 1][]referenceRevision // by time, one for each moment
	seen      []referenceRevision                 // of its DETECTIONS, by time
	passed    []referencePassing                  // by time
	spoken    bool                                // something was said about it

	parentTold, customTold Timestamp
}

// referencePassing is one TRAFFIC event.
type referencePassing struct {
	At      Timestamp
	In, Out int
}

// referenceSite is how alive a site was.
type referenceSite struct {
	heard       []Timestamp // the times of all that anything in it said, in order
	minuteFeeds int         // feeds that speak every minute
	starts      []Timestamp // when each of them was first heard
}

// hadPulse tells whether the site had two feeds with a rhythm at a moment.
func (s *referenceSite) hadPulse(at Timestamp) bool {
	n := 0
	for _, start := range s.starts {
		if start <= at {
			n++
		}
	}
	return n >= 2
}

// newest returns when a site was last heard of.
func (s *referenceSite) newest() Timestamp { return s.heard[len(s.heard)-1] }

// referencePlaces are the places of a path that are assets, from the site inwards.
func referencePlaces(p Path) (places []Place, kinds []Kind) {
	for i, place := range []Place{p.Site, p.Building, p.Floor, p.Room, p.Zone, p.Sensor} {
		if place.ID != "" {
			places, kinds = append(places, place), append(kinds, Site+Kind(i))
		}
	}
	return places, kinds
}

// referenceSubject is what an event is about.
func referenceSubject(e *Event) AssetID {
	places, kinds := referencePlaces(e.Path)
	if i := slices.Index(kinds, e.Subject); i >= 0 {
		return places[i].ID
	}
	return ""
}

// look returns what the events add up to.
func (r *reference) look() *referenceWorld {
	if r.world != nil {
		return r.world
	}
	w := &referenceWorld{assets: make(map[AssetID]*referenceAsset), sites: make(map[AssetID]*referenceSite)}
	for i := range r.events {
		w.locate(&r.events[i])
	}
	for _, a := range w.assets {
		a.site = w.siteOf(a)
		a.settings = r.rules.For(a.id, a.kind, a.site, a.custom)
	}
	counted := make(map[[2]string]bool)
	for i := range r.events {
		e := &r.events[i]
		w.hear(e)
		if key := [2]string{string(e.Path.Sensor.ID), e.ID}; e.Type != Traffic {
			w.merge(e)
		} else if !counted[key] {
			counted[key] = true
			w.count(e)
		}
	}
	for _, a := range w.assets {
		if site := w.sites[a.site]; site != nil && a.settings.Feed == FeedMinute {
			for _, feed := range []Feed{PeopleFeed, PeopleMinuteFeed} {
				if len(a.revisions[feed]) > 0 {
					site.minuteFeeds++
					site.starts = append(site.starts, a.revisions[feed][0].At)
				}
			}
		}
	}
	for _, s := range w.sites {
		slices.Sort(s.heard)
	}
	r.world = w
	return w
}

// locate takes over where an event's places lie. An event that names the smallest place around them says so, of
// several the newest, and of two of one moment the greater text.
func (w *referenceWorld) locate(e *Event) {
	places, kinds := referencePlaces(e.Path)
	var around AssetID
	for i, p := range places {
		a := w.assets[p.ID]
		if a == nil {
			a = &referenceAsset{id: p.ID, kind: kinds[i]}
			w.assets[p.ID] = a
		}
		if around != "" && cmp.Or(cmp.Compare(w.kindOf(around), w.kindOf(a.parent)), cmp.Compare(e.At, a.parentTold), cmp.Compare(around, a.parent)) > 0 {
			a.parent, a.parentTold = around, e.At
		}
		if p.CustomID != "" && (e.At > a.customTold || e.At == a.customTold && p.CustomID > a.custom) {
			a.custom, a.customTold = p.CustomID, e.At
		}
		around = p.ID
	}
}

// kindOf returns what a place is, NoKind if it is none.
func (w *referenceWorld) kindOf(id AssetID) Kind {
	if a := w.assets[id]; a != nil {
		return a.kind
	}
	return NoKind
}

// around returns the places around an asset, from the inside out.
func (w *referenceWorld) around(a *referenceAsset) (places []*referenceAsset) {
	for up := w.assets[a.parent]; up != nil && !slices.Contains(places, up); up = w.assets[up.parent] {
		places = append(places, up)
	}
	return places
}

func (w *referenceWorld) siteOf(a *referenceAsset) AssetID {
	for _, place := range append([]*referenceAsset{a}, w.around(a)...) {
		if place.kind == Site {
			return place.id
		}
	}
	return ""
}

// hear notes that the event's site spoke, and that of its subject.
func (w *referenceWorld) hear(e *Event) {
	sites := []AssetID{e.Path.Site.ID}
	if subject := w.assets[referenceSubject(e)]; subject != nil && subject.site != e.Path.Site.ID {
		sites = append(sites, subject.site)
	}
	for _, id := range sites {
		if id == "" {
			continue
		}
		if w.sites[id] == nil {
			w.sites[id] = &referenceSite{}
		}
		w.sites[id].heard = append(w.sites[id].heard, e.At)
	}
}

// merge takes over what an event says of its subject at its moment.
func (w *referenceWorld) merge(e *Event) {
	a := w.assets[referenceSubject(e)]
	a.spoken = true
	switch e.Type {
	case Occupancy:
		a.revise(&a.revisions[PeopleFeed], referenceRevision{e.At, e.People, e.ID})
	case OccupancyMinute:
		a.revise(&a.revisions[PeopleMinuteFeed], referenceRevision{e.At, e.People, e.ID})
	case MotionStarted:
		a.revise(&a.revisions[MotionFeed], referenceRevision{e.At, 1, e.ID})
	case MotionEnded:
		a.revise(&a.revisions[MotionFeed], referenceRevision{e.At, 0, e.ID})
	case Detected:
		a.revise(&a.seen, referenceRevision{e.At, len(e.Found), e.ID})
	}
}

// revise keeps one revision for each moment.
func (a *referenceAsset) revise(list *[]referenceRevision, r referenceRevision) {
	for i, old := range *list {
		if old.At != r.At {
			continue
		}
		if a.settings.Tie == TieByArrival || referenceBeats(r, old) {
			(*list)[i] = r
		}
		return
	}
	*list = append(*list, r)
	slices.SortFunc(*list, func(x, y referenceRevision) int { return cmp.Compare(x.At, y.At) })
}

// referenceBeats tells which of two revisions of one moment is believed: the later minted, then the
// positive, which is the greater value, then the greater id.
func referenceBeats(r, old referenceRevision) bool {
	return cmp.Or(
		cmp.Compare(referenceMinted(r.ID), referenceMinted(old.ID)),
		cmp.Compare(r.Value, old.Value),
		cmp.Compare(r.ID, old.ID),
	) > 0
}

// count adds a TRAFFIC event to its sensor, and to the sensor's room or, at an entrance, to the places
// around it.
func (w *referenceWorld) count(e *Event) {
	credited := []AssetID{e.Path.Sensor.ID, e.Path.Room.ID}
	if e.Path.Room.ID == "" {
		credited = []AssetID{e.Path.Sensor.ID, e.Path.Floor.ID, e.Path.Building.ID, e.Path.Site.ID}
	}
	for _, id := range credited {
		if a := w.assets[id]; a != nil {
			a.spoken = true
			a.passed = append(a.passed, referencePassing{e.At, e.In, e.Out})
			slices.SortStableFunc(a.passed, func(x, y referencePassing) int { return cmp.Compare(x.At, y.At) })
		}
	}
}

// referenceDigits are the digits of a KSUID, 62 to the base.
const referenceDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// referenceMinted returns the second in which an id was made, counted from the beginning of KSUIDs: 0 if
// it is no KSUID.
func referenceMinted(id string) uint64 {
	text := strings.TrimPrefix(id, "event_")
	if len(text) != 27 {
		return 0
	}
	number := new(big.Int)
	for _, digit := range text {
		value := strings.IndexRune(referenceDigits, digit)
		if value < 0 {
			return 0
		}
		number.Mul(number, big.NewInt(62)).Add(number, big.NewInt(int64(value)))
	}
	if number.BitLen() > 160 {
		return 0
	}
	return number.Rsh(number, 128).Uint64()
}

// kind returns what an asset is, NoKind if nobody spoke of it.
func (r *reference) kind(id AssetID) Kind {
	if strings.HasPrefix(string(id), "group:") {
		return Group
	}
	if a := r.look().assets[id]; a != nil {
		return a.kind
	}
	return NoKind
}

// ids returns every asset that an event named, and every group, in order.
func (r *reference) ids() (ids []AssetID) {
	for id := range r.look().assets {
		ids = append(ids, id)
	}
	for key := range r.rules.Groups {
		ids = append(ids, GroupID(key))
	}
	slices.Sort(ids)
	return ids
}
