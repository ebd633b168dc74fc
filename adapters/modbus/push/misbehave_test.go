package push

import (
	"fmt"
	"testing"
	"time"
)

// TestFault05MisbehavingControllers has a device do each wrong thing a few times while values change. The
// newest value arrives by itself, soon after the device behaves; it is never asked at full speed; a device
// beside it notices nothing; and nobody who publishes waits.
//
// Seen to break it: keeping the connection after an error (late answers, garbage, wrong units), an answer
// of another transaction taken for the right one, no pause after a failure.
func TestFault05MisbehavingControllers(t *testing.T) {
	mishaps := map[string]mishap{
		"hangs": hang, "closes": closes, "answers late": answersLate, "restarts": restarts, "sends garbage": sendsGarbage,
		"answers another transaction": answersOther, "answers as another unit": answersAsOther, "cuts answers short": cutsShort,
		"says less than it must": saysLess, "answers another function": wrongFunction, "echoes another value": wrongEcho,
	}
	for code := byte(1); code <= 12; code++ {
		mishaps[fmt.Sprintf("answers exception %d", code)] = excepts(code)
	}
	for name, m := range mishaps {
		for _, framing := range []Transport{TCP, RTUOverTCP} {
			if framing == RTUOverTCP && name == "answers another transaction" {
				continue // there are none
			}
			t.Run(fmt.Sprintf("%s over %s", name, []string{"tcp", "rtu"}[framing]), func(t *testing.T) {
				inBubble(t, func(t *testing.T) { outlive(t, m, framing) })
			})
		}
	}
}

func outlive(t *testing.T, m mishap, framing Transport) {
	bad, good := newDevice(framing == RTUOverTCP), newDevice(false)
	const times = 5
	for range times {
		bad.mishaps = append(bad.mishaps, m)
	}
	ill := unit("ill", "bad", 5, peopleOf("a", 1700))
	ill.Line.Transport = framing
	b := newBench(t, testOptions(ill, unit("well", "good", 5, peopleOf("b", 7))), map[string]*device{"bad": bad, "good": good})
	b.start()
	for n := range int64(30) {
		b.publish(room("a", 1, n))
		b.publish(room("b", 2, n))
		after(100 * time.Millisecond)
		if got := good.value(5, 7); int64(got) != n {
			t.Fatalf("the device beside it has %d, 100 ms after %d was published", got, n)
		}
		after(900 * time.Millisecond)
	}
	for waited := 0; bad.left() > 0; waited++ {
		if waited > 600 {
			t.Fatalf("after 10 minutes the device was asked %d times only", times-bad.left())
		}
		after(time.Second)
	}
	b.publish(room("a", 1, 99))
	after(31 * time.Second) // a configuration error is tried again after the refresh
	if got := bad.value(5, 1700); got != 99 {
		t.Errorf("the device has %d, want the newest value, 99", got)
	}
	if why := b.alarm(); why != "" {
		t.Errorf("the alarm still stands: %s", why)
	}
	bad.mu.Lock()
	defer bad.mu.Unlock()
	if bad.overlap {
		t.Error("the device was asked twice at a time")
	}
	bad.notAtFullSpeed(t)
}

// notAtFullSpeed demands that after the first two there are no more than some requests in a second.
func (d *device) notAtFullSpeed(t *testing.T) {
	t.Helper()
	for i := 5; i < len(d.requests); i++ {
		if within := d.requests[i] - d.requests[i-5]; within < time.Second {
			t.Fatalf("six requests within %s: %v", within, d.requests)
		}
	}
}

// TestADeviceThatFailsForLongIsLeftAloneMoreAndMore counts the requests of an hour.
func TestADeviceThatFailsForLongIsLeftAloneMoreAndMore(t *testing.T) {
	for name, test := range map[string]struct {
		ill    func(*device)
		dials  int
		alarm  string
		failed bool
	}{
		"off":         {func(d *device) { d.turn(false) }, 900, "push target ill (tcp://bad, unit 5): nothing listens at this address: see whether the device is on and its Modbus server too, or correct target", true},
		"hangs":       {func(d *device) { d.always = hang }, 700, "push target ill (tcp://bad, unit 5): the device does not answer within 2s", true},
		"closes":      {func(d *device) { d.always = closes }, 900, "push target ill (tcp://bad, unit 5): the device closes the connection instead of answering", true},
		"busy":        {func(d *device) { d.always = excepts(6) }, 900, "push target ill (tcp://bad, unit 5): the device is busy (exception 6)", true},
		"no register": {func(d *device) { d.always = excepts(2) }, 122, "push target ill (tcp://bad, unit 5): people-a: the device has no register 1700 to write (exception 2): correct register, which counts from 0; in a manual that counts from 1 this is 4x1701", true},
		"broken":      {func(d *device) { d.always = excepts(4) }, 300, "push target ill (tcp://bad, unit 5): people-a: the device could not carry out the write (exception 4)", true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				bad := newDevice(false)
				test.ill(bad)
				b := newBench(t, testOptions(unit("ill", "bad", 5, peopleOf("a", 1700))), map[string]*device{"bad": bad})
				b.start()
				for n := range int64(60) {
					b.publish(room("a", 1, n))
					after(time.Minute)
				}
				if got := bad.asked(); got > test.dials {
					t.Errorf("it was asked %d times in an hour, want at most %d", got, test.dials)
				}
				if got := b.alarm(); got != test.alarm {
					t.Errorf("the alarm says\n%s\nwant\n%s", got, test.alarm)
				}
				if n := b.log.count("push target failing"); n != 1 {
					t.Errorf("the log tells %d times that it fails", n)
				}
				bad.mu.Lock()
				bad.always = nil
				bad.mu.Unlock()
				bad.turn(true)
				after(31 * time.Second)
				if got := bad.value(5, 1700); got != 59 || b.alarm() != "" {
					t.Errorf("half a minute after it is well it has %d; alarm %q", got, b.alarm())
				}
			})
		})
	}
}
