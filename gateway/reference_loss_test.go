package gateway

import (
	"slices"
	"testing"
	"time"
)

// What the outputs are when feeds fall silent, die and return.

// policies sets the policies of lighting, HVAC and ventilation.
func referencePolicies(lighting, hvac, ventilation Policy) func(*Settings) {
	return func(s *Settings) { s.OnLoss = [OutputCount]Policy{lighting, hvac, ventilation} }
}

func TestReferenceLifeOfAMinuteFeed(t *testing.T) {
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:   "it is stale after five minutes, dead after fifteen",
			events: []Event{refPeople("room_a", 3, "09:00:00")},
			then: map[string]string{
				"09:04:59.999": "111 good: people",
				"09:05:00":     "111 held: held",
				"09:14:59.999": "111 held: held",
				"09:15:00":     "111 substituted: on loss occupied",
			},
		},
		{
			name:     "each output has its own policy: of an empty room",
			settings: referencePolicies(PolicyOccupied, PolicyHold, PolicyVacant),
			events:   []Event{refPeople("room_a", 0, "09:00:00")},
			then:     map[string]string{"09:14:59": "000 held: held", "09:15:00": "100 substituted: on loss hold"},
		},
		{
			name:     "each output has its own policy: of a taken room",
			settings: referencePolicies(PolicyOccupied, PolicyHold, PolicyVacant),
			events:   []Event{refPeople("room_a", 3, "09:00:00")},
			then:     map[string]string{"09:14:59": "111 held: held", "09:15:00": "110 substituted: on loss hold"},
		},
		{
			name: "hold ends, where the site has no hours",
			settings: func(s *Settings) {
				referencePolicies(PolicyHold, PolicyHold, PolicyHold)(s)
				s.HoldMax = 2 * time.Hour
			},
			events: []Event{refPeople("room_a", 0, "09:00:00")},
			then:   map[string]string{"11:14:59.999": "000 substituted: on loss hold", "11:15:00": "111 substituted: on loss occupied"},
		},
		{
			name:   "outside its hours a lost uplink does not light a building",
			hours:  [2]string{"06:00:00", "20:00:00"},
			events: []Event{refPeople("room_a", 0, "19:50:00")},
			then: map[string]string{
				"20:05:00": "000 substituted: on loss hold",
				"29:59:59": "000 substituted: on loss hold",
				"30:00:00": "111 substituted: on loss occupied",
				"44:00:00": "000 substituted: on loss hold", // past hold_max, and outside
			},
		},
		{
			name:     "after hours there is another policy, in the place of occupied only",
			settings: func(s *Settings) { s.OnLossAfterHours = PolicyVacant; s.OnLoss[LightingOutput] = PolicyHold },
			hours:    [2]string{"06:00:00", "20:00:00"},
			events:   []Event{refPeople("room_a", 3, "19:50:00")},
			then:     map[string]string{"20:05:00": "100 substituted: on loss vacant"},
		},
		{
			name:   "an off-delay that ends while the feed is stale turns nothing off",
			events: []Event{refPeople("room_a", 3, "09:00:00"), refPeople("room_a", 0, "09:02:00")},
			then: map[string]string{
				"09:06:59": "111 good: off-delay",
				"09:08:30": "111 held: held", // ventilation was to go off at 09:08, and lighting at 09:12
				"09:16:59": "111 held: held",
			},
		},
		{
			name:     "such an output waits for a live feed",
			settings: func(s *Settings) { s.OffDelay[HVACOutput] = 6 * time.Minute },
			events:   []Event{refPeople("room_a", 3, "09:00:00"), refPeople("room_a", 0, "09:02:00"), refPeople("room_a", 0, "09:11:00")},
			then:     map[string]string{"09:08:00": "111 held: waiting", "09:11:00": "100 good: vacant"},
		},
		{
			name:     "an off-delay that ends just when the feed turns stale is over",
			settings: func(s *Settings) { s.OffDelay[HVACOutput] = 5 * time.Minute },
			events:   []Event{refPeople("room_a", 3, "09:00:00"), refPeople("room_a", 0, "09:02:00")},
			then:     map[string]string{"09:07:00": "101 held: held"},
		},
	})
}

