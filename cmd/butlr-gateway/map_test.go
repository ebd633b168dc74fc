package main

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"butlr-gateway/adapters/modbus"
)

// mbpollValues reads with mbpoll: raw words as text, by address.
func mbpollValues(t *testing.T, target string, unit int, table string, address, count int, more ...string) map[int]string {
	t.Helper()
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-m", "tcp", "-p", port, "-0", "-1", "-a", strconv.Itoa(unit), "-t", table,
		"-r", strconv.Itoa(address), "-c", strconv.Itoa(count)}, more...)
	out, err := exec.Command("mbpoll", append(args, host)...).CombinedOutput()
	if err != nil {
		t.Fatalf("mbpoll %v: %v\n%s", args, err, out)
	}
	values := make(map[int]string)
	for _, m := range regexp.MustCompile(`(?m)^\[(\d+)\]:\s+(\S+)`).FindAllStringSubmatch(string(out), -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		values[n] = m[2]
	}
	return values
}

// pageRow is what the status page shows of an asset.
type pageRow struct{ occupied, people, motion, quality string }

func pageRows(t *testing.T, address string) map[string]pageRow {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]pageRow)
	for _, tr := range regexp.MustCompile(`(?s)<tr class="[^"]* kind-.*?</tr>`).FindAllString(string(text), -1) {
		cell := func(class, end string) string {
			td := regexp.MustCompile(`<(?:td|span) class="` + class + `">(?s:(.*?))</` + end + `>`).FindStringSubmatch(tr)
			if td == nil {
				return ""
			}
			return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(td[1], ""))
		}
		name := html.UnescapeString(regexp.MustCompile(`<bdi>(.*?)</bdi>`).FindStringSubmatch(tr)[1])
		rows[name] = pageRow{cell("answer [a-z?]+", "span"), cell("people number", "td"), cell("motion", "td"), cell("quality", "td")}
	}
	return rows
}

// Every line of the point list is read with mbpoll from a gateway that runs, the blocks' and the columns';
// both say the same of every asset, and the same as the page.
func TestMbpollReadsWhatThePointListAndThePageSay(t *testing.T) {
	tool(t, "mbpoll")
	s := newSite(t, "[web]\nlisten = \"127.0.0.1:0\"\n")
	s.start()
	now := time.Now().Truncate(time.Minute)
	for _, p := range examplePosts {
		s.accepted(payload(t, p.name, now.Add(-p.age)))
	}
	target := s.address("Modbus TCP")
	export := func(more ...string) (rows []modbus.Row) {
		out, err := program(t, append([]string{"points", "export", "--format", "json", "--config", s.config}, more...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &rows); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	blocks := readRows(t, target, export())
	columns := readRows(t, target, export("--columns"))
	for point, value := range columns {
		if strings.HasPrefix(point, s.status.GatewayID) { // the gateway's own stand in both lists, and change every second
			continue
		}
		measure := point[strings.LastIndex(point, " ")+1:]
		if of, ok := blocks[point]; ok && of != value && measure != "age" { // which may have grown
			t.Errorf("%s reads %s in its block and %s in its column", point, of, value)
		}
	}
	rows := pageRows(t, s.address("page"))
	if len(rows) != len(examples) {
		t.Errorf("the page has %d assets", len(rows))
	}
	for name, row := range rows {
		list := map[string]string{ // what the page shows, in the words of registers
			"input people": row.people, "holding people": row.people,
			"input occupied": map[string]string{"occupied": "1", "vacant": "0"}[row.occupied],
			"holding motion": map[string]string{"motion": "1", "none": "0"}[row.motion],
		}
		quality := map[string]string{"good": "1", "uncertain": "2"}[row.quality]
		if quality == "" || columns[name+" input quality"] != quality || blocks[name+" holding quality"] != quality {
			t.Errorf("%s is %s on the page, %s and %s in registers", name, row.quality, columns[name+" input quality"], blocks[name+" holding quality"])
		}
		for point, want := range list {
			got, ok := blocks[name+" "+point]
			if !ok || want != "" && got != want || want == "" && got != "65535" && got != "0" {
				t.Errorf("%s %s: %q on the page, %q in registers", name, point, want, got)
			}
		}
	}
	for name, want := range map[string]string{
		"Rotterdam Campus": "Rotterdam Campus", "Boardroom Erasmus": "MH-3.14", "Open Desk Cluster 7": "Open Desk Cluste", "Level 3": "MH-L03",
		"sensor_33cqPYRZypH2B6Q765wa6rM5RBF": "2B6Q765wa6rM5RBF",
	} {
		if got := columns[name+" input name"]; got != want {
			t.Errorf("%s is called %q, want %q", name, got, want)
		}
	}
	if got := columns["Rotterdam Campus input coverage"]; got != "1000" {
		t.Errorf("the coverage of the site reads %s", got)
	}
	if got := columns["Boardroom Erasmus holding coverage"]; got != "65535" {
		t.Errorf("the coverage of a room reads %s", got)
	}
	s.stop(syscall.SIGTERM)
}

// readRows reads each row of a point list with mbpoll, and returns the values by the asset's name, the table and
// the measure.
func readRows(t *testing.T, target string, rows []modbus.Row) map[string]string {
	t.Helper()
	tables := map[string]string{"input": "3", "holding": "4", "discrete": "1", "coil": "0"}
	known := make(map[string]map[int]string) // what was read with one request, by what
	read := func(unit int, table string, address, count int) map[int]string {
		key := fmt.Sprint(unit, table, address, count)
		if known[key] == nil {
			known[key] = mbpollValues(t, target, unit, table, address, count, "-B")
		}
		return known[key]
	}
	values := make(map[string]string)
	for _, r := range rows {
		table, unit, address := tables[r.Table], int(r.UnitID), int(r.Address)
		name := r.Name
		if name == "" {
			name = string(r.Asset)
		}
		point := name + " " + r.Table + " " + r.Measure
		switch {
		case r.Type == "u32":
			values[point] = read(unit, table+":int", address, 1)[address]
		case r.Type == "text":
			values[point] = textOf(t, read(unit, table+":hex", address, 8), address)
		case address < 100: // the gateway's own
			values[point] = read(unit, table, address, 1)[address]
		case unit > 100: // a column
			first := address - address%4096
			values[point] = read(unit, table, first, len(examples))[address]
		default:
			first := address - (address-100)%16
			values[point] = read(unit, table, first, 16)[address]
		}
		if values[point] == "" {
			t.Errorf("mbpoll read nothing of %s at %d of unit %d", point, address, unit)
		}
	}
	return values
}

// textOf returns the characters in eight registers as mbpoll shows them in hexadecimal.
func textOf(t *testing.T, words map[int]string, address int) string {
	t.Helper()
	var text []byte
	for k := range 8 {
		word, err := strconv.ParseUint(strings.TrimPrefix(words[address+k], "0x"), 16, 16)
		if err != nil {
			t.Fatalf("reading the name at %d: %v", address, err)
		}
		text = append(text, byte(word>>8), byte(word))
	}
	return strings.TrimRight(string(text), "\x00")
}
