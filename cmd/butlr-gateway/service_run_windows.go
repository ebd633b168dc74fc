package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"

	"butlr-gateway/config"
)

// runAsService runs the gateway for Windows, which started the program and tells it when to stop.
func runAsService(path string) error {
	events, err := eventlog.Open(serviceName)
	if err != nil {
		return fmt.Errorf("opening the event log: %w", err)
	}
	if settings, err := config.LoadWithoutSecrets(path); err == nil { // what is wrong with it is said by the run
		err := keepCrashes(string(settings.Gateway.StateDir), func(why string) { _ = events.Error(eventOfCrash, eventText(why)) })
		if err != nil {
			_ = events.Warning(eventOfCrash, eventText("a crash would be told nowhere: "+err.Error()))
		}
	}
	s := &windowsService{events: eventLogs{events}, run: func(ctx context.Context, h host) error { return runOn(ctx, path, h) }}
	return errors.Join(svc.Run(serviceName, s), events.Close())
}

// windowsService is the gateway as Windows sees it.
type windowsService struct {
	events eventLogs
	run    func(context.Context, host) error
}

const (
	startHint = 3 * time.Minute // between two signs of life while starting: a large state is read in one go
	stopHint  = 5 * time.Second
	lifeSign  = time.Second // between two signs of life
)

// Execute runs the gateway: see [svc.Handler]. An end that nobody asked for is a failure, after which Windows acts.
func (w *windowsService) Execute(_ []string, requests <-chan svc.ChangeRequest, changes chan<- svc.Status) (own bool, code uint32) {
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	serving, ended := make(chan struct{}, 1), make(chan error, 1)
	h := host{logs: w.events, manager: manager{tell: func(state string) error {
		if state == stateReady {
			serving <- struct{}{}
		}
		return nil
	}}, hangups: make(chan os.Signal, 1)}
	go func() { ended <- w.run(ctx, h) }()
	turn := time.NewTicker(lifeSign)
	defer turn.Stop()
	now := svc.Status{State: svc.StartPending, WaitHint: uint32(startHint.Milliseconds())}
	changes <- now
	for {
		select {
		case <-serving:
			if now.State == svc.StartPending {
				now = svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown | svc.AcceptParamChange}
				changes <- now
			}
		case <-turn.C:
			if now.State != svc.Running {
				now.CheckPoint++
				changes <- now
			}
		case err := <-ended:
			return w.tellEnd(err)
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				changes <- now
			case svc.ParamChange:
				select {
				case h.hangups <- os.Interrupt: // any will do
				default: // one is waiting already
				}
			case svc.Stop, svc.Shutdown:
				stop(errors.New("Windows asked for it"))
				now = svc.Status{State: svc.StopPending, WaitHint: uint32(stopHint.Milliseconds())}
				changes <- now
			}
		}
	}
}

// tellEnd says in the event log why the gateway ended, and returns what Windows is told.
func (w *windowsService) tellEnd(err error) (own bool, code uint32) {
	if err == nil {
		return false, 0
	}
	_ = w.events.log.Error(eventOfEnd, eventText(err.Error())) // there is nobody else to tell
	return true, exitFailed
}
