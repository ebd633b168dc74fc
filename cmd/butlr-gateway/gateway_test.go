package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

// shown is what one asset of the example bodies must show.
type shown struct {
	asset string
	block string // 16 registers as a controller reads them; "age" and "off" stand for a small age and a running off-delay
	state string // the MQTT payload; "AT" stands for any time
}

// examples are the assets of the example bodies, in the order of their numbers, after all of the bodies
// came in the order of examplePosts. The Focus Room has just emptied, so that its off-delay runs, and it
// keeps that of whatever it is a member of.
var examples = []shown{
	{"site/site_3jjxDZeswABHTuukIaBLbQURjaX",
		"1 6 7697 1 age off 0 65535 0 0 0 2 65535 65535 13 0",
		`{"occupied":true,"people":6,"motion":false,"lighting":true,"hvac":true,"ventilation":true,"traffic_in":0,"traffic_out":2,"traffic_estimate":0,"quality":"good","quality_code":1,"reason":"2 of 3 members occupied","reason_code":13,"at":"AT","off_delay_ends":"AT","override":"automatic","coverage":100,"name":"Rotterdam Campus","custom_id":null,"path":[]}`},
	{"building/building_3Iw9yDdkDz0japZI7A3pdhRzGPD",
		"1 6 7697 1 age off 0 65535 0 0 0 2 65535 65535 13 0",
		`{"occupied":true,"people":6,"motion":false,"lighting":true,"hvac":true,"ventilation":true,"traffic_in":0,"traffic_out":2,"traffic_estimate":0,"quality":"good","quality_code":1,"reason":"2 of 3 members occupied","reason_code":13,"at":"AT","off_delay_ends":"AT","override":"automatic","coverage":100,"name":"Maas House","custom_id":null,"path":["Rotterdam Campus"]}`},
	{"floor/space_34SkpZonXCHmY5tqVQTVR5WzxzJ",
		"1 37 7697 1 age off 0 65535 0 0 0 2 37 1 13 0",
		`{"occupied":true,"people":37,"motion":false,"lighting":true,"hvac":true,"ventilation":true,"traffic_in":0,"traffic_out":2,"traffic_estimate":0,"quality":"good","quality_code":1,"reason":"3 of 4 members occupied","reason_code":13,"at":"AT","off_delay_ends":"AT","override":"automatic","coverage":100,"peak_today":37,"occupied_minutes_today":1,"name":"Level 3","custom_id":"MH-L03","path":["Rotterdam Campus","Maas House"]}`},
	{"room/room_3jsO3M1KzCEuPDimYj0iZrqyaiW",
		"1 6 7681 1 age 0 65535 65535 0 1 0 0 6 1 1 0",
		`{"occupied":true,"people":6,"lighting":true,"hvac":true,"ventilation":true,"traffic_in":1,"traffic_out":0,"traffic_estimate":1,"quality":"good","quality_code":1,"reason":"people 6 at AT","reason_code":1,"at":"AT","off_delay_ends":null,"override":"automatic","peak_today":6,"occupied_minutes_today":1,"name":"Boardroom Erasmus","custom_id":"MH-3.14","path":["Rotterdam Campus","Maas House","Level 3"]}`},
	{"zone/zone_3dTPxht2z31mixrlaOHyCLYaP0U",
		"1 4 7681 1 age 0 65535 65535 0 0 0 0 4 1 1 0",
		`{"occupied":true,"people":4,"lighting":true,"hvac":true,"ventilation":true,"quality":"good","quality_code":1,"reason":"people 4 at AT","reason_code":1,"at":"AT","off_delay_ends":null,"override":"automatic","peak_today":4,"occupied_minutes_today":1,"name":"Table North","custom_id":"MH-3.14-N","path":["Rotterdam Campus","Maas House","Level 3","Boardroom Erasmus"]}`},
	{"zone/zone_3L6hspODRjfElCnoFukt0d1wvlJ",
		"0 0 1 1 age 0 65535 65535 0 0 0 0 0 0 6 0",
		`{"occupied":false,"people":0,"lighting":false,"hvac":false,"ventilation":false,"quality":"good","quality_code":1,"reason":"people 0 at AT","reason_code":6,"at":"AT","off_delay_ends":null,"override":"automatic","peak_today":0,"occupied_minutes_today":0,"name":"Open Desk Cluster 7","custom_id":null,"path":["Rotterdam Campus","Maas House","Level 3"]}`},
	{"sensor/sensor_33cqPYRZypH2B6Q765wa6rM5RBF",
		"65535 1 49280 2 age 0 65535 65535 0 1 0 0 65535 65535 14 0",
		`{"people":1,"traffic_in":1,"traffic_out":0,"traffic_estimate":1,"quality":"uncertain","quality_code":2,"reason":"about 1 people by traffic at AT","reason_code":14,"at":"AT","off_delay_ends":null,"override":"automatic","name":"sensor_33cqPYRZypH2B6Q765wa6rM5RBF","custom_id":null,"path":["Rotterdam Campus","Maas House","Level 3","Boardroom Erasmus"]}`},
	{"sensor/sensor_37HdqIMjJTzixqSx6MRahvo1cAs",
		"65535 0 49280 2 age 0 65535 65535 0 0 0 2 65535 65535 14 0",
		`{"people":0,"traffic_in":0,"traffic_out":2,"traffic_estimate":0,"quality":"uncertain","quality_code":2,"reason":"about 0 people by traffic at AT","reason_code":14,"at":"AT","off_delay_ends":null,"override":"automatic","name":"sensor_37HdqIMjJTzixqSx6MRahvo1cAs","custom_id":null,"path":["Rotterdam Campus","Maas House","Level 3"]}`},
	{"room/room_30wbf9EVBov1Cj1hu7xBIdBVbH5",
		"1 65535 40465 1 age off 0 65535 0 0 0 0 65535 1 5 0",
		`{"occupied":true,"motion":false,"lighting":true,"hvac":true,"ventilation":true,"quality":"good","quality_code":1,"reason":"motion ended AT, off-delay ends AT","reason_code":5,"at":"AT","off_delay_ends":"AT","override":"automatic","occupied_minutes_today":1,"name":"Focus Room 3.09","custom_id":"MH-3.09","path":["Rotterdam Campus","Maas House","Level 3"]}`},
	{"sensor/sensor_3W8x8y4tZ2UNVaLDpDeLRTU9lkJ",
		"65535 65535 32769 1 age 0 65535 65535 0 0 0 0 65535 65535 0 0",
		`{"detections":3,"quality":"good","quality_code":1,"reason":null,"reason_code":null,"at":"AT","off_delay_ends":null,"override":"automatic","name":"sensor_3W8x8y4tZ2UNVaLDpDeLRTU9lkJ","custom_id":null,"path":["Rotterdam Campus","Maas House","Level 3","Boardroom Erasmus"]}`},
}

