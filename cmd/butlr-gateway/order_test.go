package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// standIn is a gateway that knows what a test says, on a control socket of its own.
type standIn struct {
	explained  map[gateway.AssetID]*gateway.Explanation
	remembered int      // TRAFFIC events
	orders     []string // what it was told to do
	fails      error
	config     string
}

var (
	_ web.Archive   = (*standIn)(nil)
	_ web.Overrider = (*standIn)(nil)
)

// noon is what the state of every stand-in takes for the time.
var noon = gateway.TimestampOf(time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC))

func (s *standIn) Find(_ context.Context, name string) (gateway.AssetID, error) {
	if name == "room_1" || name == "custom:MH-3.12" {
		return "room_1", nil
	}
	if id := gateway.AssetID(name); s.explained[id] != nil {
		return id, nil
	}
	return "", web.UnknownAsset{Err: fmt.Errorf("finding %q: there is no such asset; \"points list\" shows them", name)}
}

func (s *standIn) Contents(context.Context) (gateway.Contents, error) {
	return gateway.Contents{Assets: slices.Sorted(maps.Keys(s.explained)), Remembered: s.remembered, Digest: gateway.IncrementKey{15: byte(s.remembered)}}, nil
}

func (s *standIn) Explain(_ context.Context, ids []gateway.AssetID, show func(*gateway.Explanation)) error {
	for _, id := range ids {
		if e := s.explained[id]; e != nil {
			show(e)
		}
	}
	return s.fails
}

func (s *standIn) Force(_ context.Context, id gateway.AssetID, o gateway.Override) (gateway.Override, error) {
	s.orders = append(s.orders, fmt.Sprintf("force %s %s=%d for %s by %s %q: %s", id, o.Target, o.Value, o.Until.Sub(noon), o.Source, o.Author, o.Reason))
	o.Since = noon
	return o, s.fails
}

func (s *standIn) Release(_ context.Context, id gateway.AssetID, target gateway.Target, all bool, by gateway.Source, author string) ([]gateway.Override, error) {
	s.orders = append(s.orders, fmt.Sprintf("release %s %s all=%v by %s %q", id, target, all, by, author))
	return []gateway.Override{
		{Target: gateway.TargetLighting, Value: 1, Source: gateway.FromOperator, Author: "anna", Since: noon, Until: noon.Add(time.Hour)},
		{Target: gateway.TargetPeople, Value: 4, Source: gateway.FromController, Since: noon, Until: noon.Add(90 * time.Second)},
	}, s.fails
}

func (s *standIn) ResetEstimate(_ context.Context, id gateway.AssetID, author string) error {
	s.orders = append(s.orders, fmt.Sprintf("reset %s by %q", id, author))
	return s.fails
}

// newStandIn serves a stand-in until the test ends.
func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{config: newSiteIn(t, "UTC", "").config}
	c := web.NewControl(web.Options{
		Listen: stateSocket(t, s.config), Reporter: new(web.Reporter), Log: slog.New(slog.DiscardHandler),
		Desk: &web.Desk{Archive: s, Overrider: s, Now: func() gateway.Timestamp { return noon }},
	})
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// stateSocket makes the state directory beside a configuration, and returns where its control socket is.
func stateSocket(t *testing.T, config string) string {
	t.Helper()
	dir := filepath.Join(filepath.Dir(config), "state")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	return controlSocket(dir)
}

// typed runs a command in this process, with the configuration given.
func typed(ctx context.Context, config string, args ...string) (code int, stdout, stderr string) {
	var out, complaints bytes.Buffer
	code = run(ctx, append(args, "--config", config), &out, &complaints)
	return code, out.String(), complaints.String()
}

