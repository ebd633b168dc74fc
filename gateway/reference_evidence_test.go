package gateway

import (
	"slices"
	"testing"
	"time"
)

// What the three outputs are while everything is live: verdicts, revisions, delays, latches.

func TestReferenceVerdicts(t *testing.T) {
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:     "a count between off_count and on_count lets the verdict before go on",
			settings: func(s *Settings) { s.OnCount, s.OffCount = 3, 2 },
			events: []Event{
				refPeople("room_a", 2, "09:00:00"), refPeople("room_a", 3, "09:01:00"), refPeople("room_a", 2, "09:02:00"),
				refPeople("room_a", 1, "09:03:00"), refPeople("room_a", 1, "09:07:00"), refPeople("room_a", 2, "09:08:00"),
			},
			then: map[string]string{
				"09:00:30": "111 uncertain: people", // nothing decisive was ever said: nobody knows, and unknown is not vacant
				"09:01:00": "111 good: people",
				"09:02:30": "111 good: people",
				"09:03:00": "111 good: off-delay",
				"09:09:00": "110 good: off-delay", // six minutes after the first clear
				"09:12:59": "110 good: off-delay",
			},
		},
		{
			name:     "counts between the two that come before any other are somebody until the first clear",
			settings: func(s *Settings) { s.OnCount, s.OffCount, s.OnDelay[LightingOutput] = 3, 1, 3*time.Minute },
			events:   slices.Concat([]Event{refPeople("room_a", 2, "09:00:00"), refPeople("room_a", 1, "09:04:00")}, refEveryMinute("09:05:00", "09:30:00", func(at string) Event { return refPeople("room_a", 0, at) })),
			then: map[string]string{
				"09:02:59": "011 uncertain: people",
				"09:03:00": "111 uncertain: people",
				"09:05:00": "111 good: off-delay",
				"09:11:00": "110 good: off-delay",
				"09:20:00": "000 good: vacant",
			},
		},
		{
			name:   "a correction erases what it corrects, with its off-delay",
			events: []Event{refPeople("room_a", 5, "09:00:00"), refMinted(refPeople("room_a", 0, "09:00:00"), "09:03:00", 0)},
			then:   map[string]string{"09:03:10": "000 good: vacant"},
		},
		{
			name:   "a correction that arrived first is still believed",
			events: []Event{refMinted(refPeople("room_a", 0, "09:00:00"), "09:03:00", 0), refPeople("room_a", 5, "09:00:00")},
			then:   map[string]string{"09:03:10": "000 good: vacant"},
		},
		{
			name:   "of two ids of one second the positive is believed",
			events: []Event{refMinted(refPeople("room_a", 1, "09:00:00"), "09:00:00", 1), refMinted(refPeople("room_a", 0, "09:00:00"), "09:00:00", 2)},
			then:   map[string]string{"09:00:10": "111 good: people"},
		},
		{
			name:   "of MOTION and NO_MOTION of one moment and second MOTION is believed",
			events: []Event{refMotion("room_a", "09:00:00"), refMinted(refNoMotion("room_a", "09:00:00"), "09:00:00", 9)},
			then:   map[string]string{"09:00:10": "111 good: motion"},
		},
		{
			name:   "an id that is no KSUID loses",
			events: []Event{refPeople("room_a", 0, "09:00:00"), refNamed(refPeople("room_a", 8, "09:00:00"), "poll:room_a")},
			then:   map[string]string{"09:00:10": "000 good: vacant"},
		},
		{
			name:     "with tie = arrival the last to come is believed",
			settings: func(s *Settings) { s.Tie = TieByArrival },
			events:   []Event{refMinted(refPeople("room_a", 5, "09:00:00"), "09:03:00", 0), refPeople("room_a", 0, "09:00:00")},
			then:     map[string]string{"09:00:10": "000 good: vacant"},
		},
		{
			name:   "an older minute that comes late is history: only its off-delay is left of it",
			events: []Event{refPeople("room_a", 0, "09:05:00"), refPeople("room_a", 9, "09:04:00")},
			then:   map[string]string{"09:05:10": "111 good: off-delay"},
		},
	})
}

