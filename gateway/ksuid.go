package gateway

// ksuidEpoch is where the seconds of a KSUID begin, in UNIX seconds.
const ksuidEpoch = 1_400_000_000

// MintedSecond returns the UNIX second in which an event id was made: 0 if the id is not a KSUID, with
// or without "event_" before it. A correction is minted after what it corrects.
func MintedSecond(eventID string) int64 {
	if id := EventIDOf(eventID); id.Minted() != 0 {
		return int64(id.Minted()) + ksuidEpoch
	}
	return 0
}
