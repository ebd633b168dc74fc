package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestFault02AnswersComeAfterSyncs: between the arrival of an event that changes something and its answer, the disk is
// told to keep it. A killed process would not show this; the system calls do. A thousand events, each of one more who
// came in, are sent over as many connections as keep several in one commit: each answer comes after the return of a sync
// that began after the last of the request was read.
//
// Seen to break it: an answer before the commit; the database opened with synchronous NORMAL.
func TestFault02AnswersComeAfterSyncs(t *testing.T) {
	strace := tool(t, "strace")
	path := filepath.Join(t.TempDir(), "trace")
	s := newSite(t, "")
	s.start(strace, "-f", "-s", "16", "-e", "trace=read,recvfrom,write,fsync,fdatasync", "-o", path, "--")
	const events, connections = 1000, 16
	begin := time.Now().Add(-time.Hour)
	traffic := func(n int) string {
		return changed(t, payload(t, "TRAFFIC", begin.Add(time.Duration(n)*time.Millisecond)), map[string]any{"id": fmt.Sprintf("event_%027d", n)})
	}
	s.accepted(traffic(0)) // which gives numbers to assets; the others do not
	var sending sync.WaitGroup
	for c := range connections {
		sending.Go(func() {
			s.acceptedInTurn(func(n int) string { return traffic(1 + c + n*connections) }, (events-2-c)/connections+1)
		})
	}
	sending.Wait()
	kept := s.cameIn()
	s.stopTraced()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := readTrace(string(text))
	if seen.early > 0 || seen.answers != events {
		t.Errorf("%d answers, want %d; %d came before a sync of theirs", seen.answers, events, seen.early)
	}
	if seen.first < 2 { // the numbers of new assets are in the ledger as well
		t.Errorf("the first answer came after %d syncs, want 2", seen.first)
	}
	if seen.syncs >= seen.answers {
		t.Errorf("%d syncs for %d answers: no commit was of several requests", seen.syncs, seen.answers)
	}
	t.Attr("figure", fmt.Sprintf("%d answers over %d connections, %d syncs: %d answers before their sync", seen.answers, connections, seen.syncs, seen.early))
	tally(t, events, kept)
}

// acceptedInTurn posts bodies over a connection of its own; each must be accepted.
func (s *site) acceptedInTurn(body func(int) string, count int) {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for n := range count {
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.address("webhook"), strings.NewReader(body(n)))
		if err != nil {
			s.t.Error(err)
			return
		}
		r.Header.Set("X-Api-Key", testSecret)
		answer, err := client.Do(r)
		if err != nil {
			s.t.Error(err)
			return
		}
		if answer.Body.Close(); answer.StatusCode != http.StatusNoContent {
			s.t.Errorf("answered %d", answer.StatusCode)
		}
	}
}

// traced is what a trace tells.
type traced struct {
	answers int // 204
	early   int // those before the end of a sync that began after their request was read
	syncs   int // that succeeded
	first   int // syncs before the first answer, from its request on
}

var (
	tracedCall    = regexp.MustCompile(`^(\d+) +(read|recvfrom|write|fsync|fdatasync)\((\d+)(.*)$`)
	tracedResumed = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)$`)
	tracedResult  = regexp.MustCompile(`\) += (-?\d+)`)
)

// pendingCall is a system call that has begun.
type pendingCall struct {
	name, file, text string
	line             int
}

// readTrace reads what strace -f wrote. A call that others came between is on two lines, that of its beginning and that
// of its end; what one call must wait for is before it, because strace holds each thread until it has written its line.
func readTrace(text string) (seen traced) {
	pending := map[string]pendingCall{}
	request := map[string]int{} // the line on which the last of what a connection sent was read
	newest := -1                // the line on which the newest of the syncs that are over began
	var begun []int             // those of all before the first answer
	ended := func(c pendingCall, rest string) {
		result := tracedResult.FindStringSubmatch(rest)
		if result == nil {
			return // killed within it
		}
		n, _ := strconv.Atoi(result[1])
		switch {
		case c.name == "fsync" || c.name == "fdatasync":
			if n == 0 {
				seen.syncs++
				newest = max(newest, c.line)
				begun = append(begun, c.line)
			}
		case c.name != "write" && n > 0:
			request[c.file] = c.line
		}
	}
	number := 0
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); number++ {
		if call := tracedCall.FindStringSubmatch(lines.Text()); call != nil {
			c := pendingCall{call[2], call[3], call[4], number}
			if c.name == "write" && strings.HasPrefix(c.text, `, "HTTP/1.1 204`) {
				seen.answers++
				if newest < request[c.file] {
					seen.early++
				}
				if seen.answers == 1 {
					for _, at := range begun {
						if at > request[c.file] {
							seen.first++
						}
					}
				}
			}
			if strings.HasSuffix(c.text, "<unfinished ...>") {
				pending[call[1]] = c
			} else {
				ended(c, c.text)
			}
		} else if back := tracedResumed.FindStringSubmatch(lines.Text()); back != nil {
			c := pending[back[1]]
			if c.name == "read" || c.name == "recvfrom" {
				c.line = number // read when it returned
			}
			ended(c, back[2])
		}
	}
	return seen
}

// TestATraceIsRead, of calls that others came between. Seen to break it: a sync that began before the request was read
// taken for one of its own, and one that failed for one that did not.
func TestATraceIsRead(t *testing.T) {
	const read, sync, answer = `7 read(9, "POST /webhooks/b"..., 4096) = 700`, `8 fdatasync(5) = 0`, `7 write(9, "HTTP/1.1 204 No "..., 90) = 90`
	for name, c := range map[string]struct {
		trace []string
		early int
	}{
		"after a sync":               {[]string{read, sync, answer}, 0},
		"before any":                 {[]string{read, answer, sync}, 1},
		"before the sync is over":    {[]string{read, "8 fdatasync(5 <unfinished ...>", answer, "8 <... fdatasync resumed>) = 0"}, 1},
		"after it is over":           {[]string{read, "8 fdatasync(5 <unfinished ...>", "8 <... fdatasync resumed>) = 0", answer}, 0},
		"after one that failed":      {[]string{read, "8 fdatasync(5) = -1 EIO (Input/output error)", answer}, 1},
		"after one of before":        {[]string{sync, read, answer}, 1},
		"after one that ran already": {[]string{"8 fsync(5 <unfinished ...>", read, "8 <... fsync resumed>) = 0", answer}, 1},
		"read while a sync ran": {[]string{`7 read(9 <unfinished ...>`, "8 fsync(5 <unfinished ...>", `7 <... read resumed>, "POST /webhooks/b"..., 4096) = 700`,
			"8 <... fsync resumed>) = 0", answer}, 1},
		"another connection's": {[]string{`7 read(11, "POST /webhooks/b"..., 4096) = 700`, sync, read, answer}, 1},
		"nothing more to read": {[]string{read, sync, `7 read(9, 0xc000, 4096) = -1 EAGAIN (Resource temporarily unavailable)`, answer}, 0},
	} {
		if got := readTrace(strings.Join(c.trace, "\n")); got.answers != 1 || got.early != c.early {
			t.Errorf("%s: %+v, want %d early", name, got, c.early)
		}
	}
}

// stopTraced ends the gateway, which is a child of the process that was started.
func (s *site) stopTraced() {
	s.t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.process.Process.Pid, s.process.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	child, err := strconv.Atoi(string(bytes.Fields(children)[0]))
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