func TestReferenceDelays(t *testing.T) {
	vacantFrom := func(from string) []Event {
		return refEveryMinute(from, "10:00:00", func(at string) Event { return refPeople("room_a", 0, at) })
	}
	presentFor := func(from, to string) []Event {
		return refEveryMinute(from, to, func(at string) Event { return refPeople("room_a", 1, at) })
	}
	onDelay := func(d time.Duration) func(*Settings) {
		return func(s *Settings) { s.OnDelay = [OutputCount]time.Duration{d, d, d} }
	}
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:   "an off-delay counts from the first clear, and is over at its end",
			events: slices.Concat([]Event{refPeople("room_a", 3, "09:00:00")}, vacantFrom("09:01:00")),
			then: map[string]string{
				"09:06:59.999": "111 good: off-delay",
				"09:07:00":     "110 good: off-delay",
				"09:10:59.999": "110 good: off-delay",
				"09:11:00":     "010 good: off-delay",
				"09:16:00":     "000 good: vacant",
			},
		},
		{
			name:     "an on-delay that is over just when the room is clear turns nothing on",
			settings: onDelay(5 * time.Minute),
			events:   slices.Concat(presentFor("09:00:00", "09:04:00"), vacantFrom("09:05:00")),
			then:     map[string]string{"09:04:59": "000 good: on-delay", "09:05:00": "000 good: vacant"},
		},
		{
			name:     "an on-delay that is over a moment before turns everything on",
			settings: onDelay(5 * time.Minute),
			events:   slices.Concat(presentFor("09:00:00", "09:04:00"), vacantFrom("09:05:00.001")),
			then: map[string]string{
				"09:04:59.999": "000 good: on-delay",
				"09:05:00":     "111 good: people",
				"09:20:00":     "010 good: off-delay",
				"09:20:00.001": "000 good: vacant",
			},
		},
		{
			name:     "while an output is on there is no on-delay",
			settings: onDelay(5 * time.Minute),
			events: slices.Concat(presentFor("09:00:00", "09:09:00"), []Event{refPeople("room_a", 0, "09:10:00")},
				[]Event{refPeople("room_a", 1, "09:15:00")}, vacantFrom("09:16:00")),
			then: map[string]string{
				"09:15:30": "111 good: people",
				"09:22:00": "110 good: off-delay",
				"09:26:00": "010 good: off-delay",
				"09:31:00": "000 good: vacant",
			},
		},
		{
			name:     "a room that is taken just when its off-delay is over waits for the on-delay",
			settings: onDelay(5 * time.Minute),
			events: slices.Concat(presentFor("09:00:00", "09:09:00"), refEveryMinute("09:10:00", "09:15:00", func(at string) Event { return refPeople("room_a", 0, at) }),
				presentFor("09:16:00", "09:30:00")),
			then: map[string]string{
				"09:15:59": "111 good: off-delay",
				"09:16:00": "110 good: people", // six minutes of ventilation ended at this moment
				"09:20:59": "110 good: people",
				"09:21:00": "111 good: people",
			},
		},
	})
}

