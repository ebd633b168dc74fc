package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	tracedRequest = regexp.MustCompile(`\b(read|recvfrom)\(\d+, "POST /webhooks`)
	tracedSync    = regexp.MustCompile(`\b(fdatasync|fsync)\(\d+\)\s+= 0|<\.\.\. (fdatasync|fsync) resumed>\)\s+= 0`)
	tracedAnswer  = regexp.MustCompile(`\bwrite\(\d+, "HTTP/1\.1 204`)
)

// Between the arrival of an event that changes something and its answer, the disk is told to keep it. A
// killed process would not show this; the system calls do.
func TestEveryAnswerComesAfterASync(t *testing.T) {
	strace := tool(t, "strace")
	trace := filepath.Join(t.TempDir(), "trace")
	s := newSite(t, "")
	s.start(strace, "-f", "-s", "16", "-e", "trace=read,recvfrom,write,fsync,fdatasync", "-o", trace, "--")
	const events = 100
	start := time.Now().Add(-time.Minute)
	for i := range events {
		s.accepted(payload(t, "ROOM_OCCUPANCY", start.Add(time.Duration(i)*time.Millisecond)))
	}
	s.stopTraced()
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	answers, syncs := 0, 0
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		switch line := lines.Text(); {
		case tracedRequest.MatchString(line):
			syncs = 0
		case tracedSync.MatchString(line):
			syncs++
		case tracedAnswer.MatchString(line):
			want := 1
			if answers++; answers == 1 {
				want = 2 // the numbers of new assets are in the ledger as well
			}
			if syncs < want {
				t.Errorf("answer %d came after %d syncs, want %d", answers, syncs, want)
			}
		}
	}
	if answers != events {
		t.Errorf("%d answers in the trace, want %d", answers, events)
	}
}

// stopTraced ends the gateway, which is a child of the process that was started.
func (s *site) stopTraced() {
	s.t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.process.Process.Pid, s.process.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.Fields(string(children))[0])
	if err != nil {
		s.t.Fatal(err)
	}
	if err := syscall.Kill(child, syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatal("the gateway does not end")
	}
}