// detecting is the number of the sensor whose readings are never stored.
const detecting = 9

// examplePosts are the example bodies in the order in which they are posted, each with its age.
var examplePosts = []struct {
	name string
	age  time.Duration
}{
	{"FLOOR_OCCUPANCY", 10 * time.Second},
	{"FLOOR_OCCUPANCY_1MIN", 20 * time.Second},
	{"ROOM_OCCUPANCY", 10 * time.Second},
	{"ROOM_OCCUPANCY_1MIN", 20 * time.Second},
	{"ZONE_OCCUPANCY", 10 * time.Second},
	{"ZONE_OCCUPANCY_1MIN", 20 * time.Second},
	{"TRAFFIC", 9 * time.Second},
	{"TRAFFIC_floor_entrance", 8 * time.Second},
	{"PIR_MOTION", 7 * time.Second},
	{"PIR_NO_MOTION", 6 * time.Second},
	{"DETECTIONS", 5 * time.Second},
}

// TestExamplesBecomeRegistersAndMessages posts each of Butlr's example bodies to the program and reads
// them back with clients that nobody here wrote: before a restart, after it, and after a kill -9.
func TestExamplesBecomeRegistersAndMessages(t *testing.T) {
	broker := startMosquitto(t)
	tool(t, "mbpoll")
	s := newSite(t, fmt.Sprintf("[mqtt]\nbroker = %q\n", "tcp://"+broker))
	s.start()
	now := time.Now().Truncate(time.Minute) // all of them lie in one minute
	for _, p := range examplePosts {
		s.accepted(payload(t, p.name, now.Add(-p.age)))
	}
	compareExamples(t, s, broker, true)
	s.stop(syscall.SIGTERM)
	s.start()
	compareExamples(t, s, broker, false)
	s.stop(syscall.SIGKILL)
	s.start()
	compareExamples(t, s, broker, false)
	s.stop(syscall.SIGTERM)
	if got := retained(t, broker, "butlr/gateway/status"); got != "offline" {
		t.Errorf("status after the stop: %q, want offline", got)
	}
}

