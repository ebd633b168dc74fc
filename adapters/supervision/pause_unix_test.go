//go:build unix

package supervision_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/adapters/supervision"
	"butlr-gateway/gateway"
)

// asSupervised, set in the environment, makes the test binary a program that supervises a part which always answers, ten
// times a second, and says each time that it is asked.
const asSupervised = "BUTLR_GATEWAY_AS_SUPERVISED"

func TestMain(m *testing.M) {
	if os.Getenv(asSupervised) == "" {
		os.Exit(m.Run())
	}
	s, err := supervision.New(supervision.Options{
		Alarms: gateway.NewAlarms(nil), Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Every: 100 * time.Millisecond, Patience: 90 * time.Millisecond,
		Parts: []supervision.Part{{Name: "hub", What: "the hub", Vital: true, Ask: func(ctx context.Context) error {
			fmt.Println("asked")
			<-time.After(50 * time.Millisecond) // so that the stop comes while it is asked
			return ctx.Err()
		}}},
	})
	if err == nil {
		err = s.Run(context.Background())
	}
	fmt.Println("ended:", err)
}

// TestAStopIsNoSilence stops a program while it asks, as a debugger does or a machine that is suspended, and lets it go on
// when the question cannot be answered in time any more; as soon as it asks again, once more, more often in a row than it
// takes to give a part up, and the first time for longer than that takes. It goes on.
//
// Seen to break it: the time since the last answer judged instead of the questions counted, and rounds counted that took
// longer than they can.
func TestAStopIsNoSilence(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self)
	c.Env = append(os.Environ(), asSupervised+"=1")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}()
	lines := bufio.NewScanner(out)
	asked := func() {
		t.Helper()
		if !lines.Scan() || lines.Text() != "asked" {
			t.Fatalf("it says %q, %v", lines.Text(), lines.Err())
		}
	}
	asked() // and answered: what has never answered is given up by nobody
	for n := range 15 {
		asked()
		if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		pause := 300 * time.Millisecond
		if n == 0 {
			pause = 3 * time.Second
		}
		<-time.After(pause) // what is tested is that time passes
		if err := c.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	asked()
}
