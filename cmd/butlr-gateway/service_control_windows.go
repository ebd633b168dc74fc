package main

import (
	"errors"
	"time"

	osservice "github.com/kardianos/service"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// startService starts the service and waits until it serves, or has ended.
func startService(osservice.Service) error {
	return withService(windows.SERVICE_START|windows.SERVICE_QUERY_STATUS, func(s *mgr.Service) error {
		if err := s.Start(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
			return err
		}
		of, err := awaitService(s, svc.StartPending, startHint)
		if err == nil && of.State == svc.Stopped {
			err = errors.New("it has ended")
		}
		return err
	})
}

// stopService stops the service, if it runs, and waits until it has ended.
func stopService(osservice.Service) error {
	return withService(windows.SERVICE_STOP|windows.SERVICE_QUERY_STATUS, func(s *mgr.Service) error {
		if _, err := s.Control(svc.Stop); errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
			return nil
		} else if err != nil {
			return err
		}
		of, err := awaitService(s, svc.StopPending, stopPatience)
		if err == nil && of.State != svc.Stopped {
			err = errors.New("it does not stop")
		}
		return err
	})
}

func restartService(s osservice.Service) error {
	return errors.Join(stopService(s), startService(s))
}

// stopPatience is more than a service should need.
const stopPatience = 30 * time.Second

// awaitService returns how the service is once it is not on its way any more, or after that time.
func awaitService(s *mgr.Service, onItsWay svc.State, patience time.Duration) (svc.Status, error) {
	for until := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		of, err := s.Query()
		if err != nil || of.State != onItsWay && (onItsWay != svc.StopPending || of.State == svc.Stopped) || time.Now().After(until) {
			return of, err
		}
	}
}