func TestReferenceMotion(t *testing.T) {
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:   "ends with NO_MOTION",
			events: []Event{refMotion("room_a", "09:00:00"), refNoMotion("room_a", "09:02:00")},
			then:   map[string]string{"09:01:59": "111 good: motion", "09:02:00": "111 good: off-delay", "09:08:00": "110 good: off-delay", "09:17:00": "000 good: vacant"},
		},
		{
			name:   "without an end latches: for lighting longer",
			events: []Event{refMotion("room_a", "09:00:00")},
			then: map[string]string{
				"12:59:59": "111 good: motion",
				"13:00:00": "111 uncertain: off-delay",
				"13:06:00": "110 uncertain: off-delay",
				"13:15:00": "100 uncertain: latch ended",
				"21:09:59": "100 uncertain: latch ended",
				"21:10:00": "000 uncertain: latch ended",
			},
		},
		{
			name:   "again without an end counts anew",
			events: []Event{refMotion("room_a", "09:00:00"), refMotion("room_a", "09:30:00")},
			then:   map[string]string{"13:29:59": "111 good: motion", "13:30:00": "111 uncertain: off-delay"},
		},
		{
			name:   "with people and motion either is enough, and the later end counts",
			events: slices.Concat([]Event{refMotion("room_a", "09:00:00"), refPeople("room_a", 2, "09:01:00")}, refEveryMinute("09:02:00", "09:30:00", func(at string) Event { return refPeople("room_a", 0, at) }), []Event{refNoMotion("room_a", "09:04:00")}),
			then: map[string]string{
				"09:01:30": "111 good: people and motion",
				"09:03:00": "111 good: motion",
				"09:18:59": "010 good: off-delay",
				"09:19:00": "000 good: vacant",
			},
		},
		{
			name:     "that begins just when the room is clear of people goes on from them",
			settings: func(s *Settings) { s.OnDelay[HVACOutput] = 7 * time.Minute },
			events:   []Event{refPeople("room_a", 2, "09:00:00"), refPeople("room_a", 0, "09:05:00"), refMotion("room_a", "09:05:00")},
			then:     map[string]string{"09:06:59": "101 good: on-delay", "09:07:00": "111 good: motion"},
		},
		{
			name:     "both: an on-delay counts from when both were positive",
			settings: func(s *Settings) { s.Evidence, s.OnDelay[HVACOutput] = EvidenceBoth, 3*time.Minute },
			events:   []Event{refMotion("room_a", "09:00:00"), refPeople("room_a", 2, "09:01:00")},
			then:     map[string]string{"09:03:59": "101 good: on-delay", "09:04:00": "111 good: people and motion"},
		},
		{
			name:     "both: one that is live and clear is enough, and the earlier end counts",
			settings: func(s *Settings) { s.Evidence = EvidenceBoth },
			events:   slices.Concat([]Event{refMotion("room_a", "09:00:00")}, refEveryMinute("09:01:00", "09:30:00", func(at string) Event { return refPeople("room_a", 2, at) }), []Event{refNoMotion("room_a", "09:04:00")}),
			then: map[string]string{
				"09:00:30": "111 substituted: motion", // people, never seen, is taken for occupied: motion decides
				"09:02:00": "111 good: people and motion",
				"09:10:00": "110 good: off-delay",
				"09:19:00": "000 good: vacant",
			},
		},
	})
}

func TestReferenceLatchCheck(t *testing.T) {
	count := func(people int, from, to string) []Event {
		return refEveryMinute(from, to, func(at string) Event { return refPeople("room_a", people, at) })
	}
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:   "people that were clear before end a MOTION an hour after it",
			events: slices.Concat(count(0, "08:50:00", "10:20:00"), []Event{refMotion("room_a", "09:00:00")}),
			then: map[string]string{
				"09:59:59": "111 good: motion",
				"10:00:00": "111 uncertain: off-delay",
				"10:10:00": "010 uncertain: off-delay",
				"10:15:00": "000 uncertain: latch ended",
			},
		},
		{
			name:   "people that left after it end it an hour after they left",
			events: slices.Concat(count(2, "08:50:00", "09:19:00"), count(0, "09:20:00", "10:40:00"), []Event{refMotion("room_a", "09:00:00")}),
			then:   map[string]string{"10:19:59": "111 good: motion", "10:20:00": "111 uncertain: off-delay"},
		},
		{
			name:   "somebody who passes has the check of a motion begin anew",
			events: slices.Concat(count(0, "09:00:00", "10:05:00"), count(1, "10:06:00", "10:06:00"), count(0, "10:07:00", "10:30:00"), []Event{refMotion("room_a", "08:55:00")}),
			then: map[string]string{
				"10:05:59": "111 uncertain: off-delay",
				"10:06:30": "111 good: people and motion",
				"10:30:00": "111 good: motion",
			},
		},
		{
			name:     "people that fell silent before end nothing",
			settings: func(s *Settings) { s.Evidence = EvidenceMotion },
			events:   slices.Concat(count(0, "08:50:00", "09:30:00"), []Event{refMotion("room_a", "09:00:00")}),
			then:     map[string]string{"10:30:00": "111 good: motion"},
		},
		{
			name:     "people that come back before end nothing",
			settings: func(s *Settings) { s.Evidence = EvidenceMotion },
			events:   slices.Concat(count(0, "08:50:00", "09:59:00"), count(1, "10:00:00", "10:10:00"), []Event{refMotion("room_a", "09:00:00")}),
			then:     map[string]string{"10:05:00": "111 good: motion"},
		},
		{
			name:     "0 is off",
			settings: func(s *Settings) { s.LatchCheck = 0 },
			events:   slices.Concat(count(0, "08:50:00", "10:40:00"), []Event{refMotion("room_a", "09:00:00")}),
			then:     map[string]string{"10:40:00": "111 good: motion"},
		},
	})
}