func TestOrdersReachTheGatewayThatRuns(t *testing.T) {
	me := operator()
	if me == "" {
		t.Fatal("whoever runs the tests has no name")
	}
	const ended = "room_1: released; 2 overrides ended\n" +
		"  lighting forced occupied until 10 Mar 2026 13:00 UTC by anna (operator)\n" +
		"  people forced to 4 until 10 Mar 2026 12:01:30 UTC by controller"
	s := newStandIn(t)
	for _, c := range []struct {
		args        string
		order, says string
	}{
		{"force room_1 occupied", `force room_1 occupied=1 for 1h0m0s by operator "ME": `, "room_1: forced occupied until 10 Mar 2026 13:00 UTC by ME (operator)"},
		{"force custom:MH-3.12 vacant --for 90m --reason drill", `force room_1 occupied=0 for 1h30m0s by operator "ME": drill`, "room_1: forced vacant until 10 Mar 2026 13:30 UTC by ME (operator): drill"},
		{"force room_1 lighting=1 --for 7d", `force room_1 lighting=1 for 168h0m0s by operator "ME": `, "room_1: lighting forced occupied until 17 Mar 2026 12:00 UTC by ME (operator)"},
		{"force room_1 hvac=vacant --for 1d12h", `force room_1 hvac=0 for 36h0m0s by operator "ME": `, "room_1: hvac forced vacant until 12 Mar 2026 00:00 UTC by ME (operator)"},
		{"force room_1 occupied=0 --for 720h", `force room_1 occupied=0 for 720h0m0s by operator "ME": `, "room_1: forced vacant until 9 Apr 2026 12:00 UTC by ME (operator)"},
		{"force room_1 people=40 --for 1s", `force room_1 people=40 for 1s by operator "ME": `, "room_1: people forced to 40 until 10 Mar 2026 12:00:01 UTC by ME (operator)"},
		{"release room_1", `release room_1 occupied all=true by operator "ME"`, ended},
		{"release room_1 occupied", `release room_1 occupied all=false by operator "ME"`, ended},
		{"release room_1 people", `release room_1 people all=false by operator "ME"`, ended},
		{"estimate reset custom:MH-3.12", `reset room_1 by "ME"`, "room_1: the traffic estimate begins anew with nobody there"},
	} {
		s.orders = nil
		code, out, complaints := typed(t.Context(), s.config, strings.Fields(c.args)...)
		if code != 0 || complaints != "" || out != strings.ReplaceAll(c.says, "ME", me)+"\n" {
			t.Errorf("%s: exit code %d\n%s%s", c.args, code, out, complaints)
		}
		if diff := cmp.Diff([]string{strings.ReplaceAll(c.order, `"ME"`, strconv.Quote(me))}, s.orders); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.args, diff)
		}
	}
}

