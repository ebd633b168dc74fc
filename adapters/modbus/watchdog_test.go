package modbus

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/gateway"
)

// barking tells why the watchdog's alarm is in force, "" if it is not.
func barking(a *gateway.Alarms) string {
	for alarm, why := range a.Each {
		if alarm == gateway.WatchdogExpired {
			return why
		}
	}
	return ""
}

func TestAMasterThatStopsWritingIsAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		alarms := gateway.NewAlarms(nil)
		o := ImageOptions{Alarms: alarms, Clock: func() gateway.Instant {
			return gateway.Instant{Wall: time.Now(), Mono: time.Hour + time.Since(began)}
		}}
		w := newWatchdog()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.watch(ctx, time.Minute, 3, &o); close(done) }()
		for _, step := range []struct {
			after time.Duration
			write int // the unit, -1 for none
			want  string
		}{
			{59 * time.Second, -1, ""},
			{time.Second, -1, "register 24 of unit 3 was not written for 1m0s: nobody has written it since the start"},
			{time.Hour, -1, "nobody has written it since the start"},
			{0, 0, ""},
			{40 * time.Second, 5, ""},
			{19 * time.Second, -1, ""},
			{time.Second, -1, "register 24 of unit 3 was not written for 1m0s: 10.20.0.31 wrote it last"},
			{30 * time.Second, 0, ""},
			{10 * time.Second, -1, "register 24 of unit 8 was not written for 1m0s: 10.20.0.31 wrote it last"},
			{0, 5, ""},
		} {
			time.Sleep(step.after)
			if step.write >= 0 {
				w.write(step.write, 1, o.Clock(), "10.20.0.31")
			}
			synctest.Wait()
			if got := barking(alarms); (got == "") != (step.want == "") || !strings.Contains(got, step.want) {
				t.Errorf("%v after the start: got %q, want %q", time.Since(began), got, step.want)
			}
		}
		stop()
		<-done
	})
}

func TestAServerWatchesWhereItIsAskedTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := &commanders{}
		i := install(t, func(o *ServerOptions) { o.Write = &WriteOptions{Commander: hub, Watchdog: time.Minute} })
		synctest.Wait()
		i.clock.past.Store(int64(2 * time.Minute)) // the clock of the test's building is set by hand
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if barking(i.alarms) == "" {
			t.Error("no alarm")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		hub := &commanders{}
		i := install(t, func(o *ServerOptions) { o.Write = &WriteOptions{Commander: hub} })
		i.clock.past.Store(int64(48 * time.Hour))
		time.Sleep(48 * time.Hour)
		if synctest.Wait(); barking(i.alarms) != "" {
			t.Error("an alarm nobody asked for")
		}
	})
}
