package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

// reloads is how often a gateway under load reads its configuration anew: RELOADS, or enough for each kind of change.
func reloads(t *testing.T) int {
	t.Helper()
	text := os.Getenv("RELOADS")
	if text == "" {
		return 50
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("RELOADS: %v", err)
	}
	return n
}

// TestFault07ReloadsUnderLoad, of which RELOADS=500 makes as many as were promised: while configurations good and bad are read again and again, no Modbus and no MQTT
// session ends and no event is turned away; what is in force at the end is the last good one, as a restart with it has.
//
// Seen to break it: the rules read without an owner (-race); clients of the list banned; the door open to one secret
// only, or to those of before; the list of clients, or the rules, left as they were; what was applied applied again; a
// secret in a file compared by the file's name.
func TestFault07ReloadsUnderLoad(t *testing.T) {
	mbpoll, mosquitto := tool(t, "mbpoll"), tool(t, "mosquitto_sub")
	site := newSite(t, "")
	secret := filepath.Join(site.dir, "next.key")
	configured := reloading{t, site, secret}
	configured.write(0)
	s := live(t, site.config)
	address := s.modbus.Addr().String()
	host, port, _ := net.SplitHostPort(address)

	var load sync.WaitGroup
	stop := make(chan struct{})
	going := func() bool {
		select {
		case <-stop:
			return false
		default:
			return true
		}
	}
	for range 3 {
		load.Go(func() { pollUntil(t, address, going) })
	}
	for range 2 {
		load.Go(func() { postUntil(t, "http://"+s.webhook.Addr().String()+"/webhooks/butlr", going) })
	}
	load.Go(func() { askUntil(t, s, going) })
	third := startTool(t, mbpoll, "-m", "tcp", "-p", port, "-t", "3", "-0", "-r", "0", "-c", "8", "-l", "50", host)
	brokerHost, brokerPort, _ := net.SplitHostPort(strings.TrimPrefix(s.publishers[0].address, "tcp://"))
	subscriber := startTool(t, mosquitto, "-d", "-h", brokerHost, "-p", brokerPort, "-t", "butlr/#")
	waitFor(t, func() string {
		if !strings.Contains(third.text(), "[7]") || !strings.Contains(subscriber.text(), "SUBACK") {
			return "the clients of others have not begun"
		}
		return ""
	})
	told := s.publishers[0].Status().Since

	good, bad := 0, 0
	for n := range reloads(t) {
		wrong := configured.write(n)
		did, err := s.reload(t.Context())
		switch {
		case wrong == (err != nil):
		case err != nil:
			t.Fatalf("reload %d: %v", n, err)
		default:
			t.Fatalf("reload %d of what is wrong: %+v", n, did)
		}
		if err != nil {
			bad++
			continue
		}
		good++
		if len(did.Gone) > 0 || len(did.Restart) > 0 {
			t.Fatalf("reload %d: %+v", n, did)
		}
	}
	configured.write(1)
	if did, err := s.reload(t.Context()); err != nil || len(did.Applied) == 0 {
		t.Fatalf("the last: %+v, %v", did, err)
	}
	if err := os.WriteFile(secret, []byte("a-third-secret-0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if did, err := s.reload(t.Context()); err != nil || !slices.Equal(did.Applied, []string{"webhook.header_value_next"}) {
		t.Fatalf("another secret in the same file: %+v, %v", did, err)
	}
	if did, err := s.reload(t.Context()); err != nil || len(did.Applied)+len(did.Restart) > 0 {
		t.Fatalf("once more: %+v, %v", did, err)
	}
	if code := postWith(t, "http://"+s.webhook.Addr().String()+"/webhooks/butlr", "a-third-secret-0123456789"); code != http.StatusNoContent {
		t.Errorf("the new secret of the file is answered %d", code)
	}
	visitor := configured.visit(s)
	t.Attr("figure", fmt.Sprintf("%d good and %d bad configurations, no session ended", good, bad))
	close(stop)
	load.Wait()

	if ended := totalOf(t, s, "butlr_modbus_ended_connections_total"); ended > 3+1 {
		t.Errorf("%v Modbus sessions ended, want the 3 of the test's own clients and the one that was taken off the list", ended)
	}
	if open := totalOf(t, s, "butlr_modbus_connections"); open < 1 {
		t.Error("mbpoll is not connected any more")
	}
	if text := third.text(); strings.Contains(text, "failed") {
		t.Errorf("mbpoll lost something:\n%s", text)
	}
	if n := strings.Count(subscriber.text(), "sending CONNECT"); n != 1 {
		t.Errorf("mosquitto_sub had to connect %d times", n)
	}
	if now := s.publishers[0].Status(); !now.Connected || now.Since != told {
		t.Errorf("the publisher's session ended: %+v, it had begun at %v", now, told)
	}
	names := func(l *life) (out []string) {
		if err := l.hub.View(t.Context(), func(state *gateway.State) {
			for _, a := range state.Assets() {
				out = append(out, fmt.Sprint(a.Number, a.ID, a.Name, a.Capacity, a.Path))
			}
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if _, err := visitor.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("who was taken off the list is connected: %v", err)
	}
	before := names(s)
	s.stop()
	if d := cmp.Diff(names(live(t, site.config)), before); d != "" {
		t.Errorf("what there is (-restarted +reloaded):\n%s", d)
	}
}

// reloading writes one configuration after the other.
type reloading struct {
	t      *testing.T
	site   *site
	secret string
}

// write writes the n-th configuration, in one step, and tells whether it is wrong. Those that are right differ in every
// kind of what a reload changes; who polls and posts in the test may do so by all of them.
func (r reloading) write(n int) (wrong bool) {
	r.t.Helper()
	first, second := testSecret, "file:"+r.secret
	if n%4 >= 2 {
		first, second = second, first
	}
	text := fmt.Sprintf(`[gateway]
name = "test"
state_dir = %q
timezone = "Europe/Amsterdam"
[webhook]
listen = "127.0.0.1:0"
header_name = "X-Api-Key"
header_value = %q
header_value_next = %q
[mqtt]
broker = "embedded"
[mqtt.embedded]
listen = "127.0.0.1:0"
[modbus]
listen = "127.0.0.1:0"
allow = ["127.0.0.1/32", "10.20.%d.0/24"]
max_connections = %d
[modbus.write]
allow = ["10.20.%d.0/24"]
[state]
hvac_off_delay = "%dm"
[sites.site_3jjxDZeswABHTuukIaBLbQURjaX]
hours = "Mon-Fri 06:00-%02d:00"
[assets.%s]
name = "Room %d"
capacity = %d
[groups.group-%d]
members = [%q]
`, filepath.Join(r.site.dir, "state"), first, second, n%250, 20+n%9, n%250, 1+n%200, 8+n%12, boardroomID, n, n%30, n%5, boardroomID)
	switch n % 5 {
	case 2:
		text, wrong = text+"[modbuss]\n", true
	case 4:
		text, wrong = strings.Replace(text, "allow = [\"127.", "allow = [\"127.0.0.0.", 1), true
	}
	part := r.site.config + ".part"
	if err := errors.Join(
		os.WriteFile(r.secret, fmt.Appendf(nil, "another-secret-%020d\n", n/2), 0o600), os.WriteFile(part, []byte(text), 0o600), os.Rename(part, r.site.config),
	); err != nil {
		r.t.Fatal(err)
	}
	return wrong
}

// visit lets a client from another address in, which asks once, and takes that address off the list again.
func (r reloading) visit(s *life) net.Conn {
	r.t.Helper()
	reload := func(old, new string) []string {
		r.t.Helper()
		text, err := os.ReadFile(r.site.config)
		if err == nil {
			err = os.WriteFile(r.site.config, []byte(strings.Replace(string(text), old, new, 1)), 0o600)
		}
		if err != nil {
			r.t.Fatal(err)
		}
		did, err := s.reload(r.t.Context())
		if err != nil || !slices.Equal(did.Applied, []string{"modbus.allow"}) {
			r.t.Fatalf("%+v, %v", did, err)
		}
		return did.Gone
	}
	const one, two = `"127.0.0.1/32", "10.`, `"127.0.0.1/32", "127.0.0.2/32", "10.`
	reload(one, two)
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	conn, err := dialer.Dial("tcp", s.modbus.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		r.t.Fatal(err)
	}
	if _, err := conn.Write([]byte{0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 1}); err != nil {
		r.t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 11)); err != nil {
		r.t.Errorf("who is on the list now is not answered: %v", err)
	}
	if gone := reload(two, one); !slices.Equal(gone, []string{"127.0.0.2"}) {
		r.t.Errorf("disconnected are %v", gone)
	}
	return conn
}