func TestReferenceTrafficAsEvidence(t *testing.T) {
	checkReference(t, tellOutputs, []referenceCase{
		{
			name:     "is the sum of the day, from nobody at midnight",
			settings: func(s *Settings) { s.Evidence = EvidenceTraffic },
			events:   []Event{refPassed("sensor_1", "room_a", 2, 0, "23:00:00"), refPassed("sensor_1", "room_a", 0, 1, "23:10:00"), refPassed("sensor_1", "room_a", 1, 0, "24:30:00")},
			then: map[string]string{
				"23:20:00": "111 uncertain: traffic estimate",
				"24:00:00": "111 uncertain: off-delay",
				"24:15:00": "000 uncertain: vacant",
				"24:30:00": "111 uncertain: traffic estimate",
			},
		},
		{
			name:   "is none by itself: what is not known is not vacant",
			events: []Event{refPassed("sensor_1", "room_a", 2, 0, "09:00:00")},
			then:   map[string]string{"09:00:10": "??? uncertain: no data"},
		},
		{
			name:     "may be below nobody, and needs as many to come back",
			settings: func(s *Settings) { s.Evidence = EvidenceTraffic },
			events:   []Event{refPassed("sensor_1", "room_a", 0, 3, "09:00:00"), refPassed("sensor_1", "room_a", 3, 0, "09:10:00"), refPassed("sensor_1", "room_a", 1, 0, "09:20:00")},
			then:     map[string]string{"09:15:00": "000 uncertain: vacant", "09:20:00": "111 uncertain: traffic estimate"},
		},
	})
}

// The sums of spans are also what a watch that is looked at every moment tells.
func TestReferenceOutputTellsWhatAWatchTells(t *testing.T) {
	signal := []referenceSpan{{10, 20}, {22, 23}, {30, 31}, {40, 60}, {63, 64}, {70, 90}}
	for onDelay := range 12 {
		for offDelay := range 12 {
			on := referenceOutput(signal, time.Duration(onDelay)*time.Millisecond, time.Duration(offDelay)*time.Millisecond)
			watch, positiveFor, clearFor := false, -1, -1
			for at := range Timestamp(120) {
				if watch && clearFor >= 0 && clearFor+1 >= offDelay {
					watch = false // it was clear for so long, whatever begins now
				}
				if referenceDuring(signal, at) {
					positiveFor, clearFor = positiveFor+1, -1
				} else {
					positiveFor, clearFor = -1, clearFor+1
				}
				switch {
				case positiveFor >= onDelay:
					watch = true
				case clearFor >= 0 && offDelay == 0:
					watch = false
				}
				if got := referenceDuring(on, at); got != watch {
					t.Errorf("on-delay %d, off-delay %d, at %d: got %v, want %v", onDelay, offDelay, at, got, watch)
				}
			}
		}
	}
}
