package gateway

import (
	"slices"
	"testing"
)

// What becomes of feeds that speak only on change when their site falls silent and returns, and of all of
// them when the gateway starts.

func TestReferenceLifeOfAChangeFeed(t *testing.T) {
	quiet := []Event{refMotion("room_a", "09:00:00"), refNoMotion("room_a", "09:10:00")}
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:   "is that of its site, which has two minute feeds: raw and minutes of one room",
			events: append(quiet[:1:1], refPeople("room_b", 0, "09:15:00"), refMinute("room_b", 0, "09:30:00")),
			then: map[string]string{
				"09:34:59": "111 good: motion",
				"09:35:00": "111 held: held",
				"09:45:00": "111 substituted: on loss occupied",
			},
		},
		{
			name:   "goes on for ever where the site has only one, and is doubted after half a day",
			events: append(quiet[:2:2], refPeople("room_b", 0, "09:30:00")),
			then:   map[string]string{"21:29:59.999": "000 good: vacant", "21:30:00": "000 uncertain: vacant"},
		},
		{
			name:     "is that of people too, where they are sent on change",
			settings: func(s *Settings) { s.Feed = FeedChange },
			events:   []Event{refPeople("room_a", 0, "09:00:00"), refMinute("room_b", 0, "09:00:00"), refPeople("room_b", 0, "09:00:00")},
			then:     map[string]string{"20:59:59.999": "000 good: vacant", "21:00:00": "000 uncertain: vacant"},
		},
		{
			name: "and such feeds give the site no rhythm",
			rules: func(r *Rules) {
				r.Assets = map[AssetID]AssetRule{"room_b": {State: Patch{func(s *Settings) { s.Feed = FeedChange }}}}
			},
			events: append(quiet[:2:2], refPeople("room_b", 0, "09:30:00"), refPeople("room_c", 0, "09:30:00")),
			then:   map[string]string{"10:00:00": "000 good: vacant"},
		},
	})
}

func TestReferenceAfterASilence(t *testing.T) {
	// Room a has motion alone. The site has a rhythm until 09:00, and again from 09:40:20; nobody was in
	// room a since 08:10. Its feed is dead from 09:15 on.
	silent := slices.Concat(
		[]Event{refMotion("room_a", "08:00:00"), refNoMotion("room_a", "08:10:00")},
		refRhythm("07:50:00", "09:00:00"), refRhythm("09:40:20", "10:30:20"))
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:   "what the policy had turned on stays on for its off-delay",
			events: silent,
			then: map[string]string{
				"09:14:59":     "000 held: held",
				"09:40:19":     "111 substituted: on loss occupied",
				"09:40:20":     "111 uncertain: off-delay",
				"09:46:20":     "110 uncertain: off-delay",
				"09:55:19.999": "010 uncertain: off-delay",
				"09:55:20":     "000 uncertain: vacant",
			},
		},
		{
			name:   "the room is doubted until it says something itself",
			events: slices.Concat(silent, []Event{refMotion("room_a", "10:00:00"), refNoMotion("room_a", "10:01:00")}),
			then: map[string]string{
				"09:59:59": "000 uncertain: vacant",
				"10:00:00": "111 good: motion",
				"10:16:00": "000 good: vacant",
			},
		},
		{
			name:     "what the policy had held turns nothing on",
			settings: referencePolicies(PolicyHold, PolicyHold, PolicyHold),
			events:   silent,
			then:     map[string]string{"09:40:30": "000 uncertain: vacant"},
		},
		{
			name:   "what ended after hours turns nothing on",
			hours:  [2]string{"06:00:00", "09:30:00"},
			events: silent,
			then:   map[string]string{"09:20:00": "111 substituted: on loss occupied", "09:40:30": "000 uncertain: vacant"},
		},
		{
			name:    "what was dead only while the gateway was down turned nothing on",
			started: "09:38:00", alive: "09:10:00",
			events: silent,
			then:   map[string]string{"09:40:10": "000 held: start-up grace", "09:41:00": "000 uncertain: vacant"},
		},
		{
			name:    "what was dead before the gateway stopped had turned it on",
			started: "09:38:00", alive: "09:20:00",
			events: silent,
			then:   map[string]string{"09:41:00": "111 uncertain: off-delay"},
		},
		{
			name:    "what was dead after its grace had turned it on",
			started: "09:34:00", alive: "09:10:00",
			events: silent,
			then:   map[string]string{"09:41:00": "111 uncertain: off-delay"},
		},
		{
			name:   "a silence of dead_after is none yet",
			events: slices.Concat([]Event{refMotion("room_a", "08:00:00"), refNoMotion("room_a", "08:10:00")}, refRhythm("07:50:30", "09:00:30"), refRhythm("09:15:30", "09:20:30")),
			then:   map[string]string{"09:16:01": "000 good: vacant"},
		},
		{
			name:   "a room that counts people every minute is believed at once",
			events: slices.Concat(silent, refEveryMinute("09:40:20", "09:50:20", func(at string) Event { return refPeople("room_a", 0, at) })),
			then:   map[string]string{"09:40:30": "000 good: vacant"},
		},
	})
}

func TestReferenceStartUpGrace(t *testing.T) {
	empty := []Event{refPeople("room_a", 0, "09:00:00")}
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:    "holds what was not yet dead when the gateway stopped",
			started: "10:00:00", alive: "09:14:59.999",
			events: empty,
			then:   map[string]string{"10:04:59.999": "000 held: start-up grace", "10:05:00": "111 substituted: on loss occupied"},
		},
		{
			name:    "holds nothing that was dead",
			started: "10:00:00", alive: "09:15:00",
			events: empty,
			then:   map[string]string{"10:00:00": "111 substituted: on loss occupied"},
		},
		{
			name:     "holds nothing that was never seen",
			settings: func(s *Settings) { s.Evidence = EvidenceMotion },
			started:  "10:00:00", alive: "09:00:30",
			events: empty,
			then:   map[string]string{"10:00:00": "111 substituted: on loss occupied"},
		},
	})
}
