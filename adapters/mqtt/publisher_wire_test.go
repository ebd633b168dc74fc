package mqtt_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"butlr-gateway/adapters/mqtt"
	"butlr-gateway/gateway"
)

// backWithin is how soon the broker must have our retained state again after it returned.
const backWithin = 5 * time.Second

func TestMosquitto(t *testing.T) {
	t.Run("a new listener gets the retained readings", func(t *testing.T) {
		m := startMosquitto(t)
		p, _ := run(t, options(m.url()))
		p.Publish(people(1, 4))
		eventually(t, "the broker has the count", listen(t, m.url()).is("room/room_1/people", "4"))
		l := listen(t, m.url())
		eventually(t, "status is online", l.is("gateway/status", "online"))
		eventually(t, "the room is online", l.is("room/room_1/availability", "online"))
		if got := l.get("room/room_1/state"); !strings.HasPrefix(got, `{"occupied":true,"people":4,"quality":"good"`) {
			t.Errorf("state is %s", got)
		}
	})

	t.Run("mosquitto_sub gets them too", func(t *testing.T) {
		m := startMosquitto(t)
		p, _ := run(t, options(m.url()))
		p.Publish(people(1, 4))
		if got := mosquittoSub(t, m.addr, "butlr/room/room_1/people"); got != "butlr/room/room_1/people 4" {
			t.Errorf("got %q", got)
		}
	})

	t.Run("online comes last", func(t *testing.T) {
		m := startMosquitto(t)
		l := listen(t, m.url())
		p, err := mqtt.New(options(m.url()))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			p.Publish(people(i, 1))
		}
		go p.Run(t.Context())
		eventually(t, "status is online", l.is("gateway/status", "online"))
		heard := l.heard()
		if last := heard[len(heard)-1]; last != "butlr/gateway/status" || len(heard) < 300*4 {
			t.Errorf("%d messages came, %s last; want all of 300 rooms and then the status", len(heard), last)
		}
	})

	t.Run("stopping says offline", func(t *testing.T) {
		m := startMosquitto(t)
		_, stop := run(t, options(m.url()))
		l := listen(t, m.url())
		eventually(t, "status is online", l.is("gateway/status", "online"))
		if took := stop(); took > time.Second {
			t.Errorf("stopping took %s", took)
		}
		eventually(t, "status is offline", l.is("gateway/status", "offline"))
	})

	t.Run("somebody who says offline is contradicted", func(t *testing.T) {
		m := startMosquitto(t)
		run(t, options(m.url()))
		l := listen(t, m.url())
		eventually(t, "status is online", l.is("gateway/status", "online"))
		l.client.Publish("butlr/gateway/status", 1, true, "offline").WaitTimeout(patience)
		eventually(t, "offline was heard, then online", func() bool {
			n := 0
			for _, topic := range l.heard() {
				if topic == "butlr/gateway/status" {
					n++
				}
			}
			return n >= 3 && l.get("gateway/status") == "online"
		})
	})
}

func TestMosquittoComesBack(t *testing.T) {
	t.Run("killed and empty", func(t *testing.T) {
		m := startMosquitto(t)
		health := make(chan error, 100)
		o := options(m.url())
		o.Health = func(err error) { health <- err }
		p, _ := run(t, o)
		p.Publish(people(1, 1))
		if err := <-health; err != nil {
			t.Fatal(err)
		}
		m.kill()
		if err := <-health; err == nil {
			t.Fatal("a dead broker counts as healthy")
		}
		p.Publish(people(1, 2))
		p.Publish(people(2, 7))
		m.start(t)
		began := time.Now()
		l := listen(t, m.url())
		eventually(t, "status is online", l.is("gateway/status", "online"))
		if took := time.Since(began); took > backWithin {
			t.Errorf("it took %s until the broker had everything", took)
		}
		if l.get("room/room_1/people") != "2" || l.get("room/room_2/people") != "7" {
			t.Errorf("people are %s and %s, want 2 and 7", l.get("room/room_1/people"), l.get("room/room_2/people"))
		}
	})
}

