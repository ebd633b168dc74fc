//go:build !windows

package mqtt_test

import (
	"syscall"
	"testing"
	"time"
)

func (m *mosquitto) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := m.process.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func TestThreat15FrozenBroker(t *testing.T) {
	t.Run("frozen for longer than the pings allow", func(t *testing.T) {
		if testing.Short() {
			t.Skip("takes half a minute")
		}
		m := startMosquitto(t)
		health := make(chan error, 100)
		o := options(m.url())
		o.Health = func(err error) { health <- err }
		p, _ := run(t, o)
		p.Publish(people(1, 1))
		if err := <-health; err != nil {
			t.Fatal(err)
		}
		m.signal(t, syscall.SIGSTOP)
		longest := time.Duration(0)
		down := false
		for n := 2; !down; n++ {
			began := time.Now()
			p.Publish(people(n%1000, n))
			longest = max(longest, time.Since(began))
			select {
			case err := <-health:
				down = err != nil
			case <-time.After(time.Millisecond):
			}
		}
		if longest > time.Second { // of a machine that has other things to do; a write to the broker would take seconds
			t.Errorf("Publish took %s while the broker was frozen", longest)
		}
		p.Publish(people(1, 5))
		m.signal(t, syscall.SIGCONT)
		began := time.Now()
		l := listen(t, m.url())
		eventually(t, "the broker has the newest count", l.is("room/room_1/people", "5"))
		eventually(t, "status is online", l.is("gateway/status", "online"))
		if took := time.Since(began); took > backWithin {
			t.Errorf("it took %s until the broker had everything", took)
		}
	})

	t.Run("frozen for a moment", func(t *testing.T) {
		m := startMosquitto(t)
		p, _ := run(t, options(m.url()))
		l := listen(t, m.url())
		eventually(t, "status is online", l.is("gateway/status", "online"))
		m.signal(t, syscall.SIGSTOP)
		for n := range 20000 {
			p.Publish(people(n%200, n))
		}
		m.signal(t, syscall.SIGCONT)
		eventually(t, "the broker has the newest count", l.is("room/room_199/people", "19999"))
	})
}

func TestStoppingWhileTheBrokerIsFrozen(t *testing.T) {
	m := startMosquitto(t)
	p, stop := run(t, options(m.url()))
	eventually(t, "status is online", listen(t, m.url()).is("gateway/status", "online"))
	m.signal(t, syscall.SIGSTOP)
	for n := range 1000 {
		p.Publish(people(n, n))
	}
	if took := stop(); took > 1100*time.Millisecond {
		t.Errorf("stopping took %s", took)
	}
	m.signal(t, syscall.SIGCONT)
	eventually(t, "the last will says offline", listen(t, m.url()).is("gateway/status", "offline"))
}
