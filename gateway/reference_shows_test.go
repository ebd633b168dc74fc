package gateway

import (
	"slices"
	"testing"
	"time"
)

// What else an asset shows: people, motion, the day, traffic, overrides.

func TestReferencePeople(t *testing.T) {
	three := []Event{refPeople("room_a", 3, "09:00:00")}
	tell := func(s refSnapshot) string {
		text := telling(People)(s)
		if s.Estimate {
			text += " estimate"
		}
		return text
	}
	checkReference(t, tell, []referenceCase{
		{
			name:   "is kept while the feed is silent, and on hold when it is dead",
			events: three,
			then:   map[string]string{"09:04:59": "3 good", "09:05:00": "3 held", "09:15:00": "3 substituted"},
		},
		{
			name:     "is a number when the feed is dead",
			settings: func(s *Settings) { s.PeopleOnLoss, s.PeopleSubstitute = PeopleNumber, 7 },
			events:   three,
			then:     map[string]string{"09:14:59": "3 held", "09:15:00": "7 substituted"},
		},
		{
			name:     "is the capacity when the feed is dead",
			settings: func(s *Settings) { s.PeopleOnLoss = PeopleCapacity },
			rules:    func(r *Rules) { r.Assets = map[AssetID]AssetRule{"room_a": {Capacity: 12}} },
			events:   three,
			then:     map[string]string{"09:15:00": "12 substituted"},
		},
		{
			name:     "is the last where no capacity is known",
			settings: func(s *Settings) { s.PeopleOnLoss = PeopleCapacity },
			events:   three,
			then:     map[string]string{"09:15:00": "3 substituted"},
		},
		{
			name:   "is that of the newest moment, whatever comes late",
			events: append(three, refPeople("room_a", 9, "08:59:00")),
			then:   map[string]string{"09:01:00": "3 good"},
		},
		{
			name:   "is the traffic estimate where nothing else counts",
			events: []Event{refPassed("sensor_1", "room_a", 4, 1, "09:00:00")},
			then:   map[string]string{"09:01:00": "3 uncertain estimate"},
		},
		{
			name:   "is nothing where only motion is seen",
			events: []Event{refMotion("room_a", "09:00:00")},
			then:   map[string]string{"09:01:00": "? never"},
		},
		{
			name:    "is held in the grace of a start",
			started: "10:00:00", alive: "09:10:00",
			events: three,
			then:   map[string]string{"10:01:00": "3 held", "10:05:00": "3 substituted"},
		},
	})
}

func TestReferenceUtilisation(t *testing.T) {
	checkReference(t, telling(Utilisation), []referenceCase{
		{
			name:   "is rounded",
			rules:  func(r *Rules) { r.Assets = map[AssetID]AssetRule{"room_a": {Capacity: 12}} },
			events: []Event{refPeople("room_a", 5, "09:00:00")},
			then:   map[string]string{"09:01:00": "417 good"},
		},
		{
			name:   "is nothing where no capacity is known",
			events: []Event{refPeople("room_a", 5, "09:00:00")},
			then:   map[string]string{"09:01:00": "? never"},
		},
	})
}

func TestReferenceMotionReading(t *testing.T) {
	checkReference(t, telling(Motion), []referenceCase{
		{
			name:   "is unknown once it is latched",
			events: []Event{refMotion("room_a", "09:00:00")},
			then:   map[string]string{"12:59:59.999": "1 good", "13:00:00": "? uncertain"},
		},
		{
			name:   "is kept while the site is silent",
			events: slices.Concat(refRhythm("08:30:00", "09:00:00"), []Event{refMotion("room_a", "08:40:00")}),
			then:   map[string]string{"09:04:59": "1 good", "09:05:00": "1 held", "09:15:00": "1 substituted"},
		},
		{
			name:   "is doubted when people ended it",
			events: slices.Concat(refEveryMinute("08:50:00", "10:20:00", func(at string) Event { return refPeople("room_a", 0, at) }), []Event{refMotion("room_a", "09:00:00")}),
			then:   map[string]string{"09:59:59": "1 good", "10:00:00": "1 uncertain"},
		},
	})
}