func TestWrongPassword(t *testing.T) {
	passwords := filepath.Join(t.TempDir(), "passwords")
	if out, err := exec.Command(tool(t, "mosquitto_passwd"), "-b", "-c", passwords, "gateway", "right").CombinedOutput(); err != nil {
		t.Fatalf("making a password: %v\n%s", err, out)
	}
	m := startMosquitto(t, "allow_anonymous false", "password_file "+passwords)
	for password, want := range map[string]string{
		"right": "<nil>",
		"wrong": "the broker refuses the user name or the password: correct username and password",
	} {
		t.Run(password, func(t *testing.T) {
			health := make(chan error, 100)
			o := options(m.url())
			o.Username, o.Password = "gateway", password
			o.Health = func(err error) { health <- err }
			run(t, o)
			if got := fmt.Sprint(<-health); got != want {
				t.Errorf("health is %q, want %q", got, want)
			}
		})
	}
}

// victim is the environment variable that makes TestAbruptDeath the process that dies.
const victim = "MQTT_TEST_VICTIM"

func TestAbruptDeath(t *testing.T) {
	if url := os.Getenv(victim); url != "" {
		p, _ := run(t, options(url))
		p.Publish(people(1, 4))
		select {} // until killed
	}
	t.Run("mosquitto", func(t *testing.T) { dieAbruptly(t, startMosquitto(t).url()) })
	t.Run("embedded", func(t *testing.T) {
		e, stop := embed(t, embedded(t.TempDir()))
		defer stop()
		dieAbruptly(t, "tcp://"+e.Addr().String())
	})
}

func dieAbruptly(t *testing.T, url string) {
	gateway := exec.Command(os.Args[0], "-test.run=^TestAbruptDeath$")
	gateway.Env = append(os.Environ(), victim+"="+url)
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() { gateway.Process.Kill(); gateway.Wait() })
	t.Cleanup(kill)
	l := listen(t, url)
	eventually(t, "status is online", l.is("gateway/status", "online"))
	kill()
	eventually(t, "the last will says offline", l.is("gateway/status", "offline"))
	if got := l.get("room/room_1/people"); got != "4" {
		t.Errorf("people is %q, want the last reading", got)
	}
}

func TestHostileBrokerIsLeft(t *testing.T) {
	for name, answer := range map[string][]byte{
		"more codes than topics": {0x90, 5, 0, 1, 1, 1, 1},
		"256 MB announced":       {0x30, 0xff, 0xff, 0xff, 0x7f},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			attempts := make(chan struct{}, 100)
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					c.Write(append([]byte{0x20, 2, 0, 0}, answer...)) // the connection is accepted, and then that
					attempts <- struct{}{}
				}
			}()
			health := make(chan error, 100)
			o := options("tcp://" + l.Addr().String())
			o.Health = func(err error) { health <- err }
			run(t, o)
			if err := <-health; err == nil || !strings.Contains(err.Error(), "must not send") {
				t.Errorf("health is %v", err)
			}
			<-attempts
			<-attempts // it is tried again
		})
	}
}

func TestRunLeavesNothingBehind(t *testing.T) {
	m := startMosquitto(t)
	before := runtime.NumGoroutine()
	for range 5 {
		o := options(m.url())
		up := make(chan error, 10)
		o.Health = func(err error) { up <- err }
		_, stop := run(t, o)
		<-up
		stop()
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

func TestNoMemoryGrowsWithoutABroker(t *testing.T) {
	p, _ := run(t, options("tcp://"+freeAddr(t)))
	const rooms = 500
	snapshots := make([]*gateway.Update, rooms)
	for i := range snapshots {
		snapshots[i] = people(i, 0)
		p.Publish(snapshots[i])
	}
	before := heap()
	for n := range 200_000 {
		u := snapshots[n%rooms]
		u.Changed[0].Readings[gateway.People].Value = int64(n)
		p.Publish(u)
	}
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("200 000 updates left %d KB on the heap", grown>>10)
	}
	runtime.KeepAlive(p)
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// mosquittoSub waits for one message and returns its topic and payload.
func mosquittoSub(t *testing.T, addr, topic string, extra ...string) string {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	args := append([]string{"-h", host, "-p", port, "-t", topic, "-q", "1", "-C", "1", "-v", "-W", "30"}, extra...)
	out, err := exec.Command(tool(t, "mosquitto_sub"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("mosquitto_sub: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}
