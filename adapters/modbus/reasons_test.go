package modbus

import "testing"

// The codes are promised to controllers: the words that the contract has for each stay with it.
func TestReasonsAreAsPromised(t *testing.T) {
	const want = "0 no data, 1 people, 2 motion, 3 people and motion, 4 on-delay, 5 off-delay, 6 vacant, 7 forced, 8 held, " +
		"9 on loss occupied, 10 on loss hold, 11 on loss vacant, 12 latch ended, 13 members, 14 traffic estimate, " +
		"15 start-up grace, 16 waiting for a live feed, 17 out of service"
	if got := enumerate(reasonWords[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	reason := ofBlock(0, 14)
	for code, words := range map[uint16]string{8: "held", 17: "out of service", 18: "18", 65535: "65535"} {
		if got := reason.read([]uint16{code}, HighWordFirst); got != words {
			t.Errorf("%d reads %q, want %q", code, got, words)
		}
	}
}