func TestReferenceToday(t *testing.T) {
	peopleOn := func(s *Settings) { s.OnCount = 2 }
	checkReference(t, telling(PeakToday, OccupiedMinutesToday), []referenceCase{
		{
			name:     "counts distinct minutes with a positive, and the day's greatest number",
			settings: peopleOn,
			events: []Event{
				refPeople("room_a", 2, "09:00:10"), refPeople("room_a", 4, "09:00:40"), refPeople("room_a", 1, "09:01:00"),
				refPeople("room_a", 3, "09:02:00"), refPeople("room_a", 9, "09:02:30"), refMinted(refPeople("room_a", 0, "09:02:30"), "09:05:00", 0),
			},
			then: map[string]string{"09:03:00": "4 good, 2 good"},
		},
		{
			name:   "begins at midnight",
			events: []Event{refPeople("room_a", 5, "23:59:59.999"), refPeople("room_a", 2, "24:00:00")},
			then:   map[string]string{"23:59:59.999": "5 good, 1 good", "24:00:30": "2 good, 1 good"},
		},
		{
			name: "begins at the site's own midnight",
			rules: func(r *Rules) {
				r.Sites = map[AssetID]SiteRule{"site_1": {Location: referenceLocation("Europe/Amsterdam")}}
			},
			events: []Event{refPeople("room_a", 5, "22:59:00"), refPeople("room_a", 2, "23:00:00")},
			then:   map[string]string{"22:59:30": "5 good, 1 good", "23:00:30": "2 good, 1 good"},
		},
		{
			name:   "counts the minutes that motion touches, without a feed of people",
			events: []Event{refMotion("room_a", "09:00:30"), refNoMotion("room_a", "09:02:00"), refMotion("room_a", "09:02:40")},
			then:   map[string]string{"09:00:59": "? never, 1 good", "09:02:39": "? never, 3 good", "09:04:00": "? never, 5 good"},
		},
		{
			name:   "counts no longer than a latch lasts, and only today's",
			events: []Event{refMotion("room_a", "22:00:30")},
			then: map[string]string{
				"24:09:00": "? never, 10 good",
				"27:00:00": "? never, 121 uncertain", // until 02:00:30
			},
		},
	})
}

func referenceLocation(name string) *time.Location {
	place, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return place
}

func TestReferenceTraffic(t *testing.T) {
	door := []Event{
		refPassed("sensor_1", "room_a", 3, 0, "23:50:00"), refPassed("sensor_1", "room_a", 3, 0, "23:50:00"),
		refPassed("sensor_2", "room_a", 1, 0, "23:50:00"), refPassed("sensor_1", "room_a", 0, 6, "23:55:00"),
		refPassed("sensor_1", "room_a", 2, 1, "24:00:00"), refPassed("sensor_9", "", 5, 1, "23:52:00"),
	}
	then := map[string]string{
		"23:51:00": "4 good, 0 good, 4 uncertain", // the same id of another sensor counts, again it does not
		"23:56:00": "4 good, 6 good, 0 uncertain",
		"24:00:10": "6 good, 7 good, 1 uncertain",
	}
	checkReference(t, telling(TrafficIn, TrafficOut, TrafficEstimate), []referenceCase{
		{name: "counts each event once, and the estimate by the day", events: door, then: then},
		{name: "of an entrance counts for the floor", asset: "space_1", events: door, then: map[string]string{"23:56:00": "5 good, 1 good, 4 uncertain"}},
		{name: "of an entrance counts for the building", asset: "building_1", events: door, then: map[string]string{"23:56:00": "5 good, 1 good, 4 uncertain"}},
		{name: "of an entrance counts for the site", asset: "site_1", events: door, then: map[string]string{"23:56:00": "5 good, 1 good, 4 uncertain"}},
		{name: "counts for its sensor", asset: "sensor_1", events: door, then: map[string]string{"23:56:00": "3 good, 6 good, 0 uncertain"}},
		{
			name: "lives with its site",
			events: slices.Concat(refRhythm("08:30:00", "09:00:00"),
				[]Event{refPassed("sensor_1", "room_a", 3, 0, "08:50:00")}),
			then: map[string]string{"09:04:00": "3 good, 0 good, 3 uncertain", "09:05:00": "3 held, 0 held, 3 held", "09:15:00": "3 substituted, 0 substituted, 3 substituted"},
		},
	})
}