// compareExamples compares registers and retained messages. How many people a sensor sees is known until a restart only.
func compareExamples(t *testing.T, s *site, broker string, detections bool) {
	t.Helper()
	for number, want := range examples {
		if number == detecting && !detections {
			continue
		}
		if diff := cmp.Diff(want.block, mbpollBlock(t, s.address("Modbus TCP"), number)); diff != "" {
			t.Errorf("block of %s (-want +got):\n%s", want.asset, diff)
		}
		topic := "butlr/" + want.asset + "/state"
		waitFor(t, func() string { return cmp.Diff(want.state, withoutTimes(retained(t, broker, topic))) })
	}
	waitFor(t, func() string { return cmp.Diff("online", retained(t, broker, "butlr/gateway/status")) })
	waitFor(t, func() string {
		return cmp.Diff("37", retained(t, broker, "butlr/floor/space_34SkpZonXCHmY5tqVQTVR5WzxzJ/people"))
	})
	if detections {
		waitFor(t, func() string {
			return cmp.Diff("online", retained(t, broker, "butlr/sensor/sensor_3W8x8y4tZ2UNVaLDpDeLRTU9lkJ/availability"))
		})
	}
}

// waitFor waits until a comparison finds no difference: messages travel, registers do not.
func waitFor(t *testing.T, difference func() string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; waitABit() {
		diff := difference()
		if diff == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("(-want +got):\n%s", diff)
			return
		}
	}
}

var timePattern = regexp.MustCompile(`(\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d(\.\d+Z)?`)

func withoutTimes(text string) string { return timePattern.ReplaceAllString(text, "AT") }

var pollPattern = regexp.MustCompile(`(?m)^\[(\d+)\]:\s+(\d+)`)

// mbpollBlock reads a block with mbpoll; a plausible age is shown as "age", the rest of an off-delay as "off".
func mbpollBlock(t *testing.T, address string, number int) string {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("mbpoll", "-m", "tcp", "-p", port, "-0", "-1", "-a", "1", "-t", "3", "-r", fmt.Sprint(100+16*number), "-c", "16", host).CombinedOutput()
	if err != nil {
		t.Fatalf("mbpoll: %v\n%s", err, out)
	}
	var words []string
	for _, m := range pollPattern.FindAllSubmatch(out, -1) {
		words = append(words, string(m[2]))
	}
	if len(words) == 16 {
		if age, err := strconv.Atoi(words[4]); err == nil && age < 600 {
			words[4] = "age"
		}
		if off, err := strconv.Atoi(words[5]); err == nil && off > 700 && off < 900 {
			words[5] = "off"
		}
	}
	return strings.Join(words, " ")
}

// startMosquitto runs a broker on a free port until the test ends and returns its address.
func startMosquitto(t *testing.T) string {
	t.Helper()
	return newMosquitto(t).address
}

