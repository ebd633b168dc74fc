package main

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"butlr-gateway/gateway"
)

// manager is the service manager that started the program and wants to be told how it is: see sd_notify(3).
type manager struct {
	tell     func(state string) error // nil when nobody listens
	watchdog time.Duration            // after which a program that says nothing is ended; 0 is never
}

// What the manager is told.
const (
	stateReady    = "READY=1\nWATCHDOG=1"
	stateAlive    = "WATCHDOG=1"
	stateStopping = "STOPPING=1"
)

// hubPatience is how long the hub may take to answer before the service manager is not told that all is well.
const hubPatience = 5 * time.Second

// managerOf reads from the environment who started the process with that id.
func managerOf(variable func(string) string, pid int) manager {
	socket := variable("NOTIFY_SOCKET")
	if socket == "" {
		return manager{}
	}
	m := manager{tell: func(state string) error { return notify(socket, state) }}
	micros, err := strconv.ParseInt(variable("WATCHDOG_USEC"), 10, 64)
	if of := variable("WATCHDOG_PID"); err == nil && micros > 0 && (of == "" || of == strconv.Itoa(pid)) {
		m.watchdog = time.Duration(micros) * time.Microsecond
	}
	return m
}

// notify sends one datagram to a socket, which begins with @ where it is not a file.
func notify(socket, state string) error {
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	_, err = c.Write([]byte(state))
	return errors.Join(err, c.Close())
}

// attend tells the manager that the gateway serves once answers has returned nil, and then, three times within
// the watchdog's time, that it still does. Of a gateway that does not answer it is told nothing: the manager ends
// it and starts another. It returns when ctx ends.
func (m manager) attend(ctx context.Context, answers func(context.Context) error) error {
	if m.tell == nil {
		<-ctx.Done()
		return nil
	}
	every := time.Minute // without a watchdog only the start is news
	if m.watchdog > 0 {
		every = m.watchdog / 3
	}
	turn := time.NewTicker(every)
	defer turn.Stop()
	news := stateReady
	for {
		look, cancel := context.WithTimeout(ctx, min(hubPatience, every))
		if answers(look) == nil && m.tell(news) == nil {
			news = stateAlive
		}
		cancel()
		select {
		case <-ctx.Done():
			_ = m.tell(stateStopping) // for people; nothing depends on it
			return nil
		case <-turn.C:
		}
	}
}

// attendManager tells whoever started the gateway that it serves, as soon as its hub answers, and then that the
// supervision goes its rounds: that judges the parts, and nobody else does.
func (s *service) attendManager(ctx context.Context) error {
	m := s.manager
	if tell := m.tell; tell != nil {
		m.tell = func(state string) error {
			err := tell(state)
			if err != nil {
				s.log.Warn("the service manager could not be told, and may end the gateway", "state", state, "err", err)
			}
			return err
		}
	}
	serves := false
	return m.attend(ctx, func(ctx context.Context) error {
		if serves && !s.supervisor.Sound() {
			return errors.New("the supervision has come to a halt, or gave up a part")
		}
		if serves {
			return nil
		}
		err := s.hub.View(ctx, func(*gateway.State) {})
		serves = err == nil
		return err
	})
}