func TestReferenceEstimateBeginsAnewOnCommand(t *testing.T) {
	r := newReference(DefaultRules(), 0, 0)
	for _, c := range []struct {
		event     Event
		now, want string
	}{
		{refPassed("sensor_1", "room_a", 4, 0, "09:00:00"), "09:00:59", "4 good, 4 uncertain"},
		{refPassed("sensor_1", "room_a", 2, 0, "09:00:30"), "09:01:00", "6 good, 0 uncertain"},
		{refPassed("sensor_1", "room_a", 1, 0, "09:02:00"), "09:02:00", "7 good, 1 uncertain"},
	} {
		r.apply(c.event.At, c.event)
		now := referenceClock(c.now)
		if now >= referenceClock("09:01:00") && len(r.resets) == 0 {
			r.resetEstimate(referenceClock("09:01:00"), "room_a")
		}
		if got := telling(TrafficIn, TrafficEstimate)(r.show(now, "room_a")); got != c.want {
			t.Errorf("at %s: got %s, want %s", c.now, got, c.want)
		}
	}
}

func TestReferenceDayWhereTheClocksChange(t *testing.T) {
	for _, c := range []struct{ place, within, begins, ends string }{
		{"Europe/Amsterdam", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"Europe/Amsterdam", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"Australia/Lord_Howe", "2026-04-04T20:00:00Z", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"},
		{"America/Havana", "2026-03-08T16:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"}, // there is no midnight
		{"Asia/Beirut", "2026-03-29T12:00:00Z", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"},    // nor there
	} {
		moment := func(text string) Timestamp {
			m, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			return TimestampOf(m)
		}
		place := referenceLocation(c.place)
		if got, want := referenceMidnight(moment(c.within), place), moment(c.begins); got != want {
			t.Errorf("%s: the day begins at %s, want %s", c.place, got.Time(), want.Time())
		}
		if got, want := referenceNextMidnight(moment(c.within), place), moment(c.ends); got != want {
			t.Errorf("%s: the day ends at %s, want %s", c.place, got.Time(), want.Time())
		}
	}
}

func TestReferenceOverrides(t *testing.T) {
	override := func(target Target, value int, source Source) Override {
		return Override{Target: target, Value: value, Source: source, Since: referenceClock("09:00:00"), Until: referenceClock("10:00:00")}
	}
	occupied := refEveryMinute("08:50:00", "10:10:00", func(at string) Event { return refPeople("room_a", 3, at) })
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:   "stand in until they end by themselves",
			events: occupied,
			forced: []Override{override(TargetOutputs, 0, FromController)},
			then: map[string]string{
				"08:59:59":     "111 good: people",
				"09:00:00":     "000 forced: forced",
				"09:59:59.999": "000 forced: forced",
				"10:00:00":     "111 good: people",
			},
		},
		{
			name:   "of one output leave the others alone",
			events: occupied,
			forced: []Override{override(TargetLighting, 0, FromController)},
			then:   map[string]string{"09:30:00": "011 good: people"},
		},
		{
			name:   "of one output beat one of all, of the same source",
			events: occupied,
			forced: []Override{override(TargetOutputs, 0, FromMessage), override(TargetHVAC, 1, FromMessage), override(TargetLighting, 1, FromController), override(TargetVentilation, 1, FromOperator)},
			then:   map[string]string{"09:30:00": "011 forced: forced"},
		},
		{
			name:   "stand in where nothing is known",
			events: []Event{refZone("zone_1", "room_a", 2, "08:00:00")},
			forced: []Override{override(TargetVentilation, 1, FromOperator)},
			then:   map[string]string{"09:30:00": "??1 never: no data"},
		},
		{
			name:   "of an aggregate force only the aggregate",
			asset:  "space_1",
			events: occupied,
			forced: []Override{override(TargetOutputs, 0, FromOperator)},
			then:   map[string]string{"09:30:00": "000 forced: forced"},
		},
	})
	checkReference(t, telling(People), []referenceCase{
		{
			name:   "of people change people",
			events: occupied,
			forced: []Override{override(TargetPeople, 9, FromOperator)},
			then:   map[string]string{"09:30:00": "9 forced", "10:00:00": "3 good"},
		},
	})
}

func TestReferenceReleasedOverride(t *testing.T) {
	now := referenceClock("09:00:00")
	r := newReference(DefaultRules(), 0, 0)
	r.apply(now, refPeople("room_a", 3, "09:00:00"))
	r.force("room_a", Override{Target: TargetHVAC, Until: now + 1000})
	if got, want := tellOutputs(r.show(now, "room_a")), "101 forced: forced"; got != want {
		t.Errorf("forced: got %s, want %s", got, want)
	}
	r.release("room_a", TargetHVAC)
	if got, want := tellOutputs(r.show(now, "room_a")), "111 good: people"; got != want {
		t.Errorf("released: got %s, want %s", got, want)
	}
}
