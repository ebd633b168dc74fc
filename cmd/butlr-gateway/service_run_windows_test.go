package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// asService runs a service as Windows does, of which run is all.
func asService(t *testing.T, run func(context.Context, host) error) (requests chan svc.ChangeRequest, changes chan svc.Status, end chan uint32) {
	t.Helper()
	requests, changes, end = make(chan svc.ChangeRequest), make(chan svc.Status), make(chan uint32, 1)
	w := &windowsService{events: eventLogs{new(eventlog.Log)}, run: run}
	go func() {
		own, code := w.Execute(nil, requests, changes)
		if own != (code != 0) {
			t.Errorf("the code %d is our own: %v", code, own)
		}
		end <- code
	}()
	return requests, changes, end
}

func expect(t *testing.T, changes <-chan svc.Status, want svc.Status) {
	t.Helper()
	if got := <-changes; got.State != want.State || got.Accepts != want.Accepts || got.CheckPoint != want.CheckPoint {
		t.Errorf("Windows is told %+v, want %+v", got, want)
	}
}

const whileRunning = svc.AcceptStop | svc.AcceptShutdown | svc.AcceptParamChange

// TestWindowsIsToldHowTheServiceIs, from its start to its end. Seen to break it: running said before the hub has
// answered, whatever else is told taken for that, and a checkpoint that does not grow.
func TestWindowsIsToldHowTheServiceIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answered, mayEnd := make(chan struct{}), make(chan struct{})
		var read int
		requests, changes, end := asService(t, func(ctx context.Context, h host) error {
			if err := h.manager.tell(stateStopping); err != nil {
				return err
			}
			<-answered
			if err := h.manager.tell(stateReady); err != nil {
				return err
			}
			for {
				select {
				case <-h.hangups:
					read++
				case <-ctx.Done():
					<-mayEnd
					return nil
				}
			}
		})
		expect(t, changes, svc.Status{State: svc.StartPending})
		expect(t, changes, svc.Status{State: svc.StartPending, CheckPoint: 1}) // after a second
		close(answered)
		expect(t, changes, svc.Status{State: svc.Running, Accepts: whileRunning})
		time.Sleep(time.Hour)
		requests <- svc.ChangeRequest{Cmd: svc.ParamChange}
		synctest.Wait()
		requests <- svc.ChangeRequest{Cmd: svc.ParamChange}
		synctest.Wait()
		if read != 2 {
			t.Errorf("the configuration was read anew %d times", read)
		}
		requests <- svc.ChangeRequest{Cmd: svc.Interrogate}
		expect(t, changes, svc.Status{State: svc.Running, Accepts: whileRunning})
		requests <- svc.ChangeRequest{Cmd: svc.Stop}
		expect(t, changes, svc.Status{State: svc.StopPending})
		requests <- svc.ChangeRequest{Cmd: svc.Interrogate}
		expect(t, changes, svc.Status{State: svc.StopPending})
		expect(t, changes, svc.Status{State: svc.StopPending, CheckPoint: 1})
		expect(t, changes, svc.Status{State: svc.StopPending, CheckPoint: 2})
		close(mayEnd)
		if code := <-end; code != 0 {
			t.Errorf("it ends with %d", code)
		}
	})
}

// TestAnEndThatNobodyAskedForIsAFailure, so that Windows starts it again. Seen to break it: the code 0.
func TestAnEndThatNobodyAskedForIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, changes, end := asService(t, func(context.Context, host) error { return errors.New("port 502 is taken") })
		expect(t, changes, svc.Status{State: svc.StartPending})
		if code := <-end; code != exitFailed {
			t.Errorf("it ends with %d", code)
		}
	})
}

// TestWhatTheServiceCannotReach. Seen to break it: names compared letter by letter, and a folder whose name begins like
// that of the users.
func TestWhatTheServiceCannotReach(t *testing.T) {
	for path, ok := range map[string]bool{
		`C:\Program Files\butlr-gateway\butlr-gateway.exe`: true,
		`C:\ProgramData\butlr-gateway\gateway.toml`:        true,
		`C:\users\ann\gateway.toml`:                        false,
		`c:\USERS\ann\gateway.toml`:                        false,
		`C:\usersofthis\gateway.toml`:                      true,
		`\\server\share\gateway.toml`:                      false,
	} {
		if err := reachable(path); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
}