// retained returns the message that a broker keeps for a topic, as mosquitto_sub prints it.
func retained(t *testing.T, broker, topic string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(broker)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("mosquitto_sub", "-h", host, "-p", port, "-q", "1", "-C", "1", "-W", "2", "--retained-only", "-t", topic).Output()
	if err != nil {
		return fmt.Sprint("nothing: ", err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

const boardroom = 3 // the number of the examples' room, after a room event

func TestCorrectionsCountAndOlderMinutesDoNot(t *testing.T) {
	s := newSite(t, "")
	s.start()
	now := time.Now()
	body := payload(t, "ROOM_OCCUPANCY", now.Add(-time.Minute))
	s.accepted(body)
	expect := func(what string, people uint16) {
		t.Helper()
		if got := s.block(boardroom)[1]; got != people {
			t.Errorf("%s: %d people, want %d", what, got, people)
		}
	}
	expect("as sent", 6)
	s.accepted(changed(t, body, map[string]any{"id": "event_3zzzzzzzzzzzzzzzzzzzzzzzzzz", "data": 2}))
	expect("corrected", 2)
	s.accepted(body)
	expect("the first one again", 2)
	s.accepted(changed(t, payload(t, "ROOM_OCCUPANCY", now.Add(-2*time.Minute)), map[string]any{"id": "event_3zzzzzzzzzzzzzzzzzzzzzzzzzy", "data": 9}))
	expect("an older minute", 2)
	s.stop(syscall.SIGTERM)
	s.start()
	expect("after a restart", 2)
	s.accepted(body)
	expect("after a restart, the first one again", 2)
}

func TestTrafficCountsOnceAcrossRestarts(t *testing.T) {
	s := newSite(t, "")
	s.start()
	body := payload(t, "TRAFFIC", time.Now())
	again := changed(t, body, map[string]any{"id": "event_39fDPn6mVGKDmZKtqfHZh0eeKF1"})
	for _, step := range []struct {
		what string
		do   func()
		want uint16
	}{
		{"once", func() { s.accepted(body) }, 1},
		{"twice", func() { s.accepted(body) }, 1},
		{"in an array, twice", func() { s.accepted("[" + body + "," + body + "]") }, 1},
		{"after a restart", func() { s.stop(syscall.SIGTERM); s.start(); s.accepted(body) }, 1},
		{"another one", func() { s.accepted(again) }, 2},
		{"after a kill -9", func() { s.stop(syscall.SIGKILL); s.start(); s.accepted(body, again) }, 2},
	} {
		step.do()
		if got := s.block(boardroom)[9]; got != step.want {
			t.Errorf("%s: %d came in, want %d", step.what, got, step.want)
		}
	}
}

// When the answer arrives, the register has the value.
func TestAnAnswerMeansThatItCanBeRead(t *testing.T) {
	s := newSite(t, "")
	s.start()
	client := modbus.NewClient(modbus.ClientOptions{Address: s.address("Modbus TCP"), Unit: 1})
	defer func() { _ = client.Close() }()
	start := time.Now().Add(-time.Minute)
	for i := range 1000 {
		body := payload(t, "ROOM_OCCUPANCY", start.Add(time.Duration(i)*time.Millisecond))
		s.accepted(changed(t, body, map[string]any{"data": i % 100}))
		words, err := client.Registers(modbus.Input, 100+16*boardroom, 2)
		if err != nil {
			t.Fatal(err)
		}
		if words[1] != uint16(i%100) {
			t.Fatalf("event %d: the register has %d, want %d", i, words[1], i%100)
		}
	}
}

// A commit that fails is answered 503 and changes nothing; the same event, sent again, counts once.
func TestACommitThatFailsIsToldAndCountsOnceLater(t *testing.T) {
	s := newSite(t, "")
	s.start()
	now := time.Now()
	s.accepted(payload(t, "ROOM_OCCUPANCY", now.Add(-time.Minute)))
	before := withoutAge(s.block(boardroom))
	traffic := payload(t, "TRAFFIC", now)
	release := holdDatabase(t, filepath.Join(s.dir, "state", "state.db"))
	code, header := s.post("[" + traffic + "," + changed(t, payload(t, "ROOM_OCCUPANCY", now), map[string]any{"data": 1}) + "]")
	if code != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("answered %d, Retry-After %q; want 503 with one", code, header.Get("Retry-After"))
	}
	if diff := cmp.Diff(before, withoutAge(s.block(boardroom))); diff != "" {
		t.Errorf("registers (-before +after the failure):\n%s", diff)
	}
	if alarms := s.registers(11, 1)[0]; alarms&(1<<2) == 0 {
		t.Errorf("alarms %b: the disk's is not raised", alarms)
	}
	release()
	s.accepted(traffic, traffic)
	for _, when := range []string{"sent again", "sent again after a restart"} {
		if got := s.block(boardroom); got[9] != 1 || got[1] != 6 {
			t.Errorf("%s: %d came in, %d people; want 1 and 6", when, got[9], got[1])
		}
		if alarms := s.registers(11, 1)[0]; alarms != 0 {
			t.Errorf("%s: alarms %b, want none", when, alarms)
		}
		s.stop(syscall.SIGKILL)
		s.start()
		s.accepted(traffic)
	}
}

func withoutAge(block []uint16) []uint16 {
	block[4] = 0
	return block
}

// holdDatabase makes every commit fail until it is released.
func holdDatabase(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	hold, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.ExecContext(t.Context(), "PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := hold.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		if err := hold.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A broker that is not there changes nothing for the others.
func TestWithoutABrokerTheRestServes(t *testing.T) {
	s := newSite(t, "[mqtt]\nbroker = \"tcp://127.0.0.1:1\"\n")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	if got := s.block(boardroom)[1]; got != 6 {
		t.Errorf("%d people, want 6", got)
	}
	waitFor(t, func() string {
		if alarms := s.registers(11, 1)[0]; alarms&(1<<1) == 0 {
			return fmt.Sprintf("alarms %b: the broker's is not raised", alarms)
		}
		return ""
	})
	s.stop(syscall.SIGTERM)
}

func TestASecondGatewayIsRefusedInWords(t *testing.T) {
	s := newSite(t, "")
	s.start()
	out, err := program(t, "run", "--config", s.config).CombinedOutput()
	if code := exitCode(err); code != 1 || !strings.Contains(string(out), "in use by another butlr-gateway; stop that one") {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestCommandsBesideARunningGateway(t *testing.T) {
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	look := func(args ...string) string {
		t.Helper()
		out, err := program(t, append(args, "--config", s.config)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	for range 2 {
		if got := look("points", "list"); !strings.Contains(got, "30149") || !strings.Contains(got, "Boardroom Erasmus") {
			t.Errorf("list:\n%s", got)
		}
		csv := look("points", "export")
		if want := "room_3jsO3M1KzCEuPDimYj0iZrqyaiW,room,Boardroom Erasmus,MH-3.14,Rotterdam Campus / Maas House / Level 3,people,1,input,149,30150,u16,,1,people,read,"; !strings.Contains(csv, want) {
			t.Errorf("no row of the export begins with %s\n%s", want, csv)
		}
		var rows []modbus.Row
		if err := json.Unmarshal([]byte(look("points", "export", "--format", "json")), &rows); err != nil {
			t.Fatal(err)
		}
		if want := strings.Count(csv, "\n") - 1; len(rows) != want || want != 4*60+2*24+2*gateway.AlarmCount {
			t.Errorf("%d rows in JSON, %d in CSV, want those of four assets and of the gateway in both", len(rows), want)
		}
		if s.process == nil {
			return
		}
		if got := look("health"); !strings.Contains(got, "well, up") || !strings.Contains(got, "1 accepted, 0 refused") || !strings.Contains(got, "alarms      none") {
			t.Errorf("health:\n%s", got)
		}
		s.stop(syscall.SIGTERM) // the lists work without it too
		s.process = nil
	}
}

// Commands that only read need no secret, and show the numbers in use whatever the file wants.
func TestReadingNeedsNoSecretsAndNoRightPins(t *testing.T) {
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	wanting := strings.Replace(string(text), strconv.Quote(testSecret), `"env:BUTLR_NO_SUCH_VARIABLE"`, 1) +
		"\n[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]\nindex = 40\n" +
		"\n[groups.late]\nmembers = [\"room_3jsO3M1KzCEuPDimYj0iZrqyaiW\"]\nindex = 2\n"
	file := filepath.Join(s.dir, "other.toml")
	if err := os.WriteFile(file, []byte(wanting), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{"well, up": {"health"}, "30149": {"points", "list"}, ",149,30150,": {"points", "export"}} {
		if out, err := program(t, append(args, "--config", file)...).CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
	if out, err := program(t, "run", "--config", file).CombinedOutput(); exitCode(err) != 1 || !strings.Contains(string(out), "BUTLR_NO_SUCH_VARIABLE") {
		t.Errorf("run: %v\n%s", err, out)
	}
}

// A wrong secret is the commonest fault on site: the log says so, once a minute. A closed terminal ends
// nothing.
func TestTheLogTellsOfRefusalsAndHangups(t *testing.T) {
	s := newSite(t, "")
	s.start()
	for range 3 {
		response, err := http.Post(s.address("webhook"), "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("answered %d", response.StatusCode)
		}
	}
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.UnixMilli(1773151530)))
	if err := s.process.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	out, err := program(t, "health", "--config", s.config).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "timestamp_in_seconds: 1") {
		t.Errorf("health: %v\n%s", err, out)
	}
	s.stop(syscall.SIGTERM)
	if got := strings.Count(s.log.String(), "the secret is missing or wrong"); got != 1 {
		t.Errorf("the log tells %d times of the wrong secret, want once:\n%s", got, s.log)
	}
	if !strings.Contains(s.log.String(), "configuration read anew") {
		t.Errorf("the log does not tell of the hangup:\n%s", s.log)
	}
	if want := fmt.Sprintf("webhook %s, Modbus TCP %s", s.address("webhook"), s.address("Modbus TCP")); !strings.Contains(s.log.String(), want) {
		t.Errorf("the log does not tell where it serves, as %q:\n%s", want, s.log)
	}
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	return -1
}

// The first room event on an empty gateway gives the first four numbers, top down.
func TestNumbersBeginTopDown(t *testing.T) {
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	ledger, err := os.ReadFile(filepath.Join(s.dir, "state", "ledger.csv"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"number,kind,id", "-,gateway," + s.status.GatewayID, "0,site,site_3jjxDZeswABHTuukIaBLbQURjaX", "1,building,building_3Iw9yDdkDz0japZI7A3pdhRzGPD",
		"2,floor,space_34SkpZonXCHmY5tqVQTVR5WzxzJ", "3,room,room_3jsO3M1KzCEuPDimYj0iZrqyaiW",
	}
	if got := strings.Split(strings.TrimSpace(string(ledger)), "\n"); !slices.Equal(got, want) {
		t.Errorf("ledger %q, want %q", got, want)
	}
}
