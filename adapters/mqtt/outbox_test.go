package mqtt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// piped returns an outbox, what ends at its other side, and what it was told of a failure.
func piped(t *testing.T) (o *outbox, broker net.Conn, told chan error) {
	t.Helper()
	ours, broker := net.Pipe()
	told = make(chan error, 2)
	o = newOutbox(ours, func(err error) { told <- err })
	t.Cleanup(func() {
		broker.Close()
		o.Close()
	})
	return o, broker, told
}

func give(t *testing.T, o *outbox, packets ...string) {
	t.Helper()
	for _, p := range packets {
		if n, err := o.Write([]byte(p)); n != len(p) || err != nil {
			t.Fatalf("writing %q: %d, %v", p, n, err)
		}
	}
}

// reads returns what one write brought.
func reads(t *testing.T, broker net.Conn) string {
	t.Helper()
	buffer := make([]byte, 2*maxOutbox)
	n, err := broker.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return string(buffer[:n])
}

// What comes alone goes out alone, at once; what comes while a write is under way goes out with the next, in order.
//
// Seen to break it: each packet written by itself; what waits put before what came earlier; a pause before each write.
func TestPacketsThatComeTogetherAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, broker, _ := piped(t)
		begin := time.Now()
		give(t, o, "one")
		synctest.Wait() // it is being written
		var want string
		for n := range 100 {
			packet := fmt.Sprint("packet ", n, ",")
			give(t, o, packet)
			want += packet
		}
		if got := reads(t, broker); got != "one" {
			t.Errorf("first %q", got)
		}
		if got := reads(t, broker); got != want {
			t.Errorf("then %q", got)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

// A broker that does not read: nothing more is taken than there is room for, and the connection ends when the write has
// taken too long, as paho's own writes would; who waits for room is told why.
//
// Seen to break it: no bound; no deadline; the deadline that paho sets, and takes away again; whoever waits not woken.
func TestABrokerThatDoesNotReadIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, broker, told := piped(t)
		begin := time.Now()
		give(t, o, "one")
		synctest.Wait()
		half := bytes.Repeat([]byte("x"), maxOutbox/2)
		give(t, o, string(half), string(half))
		failed := make(chan error, 1)
		go func() {
			_, err := o.Write([]byte("no room"))
			failed <- err
		}()
		o.SetWriteDeadline(time.Time{})
		synctest.Wait()
		if len(failed) != 0 {
			t.Fatal("more was taken than there is room for")
		}
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != writeTimeout {
			t.Errorf("who waits was told %v after %v", err, time.Since(begin))
		}
		if err := <-told; !errors.Is(err, os.ErrDeadlineExceeded) || len(told) != 0 {
			t.Errorf("told %v", err)
		}
		if _, err := o.Write([]byte("late")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a later one was told %v", err)
		}
		if _, err := broker.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the connection is open: %v", err)
		}
	})
}

// A packet larger than all the room there is goes out as well.
//
// Seen to break it: waiting for room that nobody has.
func TestAPacketMayBeLargerThanTheOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, broker, _ := piped(t)
		large := string(bytes.Repeat([]byte("x"), 3*maxOutbox/2))
		give(t, o, large)
		if got := reads(t, broker); got != large {
			t.Errorf("%d bytes came", len(got))
		}
	})
}

// Closing lets out what waits, for paho sends DISCONNECT right before; but a broker that does not read, or stops reading
// meanwhile, is not waited for longer than paho waits.
//
// Seen to break it: closed at once (the broker would speak the last will); waiting for as long as any write may take, or
// as long again for the next one; packets taken afterwards.
func TestClosingLetsOutWhatWaits(t *testing.T) {
	all := func(broker net.Conn) []byte {
		heard, _ := io.ReadAll(broker)
		return heard
	}
	late := func(broker net.Conn) []byte {
		time.Sleep(200 * time.Millisecond)
		heard := make([]byte, len("reading"))
		io.ReadFull(broker, heard)
		return heard
	}
	nothing := func(net.Conn) []byte { return nil }
	for name, test := range map[string]struct {
		broker func(net.Conn) []byte
		want   string
		took   time.Duration
	}{
		"a broker that reads":         {all, "readingdisconnect", 0},
		"one that does not":           {nothing, "", quiesce * time.Millisecond},
		"one that reads a little yet": {late, "reading", quiesce * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, broker, _ := piped(t)
				give(t, o, "reading")
				synctest.Wait()
				give(t, o, "disconnect")
				heard := make(chan []byte, 1)
				go func() { heard <- test.broker(broker) }()
				begin := time.Now()
				o.Close()
				if took := time.Since(begin); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
				if got := <-heard; string(got) != test.want {
					t.Errorf("the broker heard %q, want %q", got, test.want)
				}
				if _, err := o.Write([]byte("late")); err == nil {
					t.Error("a packet was taken afterwards")
				}
			})
		})
	}
}