// Who releases one output of what is forced as a whole is told how to; two overrides at a time are both told.
func TestWhatIsStillForcedIsSaid(t *testing.T) {
	all := web.Override{Target: "occupied", Value: 1, Source: "operator", Until: web.Moment(noon), Since: web.Moment(noon - 3_600_000)}
	people := web.Override{Target: "people", Value: 4, Source: "operator", Until: web.Moment(noon), Since: web.Moment(noon - 3_600_000)}
	for _, c := range []struct {
		name, target string
		released     web.Released
		want         string
	}{
		{"nothing at all", "", web.Released{}, "nothing was forced"},
		{"one through all three", "lighting", web.Released{Still: []web.Override{all}},
			"lighting is forced with all three outputs, and not by itself: \"butlr-gateway release room_1 occupied\" ends that\n  still in force: forced occupied until 10 Mar 2026 12:00 UTC by operator"},
		{"people, and only outputs are", "people", web.Released{Still: []web.Override{all}},
			"nothing was forced of people by itself\n  still in force: forced occupied until 10 Mar 2026 12:00 UTC by operator"},
		{"one of two", "occupied", web.Released{Ended: []web.Override{all}, Still: []web.Override{people}},
			"released; 1 override ended\n  forced occupied until 10 Mar 2026 12:00 UTC by operator\n  still in force: people forced to 4 until 10 Mar 2026 12:00 UTC by operator"},
	} {
		c.released.Asset = "room_1"
		if diff := cmp.Diff(c.want, releasedWords(&c.released, c.target, time.UTC)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestWhatTheGatewayRefusesIsSaid(t *testing.T) {
	s := newStandIn(t)
	for _, args := range []string{"force room_9 vacant", "release room_9", "estimate reset room_9", "state dump room_9"} {
		code, out, complaints := typed(t.Context(), s.config, strings.Fields(args)...)
		if code != exitFailed || out != "" || !strings.HasPrefix(complaints, `butlr-gateway: finding "room_9": there is no such asset`) {
			t.Errorf("%s: exit code %d\n%s%s", args, code, out, complaints)
		}
	}
	s.fails = errors.New("its people are not counted")
	code, out, complaints := typed(t.Context(), s.config, "force", "room_1", "people=4")
	if code != exitFailed || out != "" || complaints != "butlr-gateway: its people are not counted\n" {
		t.Errorf("exit code %d\n%s%s", code, out, complaints)
	}
}

// What comes back from outside cannot move the cursor.
func TestAReasonIsShownEscaped(t *testing.T) {
	s := newStandIn(t)
	code, out, _ := typed(t.Context(), s.config, "force", "room_1", "vacant", "--reason", "\x1b[2Jdrill\u202e")
	if code != 0 || !strings.HasSuffix(out, `: \x1b[2Jdrill\u202e`+"\n") {
		t.Errorf("exit code %d: %q", code, out)
	}
}

func TestAReasonThatIsTooLongIsAUsageError(t *testing.T) {
	code, _, complaints := typed(t.Context(), "gateway.toml", "force", "room_1", "vacant", "--reason", strings.Repeat("x", 257))
	if code != exitUsage || !strings.Contains(complaints, "--reason is too long: at most 256 bytes") {
		t.Errorf("exit code %d: %s", code, complaints)
	}
}

// A gateway that hangs is not taken for one that does not run: nothing is done behind its back.
func TestAGatewayThatDoesNotAnswerIsSaid(t *testing.T) {
	config := newSite(t, "").config
	l, err := net.Listen("unix", stateSocket(t, config)) // the kernel connects, and nobody ever reads
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for args, unsure := range map[string]bool{
		"force room_1 vacant": true, "release room_1": true, "estimate reset room_1": true, "state dump": false, "state dump room_1": false, "health": false,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		code, out, complaints := typed(ctx, config, strings.Fields(args)...)
		cancel()
		if code != exitFailed || out != "" || !strings.Contains(complaints, "asking the gateway, which runs but does not answer: ") {
			t.Errorf("%s: exit code %d\n%s%s", args, code, out, complaints)
		}
		if strings.Contains(complaints, "may or may not have been carried out") != unsure {
			t.Errorf("%s: %s", args, complaints)
		}
	}
	if entries, _ := os.ReadDir(filepath.Join(filepath.Dir(config), "state")); len(entries) != 1 {
		t.Errorf("beside the socket there is %v", entries)
	}
}

func TestAnAnswerThatIsCutOffIsNoAnswer(t *testing.T) {
	config := newSite(t, "").config
	l, err := net.Listen("unix", stateSocket(t, config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[{\"asset\":\"room_1\",\"kind\":\"room\"}\n")
			_ = conn.Close()
		}
	}()
	for _, format := range []string{"text", "json"} {
		code, out, complaints := typed(t.Context(), config, "state", "dump", "--format", format)
		if code != exitFailed || strings.Contains(out, "]") || !strings.HasPrefix(complaints, "butlr-gateway: reading the gateway's answer: ") {
			t.Errorf("%s: exit code %d\n%s%s", format, code, out, complaints)
		}
	}
}

func TestHowLongIsReadAndShown(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1h": time.Hour, "90m": 90 * time.Minute, "7d": 7 * 24 * time.Hour, "30d": gateway.LongestOverride, "0d1s": time.Second, "1d30m": 24*time.Hour + 30*time.Minute,
	} {
		var l lifetime
		if err := l.Set(text); err != nil || time.Duration(l) != want {
			t.Errorf("%s is %s, %v", text, time.Duration(l), err)
		}
	}
	for want, d := range map[string]time.Duration{"1h": time.Hour, "1m": time.Minute, "10h": 10 * time.Hour, "1h10m": 70 * time.Minute, "1m10s": 70 * time.Second, "1h0m1s": time.Hour + time.Second} {
		l := lifetime(d)
		if got := l.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