func TestReferenceTwoFeeds(t *testing.T) {
	vacant := referencePolicies(PolicyVacant, PolicyVacant, PolicyVacant)
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:     "a live positive is enough, whatever a policy says of the dead feed",
			settings: vacant,
			events:   []Event{refPeople("room_a", 0, "09:00:00"), refMotion("room_a", "09:20:00"), refNoMotion("room_a", "09:30:00")},
			then: map[string]string{
				"09:16:00": "000 substituted: on loss vacant",
				"09:20:00": "111 good: motion",
				"09:30:00": "111 substituted: off-delay",
				"09:45:00": "000 substituted: on loss vacant",
			},
		},
		{
			name:   "a stale feed keeps its own part only, not what the other contributed",
			events: []Event{refPeople("room_a", 0, "09:00:00"), refMotion("room_a", "08:50:00"), refNoMotion("room_a", "09:04:00")},
			then: map[string]string{
				"09:05:00": "111 held: off-delay",
				"09:14:00": "010 held: off-delay",
				"09:15:00": "111 substituted: off-delay", // now people is dead
			},
		},
		{
			name:     "its own part is over when its off-delay is, whatever the other contributed",
			settings: func(s *Settings) { s.OffDelay[HVACOutput] = 5 * time.Minute },
			events:   []Event{refPeople("room_a", 3, "09:00:00"), refPeople("room_a", 0, "09:02:00"), refMotion("room_a", "08:50:00"), refNoMotion("room_a", "09:06:00")},
			then:     map[string]string{"09:10:59": "111 held: off-delay", "09:11:00": "101 held: held"},
		},
		{
			name:   "its own part goes on",
			events: []Event{refPeople("room_a", 2, "09:00:00"), refMotion("room_a", "08:50:00"), refNoMotion("room_a", "08:54:00")},
			then:   map[string]string{"09:12:00": "111 held: held"},
		},
		{
			name: "a dead feed on hold keeps its part",
			settings: func(s *Settings) {
				referencePolicies(PolicyHold, PolicyHold, PolicyHold)(s)
			},
			events: []Event{refPeople("room_a", 2, "09:00:00"), refMotion("room_a", "08:50:00"), refNoMotion("room_a", "08:54:00")},
			then:   map[string]string{"12:00:00": "111 substituted: on loss hold"},
		},
		{
			name:     "both: a dead feed that is taken for occupied leaves it to the other",
			settings: func(s *Settings) { s.Evidence = EvidenceBoth; s.OnDelay[LightingOutput] = 10 * time.Minute },
			events:   []Event{refPeople("room_a", 0, "09:00:00"), refMotion("room_a", "09:05:00")},
			then: map[string]string{
				"09:04:00": "000 good: vacant",
				"09:14:59": "000 held: held",
				"09:15:00": "111 substituted: motion", // the on-delay is over, as motion alone tells it
			},
		},
		{
			name:     "both: a dead feed that is taken for vacant is enough",
			settings: func(s *Settings) { vacant(s); s.Evidence = EvidenceBoth },
			events:   []Event{refPeople("room_a", 2, "09:00:00"), refMotion("room_a", "09:01:00")},
			then: map[string]string{
				"09:04:59": "111 good: people and motion",
				"09:05:00": "111 held: motion",
				"09:15:00": "000 substituted: on loss vacant",
			},
		},
		{
			name:     "both: what is live and clear beats a stale feed",
			settings: func(s *Settings) { s.Evidence = EvidenceBoth },
			events:   []Event{refPeople("room_a", 2, "09:00:00"), refMotion("room_a", "08:50:00"), refNoMotion("room_a", "09:06:00")},
			then: map[string]string{
				"09:05:30": "111 held: motion",
				"09:06:00": "111 good: off-delay",
				"09:12:00": "110 good: off-delay",
			},
		},
		{
			name:     "both: what is live and clear is enough, after the off-delay of what a policy had completed",
			settings: func(s *Settings) { s.Evidence = EvidenceBoth },
			events:   []Event{refPeople("room_a", 0, "08:30:00"), refMotion("room_a", "10:00:00"), refNoMotion("room_a", "10:30:00")},
			then:     map[string]string{"10:29:59": "111 substituted: motion", "10:30:00": "111 good: off-delay", "10:45:00": "000 good: vacant"},
		},
		{
			name:     "both: all dead and taken for occupied",
			settings: func(s *Settings) { s.Evidence = EvidenceBoth },
			events:   slices.Concat(refRhythm("08:30:00", "09:00:00"), []Event{refPeople("room_a", 0, "09:00:00"), refNoMotion("room_a", "08:50:00")}),
			then:     map[string]string{"09:14:59": "000 held: held", "09:15:00": "111 substituted: on loss occupied"},
		},
		{
			name: "both: all held",
			settings: func(s *Settings) {
				referencePolicies(PolicyHold, PolicyHold, PolicyVacant)(s)
				s.Evidence, s.OffDelay[LightingOutput] = EvidenceBoth, 6*time.Minute
			},
			// Both were positive until 08:58; lighting and ventilation go off at 09:04, HVAC at 09:13. All are
			// live until 09:05.
			events: slices.Concat(refRhythm("08:30:00", "09:00:00"), []Event{refMotion("room_a", "08:40:00"), refNoMotion("room_a", "08:58:00")},
				refEveryMinute("08:40:00", "09:00:00", func(at string) Event { return refPeople("room_a", 2, at) })),
			then: map[string]string{
				"09:04:00": "010 good: off-delay",
				"09:05:00": "010 held: held",
				"09:20:00": "010 substituted: on loss hold",
			},
		},
	})
}

