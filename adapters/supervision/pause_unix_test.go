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

// asSupervised, set in the environment, makes the test binary a program that supervises a part which always answers, fifty
// times a second, and says each time that it did.
const asSupervised = "BUTLR_GATEWAY_AS_SUPERVISED"

func TestMain(m *testing.M) {
	if os.Getenv(asSupervised) == "" {
		os.Exit(m.Run())
	}
	s, err := supervision.New(supervision.Options{
		Alarms: gateway.NewAlarms(nil), Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Every: 20 * time.Millisecond, Patience: 19 * time.Millisecond,
		Parts: []supervision.Part{{Name: "hub", What: "the hub", Vital: true, Ask: func(ctx context.Context) error {
			fmt.Println("asked")
			select { // so that the stop comes while it is asked
			case <-time.After(15 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}},
	})
	if err == nil {
		err = s.Run(context.Background())
	}
	fmt.Println("ended:", err)
}

// TestAStopIsNoSilence stops a program for several times as long as it takes to give a part up, as a debugger does or a
// machine that is suspended, and lets it go on: it goes on.
//
// Seen to break it: the time since the last answer judged, instead of the questions counted.
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
	goesOn := func() {
		t.Helper()
		for range 20 {
			if !lines.Scan() || lines.Text() != "asked" {
				t.Fatalf("it says %q, %v", lines.Text(), lines.Err())
			}
		}
	}
	for range 5 {
		goesOn()
		if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Second) // what is tested is that time passes
		if err := c.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	goesOn()
}
