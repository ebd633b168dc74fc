package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// pollUntil reads registers over one session, which must not end.
func pollUntil(t *testing.T, address string, going func() bool) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	request, answer := []byte{0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 8}, make([]byte, 9+16)
	for going() {
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Error(err)
			return
		}
		_, err := conn.Write(request)
		if err == nil {
			_, err = io.ReadFull(conn, answer)
		}
		if err != nil || answer[7] != 4 || binary.BigEndian.Uint16(answer[9:]) == 0 {
			t.Errorf("a session ended, or answers % x: %v", answer, err)
			return
		}
	}
}

// postUntil posts events, of which none may be turned away.
func postUntil(t *testing.T, url string, going func() bool) {
	for going() {
		if code := postWith(t, url, testSecret); code != http.StatusNoContent {
			t.Errorf("an event is answered %d", code)
			return
		}
	}
}

// postWith posts an event and returns the answer's code.
func postWith(t *testing.T, url, secret string) int {
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-time.Minute))))
	if err != nil {
		t.Error(err)
		return 0
	}
	r.Header.Set("X-Api-Key", secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode
}

// askUntil asks what pages and controllers' outputs ask of what is in force.
func askUntil(t *testing.T, s *life, going func() bool) {
	for going() {
		if _, err := s.audit(t.Context()); err != nil {
			t.Error(err)
		}
		a := &gateway.Asset{ID: boardroomID, Kind: gateway.Room, Site: "site_3jjxDZeswABHTuukIaBLbQURjaX"}
		s.placeOf(a)
		s.graceOf(a)
		s.lossOf(a, gateway.HVACOutput, gateway.TimestampOf(time.Now()))
		s.listeners()
	}
}

// totalOf adds up a metric of all its labels.
func totalOf(t *testing.T, s *life, name string) (total float64) {
	t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.Metric {
			total += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
		return total
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// bystander is a program of somebody else's that goes on until the test ends.
type bystander struct {
	mu     sync.Mutex
	output bytes.Buffer
}

func startTool(t *testing.T, name string, args ...string) *bystander {
	t.Helper()
	r := &bystander{}
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = r, r
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return r
}

// Write takes what the program says.
func (r *bystander) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output.Write(text)
}

func (r *bystander) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output.String()
}