func TestReferenceEvidence(t *testing.T) {
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:   "of nothing at all is never",
			events: []Event{refZone("zone_1", "room_a", 2, "09:00:00")},
			then:   map[string]string{"09:00:10": "??? never: no data"},
		},
		{
			name: "that is named and was never seen is dead",
			settings: func(s *Settings) {
				s.Evidence = EvidenceMotion
				s.OnLoss = [3]Policy{PolicyOccupied, PolicyHold, PolicyVacant}
			},
			events: []Event{refPeople("room_a", 0, "09:00:00")},
			then:   map[string]string{"09:00:10": "110 substituted: on loss occupied"},
		},
		{
			name:     "that is named and was never seen has nothing to hold outside hours",
			settings: func(s *Settings) { s.Evidence = EvidenceMotion },
			hours:    [2]string{"10:00:00", "20:00:00"},
			events:   []Event{refPeople("room_a", 3, "09:00:00")},
			then:     map[string]string{"09:00:10": "000 substituted: on loss vacant", "10:00:00": "111 substituted: on loss occupied"},
		},
		{
			name:     "of a feed that is not in use is none",
			settings: func(s *Settings) { s.PeopleFeed = PeopleRaw },
			events:   []Event{refMinute("room_a", 3, "09:00:00")},
			then:     map[string]string{"09:00:10": "??? uncertain: no data"},
		},
		{
			name:     "people alone takes no notice of motion",
			settings: func(s *Settings) { s.Evidence = EvidencePeople },
			events:   []Event{refPeople("room_a", 0, "09:00:00"), refMotion("room_a", "09:00:00")},
			then:     map[string]string{"09:00:10": "000 good: vacant"},
		},
	})
}

func TestReferenceChosenFeedOfPeople(t *testing.T) {
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:   "is raw while it is not stale, then that of the minutes, then the fresher",
			events: []Event{refPeople("room_a", 3, "09:00:00"), refMinute("room_a", 0, "09:04:00")},
			then: map[string]string{
				"09:04:59": "111 good: people",
				"09:05:00": "000 uncertain: vacant",
				"09:09:00": "000 held: held",
			},
		},
		{
			name:   "is raw when both are as old",
			events: []Event{refPeople("room_a", 3, "09:00:00"), refMinute("room_a", 0, "09:00:00")},
			then:   map[string]string{"09:10:00": "111 held: held"},
		},
		{
			name:   "is doubted until raw was away for a day",
			events: slices.Concat([]Event{refPeople("room_a", 3, "09:00:00")}, refEveryMinute("32:50:00", "33:10:00", func(at string) Event { return refMinute("room_a", 0, at) })),
			then:   map[string]string{"32:59:59.999": "000 uncertain: vacant", "33:00:00": "000 good: vacant"},
		},
		{
			name:     "is doubted only where the gateway chooses",
			settings: func(s *Settings) { s.PeopleFeed = PeopleMinute },
			events:   []Event{refPeople("room_a", 3, "08:50:00"), refMinute("room_a", 0, "09:04:00")},
			then:     map[string]string{"09:05:00": "000 good: vacant"},
		},
		{
			name:   "is positive but doubted",
			events: []Event{refPeople("room_a", 0, "09:00:00"), refMinute("room_a", 4, "09:05:00")},
			then:   map[string]string{"09:05:00": "111 uncertain: people"},
		},
	})
}
