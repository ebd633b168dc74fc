package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"butlr-gateway/gateway"
)

// hostileNames is what somebody might call a room, or a building's software might take for something else.
var hostileNames = []string{
	`<script>alert(1)</script>`, `"'><img src=x onerror=alert(1)>`, "javascript:alert(1)", "</title><svg onload=alert(1)>", "{{.Secret}}${7*7}",
	"=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "a,\"b\";c\n=1",
	"a\nlevel=ERROR msg=forged", "a\r\n\r\nHTTP/1.1 200 OK", "\x1b[31mred\x1b[0m", "\u202egnp.exe", "\u2028\u2029\u0085\u200f", "nul\x00", "%s%n%x",
	"../../../../tmp/outside", "/etc/passwd", `C:\windows\con`, "a/b/+/#", "$SYS/broker", "#", strings.Repeat("é", 4000), "\ufeff \u00a0 ", "'; DROP TABLE asset; --",
}

// TestThreat08HostileNames has rooms with such names, and with such ids, in floors, buildings and sites with such names,
// and looks at them by every way out. An id with control characters is refused; else no name is a topic's level, an
// element, a script, a formula, a line or a colour of a log or a terminal, or a file's path.
//
// Seen to break it: a name as a level of a topic, and names as they are in the list of points and on a terminal.
func TestThreat08HostileNames(t *testing.T) {
	broker := newMosquitto(t)
	s := newSite(t, fmt.Sprintf("[web]\nlisten = \"127.0.0.1:0\"\n[mqtt]\nbroker = \"tcp://%s\"\nnames = true\n", broker.address))
	s.start()
	s.command("log-level", "debug")
	rooms := s.sendHostile()
	s.accepted(`{"type":"` + "\u202e" + `\u001b[31m\nforged"}`)

	waitFor(t, func() string {
		n := 0
		for topic := range keeps(t, broker.address) {
			if strings.HasPrefix(topic, "butlr/room/") && strings.HasSuffix(topic, "/people") {
				n++
			}
		}
		if n < len(rooms) {
			return fmt.Sprintf("%d rooms at the broker, want %d; %s", n, len(rooms), s.command("health"))
		}
		return ""
	})
	s.hostileTopics(broker)
	s.hostilePages(rooms)
	for _, words := range [][]string{
		{"health"}, {"health", "--refused"}, {"points", "list"}, {"points", "plan"}, {"state", "dump"}, {"state", "dump", rooms[0]}, {"check"},
	} {
		s.harmless("butlr-gateway "+strings.Join(words, " "), s.command(words...))
	}
	s.hostileCells()
	s.stop(syscall.SIGTERM)
	s.harmless("the log", s.log.String())
	s.hostileFiles()
}

// sendHostile sends what there are rooms for, and returns their ids.
func (s *site) sendHostile() (rooms []string) {
	s.t.Helper()
	now := time.Now().Add(-time.Minute)
	for n, name := range hostileNames {
		for _, id := range []string{fmt.Sprintf("room_%027d", n), cut("room_"+name, 200)} {
			body := changed(s.t, payload(s.t, "ROOM_OCCUPANCY", now), map[string]any{
				"id": fmt.Sprintf("event_%027d", len(rooms)),
				"metadata": map[string]any{
					"org_id": "org_1", "org_name": name, "site_id": fmt.Sprint("site_", n%3), "site_name": name, "building_id": fmt.Sprint("building_", n%3), "building_name": name,
					"floor_id": fmt.Sprint("space_", n), "floor_name": name, "room_id": id, "room_name": name, "room_custom_id": name,
					"site_timezone": name, "tags": []string{name},
				},
			})
			s.accepted(body)
			rooms = append(rooms, id)
		}
	}
	status, err := askStatus(s.t.Context(), filepath.Join(s.dir, "state"))
	if err != nil {
		s.t.Fatal(err)
	}
	if got := status.Reasons[gateway.IDNotPlain.String()]; got != 7 {
		s.t.Errorf("%d ids are refused, want the 7 with control characters: %v", got, status.Reasons)
	}
	return slices.DeleteFunc(rooms, func(id string) bool { return strings.ContainsFunc(id, func(c rune) bool { return c < ' ' }) })
}

// cut returns as many bytes of a text as there may be, and whole characters.
func cut(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

var plainTopic = regexp.MustCompile(`^(butlr|homeassistant)(/[a-zA-Z0-9_.~-]+)+$`)

func (s *site) hostileTopics(broker *mosquitto) {
	s.t.Helper()
	topics := 0
	for topic := range keeps(s.t, broker.address) {
		topics++
		if !plainTopic.MatchString(topic) {
			s.t.Errorf("topic %q", topic)
		}
	}
	s.t.Attr("figure", fmt.Sprintf("%d hostile names as names and as ids: %d topics", len(hostileNames), topics))
}

func (s *site) hostilePages(rooms []string) {
	s.t.Helper()
	paths := []string{"/", "/health", "/points", "/polls", "/audit", "/walks", "/assets/" + rooms[0], "/assets/" + rooms[len(rooms)-2], "/metrics", "/api/v1/status", "/api/v1/assets"}
	for _, path := range paths {
		answer, err := http.Get(s.address("page") + path)
		if err != nil {
			s.t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			s.t.Fatalf("%s: %d, %v", path, answer.StatusCode, err)
		}
		text := string(body)
		for _, element := range []string{"<script>alert", "<img src=x", "<svg onload"} {
			if strings.Contains(text, element) {
				s.t.Errorf("%s has %s in it as it came", path, element)
			}
		}
		if policy := answer.Header.Get("Content-Security-Policy"); strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && (policy == "" || strings.Contains(policy, "unsafe-inline")) {
			s.t.Errorf("%s has the policy %q", path, policy)
		}
		if path == "/metrics" && strings.Contains(text, "alert") {
			s.t.Error("a metric has a name in it")
		}
		if strings.HasPrefix(path, "/api/") && !json.Valid(body) {
			s.t.Errorf("%s is no JSON", path)
		}
	}
}

// harmless demands that a text has nothing that a terminal obeys or hides, and no line that a name began.
func (s *site) harmless(what, text string) {
	s.t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "level=ERROR msg=forged") || strings.HasPrefix(line, "HTTP/1.1 200") || strings.HasPrefix(line, "=1") {
			s.t.Errorf("%s: a line is a part of a name: %q", what, line)
		}
		for i, c := range line {
			if c != '\t' && (unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029') {
				s.t.Errorf("%s: %q is shown as it came: …%q…", what, c, line[max(0, i-40):min(len(line), i+40)])
				break
			}
		}
	}
}

// hostileCells looks through the list of points as a spreadsheet reads it.
func (s *site) hostileCells() {
	s.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(s.command("points", "export", "--format", "csv"))).ReadAll()
	if err != nil || len(rows) < 2*len(hostileNames) {
		s.t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				s.t.Errorf("cell %q of %q", cell, row)
			}
		}
	}
}

var plainFile = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

func (s *site) hostileFiles() {
	s.t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, f fs.DirEntry, err error) error {
		if !plainFile.MatchString(filepath.Base(path)) {
			s.t.Errorf("file %q", path)
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
}
