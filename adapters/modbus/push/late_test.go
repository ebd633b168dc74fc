package push

import (
	"net"
	"testing"
	"time"
)

// TestALateAnswerIsNotThatOfTheNextRequest has a device answer the request before, once more, ahead of
// each right answer. Nothing is lost and nothing fails.
//
// Seen to break it: leaving it to the library to compare the transactions (an error each time), and taking
// any echo on a serial line for an answer.
func TestALateAnswerIsNotThatOfTheNextRequest(t *testing.T) {
	for name, framing := range map[string]Transport{"tcp": TCP, "rtu over tcp": RTUOverTCP} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				d := newDevice(framing == RTUOverTCP)
				var before frame
				d.always = func(d *device, c net.Conn, f frame) {
					if before.pdu != nil {
						d.reply(c, before, before.pdu[:5])
					}
					before = f
					d.reply(c, f, d.carryOut(f))
				}
				target := unit("x", "d", 5, peopleOf("a", 1700))
				target.Line.Transport = framing
				b := newBench(t, testOptions(target), map[string]*device{"d": d})
				b.start()
				for n := range int64(20) {
					b.publish(room("a", 1, n))
					after(time.Second)
				}
				if s := b.Status()[0]; s.Writes != 20 || s.Errors != 0 || d.value(5, 1700) != 19 {
					t.Errorf("after 20 writes the device has %d: %+v", d.value(5, 1700), s)
				}
			})
		})
	}
}

// TestALateAnswerOnASerialLineIsReadBeforeTheNextRequest has a converter pass on, to the next connection,
// the answer that the last one waited for in vain. Writes with function 16 are answered without their
// values, so that only what is still on the line tells an old answer from a new one.
//
// Seen to break it: not reading what came before a request is sent.
func TestALateAnswerOnASerialLineIsReadBeforeTheNextRequest(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(true)
		d.mishaps = []mishap{hang, hang}
		d.between = func(c net.Conn) {
			if d.asked() > 1 { // not on the first connection
				go d.reply(c, frame{unit: 5, pdu: nil}, []byte{writeRegisters, 6, 164, 0, 1})
			}
		}
		point := peopleOf("a", 1700)
		point.Function = writeRegisters
		target := unit("x", "d", 5, point)
		target.Line.Transport = RTUOverTCP
		b := newBench(t, testOptions(target), map[string]*device{"d": d})
		b.start()
		b.publish(room("a", 1, 3))
		after(8 * time.Second)
		if s := b.Status()[0]; s.Writes != 0 || s.Errors != 2 {
			t.Errorf("an answer to an old request was taken for one: %+v", s)
		}
		after(20 * time.Second)
		if d.value(5, 1700) != 3 || b.alarm() != "" {
			t.Errorf("the device has %d; alarm %q", d.value(5, 1700), b.alarm())
		}
	})
}

// TestAWriteThatIsCarriedOutLateDoesNotStay: a device takes three seconds for one write, and by then has
// carried out the next, which came over another connection.
//
// Seen to break it: not writing again what was written while the first might still have been carried out.
func TestAWriteThatIsCarriedOutLateDoesNotStay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(false)
		d.mishaps = []mishap{func(d *device, _ net.Conn, f frame) {
			time.Sleep(3 * time.Second)
			d.carryOut(f)
		}}
		b := newBench(t, testOptions(unit("x", "d", 5, peopleOf("a", 1))), map[string]*device{"d": d})
		b.start()
		b.publish(room("a", 1, 1))
		after(time.Second)
		b.publish(room("a", 1, 2))
		after(2100 * time.Millisecond)
		if d.value(5, 1) != 1 {
			t.Fatalf("the late write is not the last: %v", d.writes)
		}
		after(5 * time.Second)
		if d.value(5, 1) != 2 {
			t.Errorf("the device has %d", d.value(5, 1))
		}
	})
}

// TestASilentUnitOnASerialLineIsGivenTimeForALateAnswer: the next request to it is sent no sooner than
// another time-out after it failed. The other units on the line need not wait for that.
//
// Seen to break it: no more than the usual pause.
func TestASilentUnitOnASerialLineIsGivenTimeForALateAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newDevice(true)
		d.to[5] = hang
		five, six := unit("five", "d", 5, peopleOf("a", 1)), unit("six", "d", 6, peopleOf("b", 1))
		five.Line.Transport, six.Line.Transport = RTUOverTCP, RTUOverTCP
		b := newBench(t, testOptions(five, six), map[string]*device{"d": d})
		b.start()
		b.publish(room("a", 1, 1))
		after(time.Millisecond)
		for n := range int64(5) {
			b.publish(room("b", 2, n))
			after(2100 * time.Millisecond)
			if got := d.value(6, 1); got != uint16(n) {
				t.Errorf("the unit beside it has %d, 2.1 s after %d was published", got, n)
			}
		}
		b.stop()
		last := time.Duration(-time.Hour)
		for _, at := range d.to5 {
			if at-last < 4*time.Second {
				t.Errorf("the silent unit was asked %s after it was asked before", at-last)
			}
			last = at
		}
		if len(d.to5) < 2 {
			t.Error("the silent unit was not asked again")
		}
	})
}
