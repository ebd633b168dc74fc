package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/config"
)

// reloader reads the configuration of a gateway that runs anew, and puts in force what can be without ending a session.
type reloader struct {
	path    string
	start   *config.Config // as it was at the start
	service *service
	log     *slog.Logger

	turn   sync.Mutex
	now    *config.Config // as it was read last
	waited []string       // keys of it that waited for a restart only because the address of their section did
}

func newReloader(path string, start *config.Config, s *service) *reloader {
	return &reloader{path: path, start: start, service: s, log: s.log, now: start}
}

// logLevelKey is in force as long as nobody sets the level by hand.
const logLevelKey = "gateway.log_level"

// reload applies what can be applied, and says what cannot. An error leaves everything as it is.
func (r *reloader) reload(ctx context.Context) (*web.Reloaded, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	fresh, err := config.Load(r.path)
	if err != nil {
		return nil, r.refuse("the configuration is wrong, and the one before stays in force", err)
	}
	sinceStart := r.start.Changed(fresh)
	did := &web.Reloaded{Applied: []string{}, Restart: []string{}, Gone: []string{}}
	var waits []string
	for _, key := range sinceStart {
		if !config.Live(key, sinceStart) {
			did.Restart = append(did.Restart, key)
			if config.Live(key, nil) {
				waits = append(waits, key)
			}
		}
	}
	for _, key := range r.now.Changed(fresh) {
		if key != logLevelKey && config.Live(key, sinceStart) {
			did.Applied = append(did.Applied, key)
		}
	}
	for _, key := range r.waited {
		if slices.Contains(sinceStart, key) && config.Live(key, sinceStart) && !slices.Contains(did.Applied, key) {
			did.Applied = append(did.Applied, key)
		}
	}
	if len(did.Applied) > 0 {
		if did.Gone, err = r.service.apply(ctx, fresh, sinceStart); err != nil {
			return nil, r.refuse("the configuration is right and could not be put in force, so the one before stays", err)
		}
	}
	r.now, r.waited = fresh, waits
	if level := levelOf(r.log); level != nil && level.Level() != fresh.Gateway.LogLevel {
		level.Set(fresh.Gateway.LogLevel)
		did.Applied = append(did.Applied, logLevelKey)
	}
	slices.Sort(did.Applied)
	for _, w := range fresh.Warnings {
		r.log.Warn("allowed, but unwise", "file", w.File, "line", w.Line, "key", w.Key, "problem", w.Message, "hint", w.Hint)
	}
	r.log.Info("configuration read anew", "applied", strings.Join(did.Applied, " "), "disconnected", strings.Join(did.Gone, " "),
		"needs_restart", strings.Join(did.Restart, " "))
	return did, nil
}

// refuse says that nothing was changed.
func (r *reloader) refuse(what string, err error) error {
	r.log.Error(what, "err", err)
	return fmt.Errorf("%s:\n%w", what, err)
}

// onHangup reads the configuration anew at each hangup, until ctx ends. What came of it is in the log.
func (r *reloader) onHangup(ctx context.Context, hangups <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			_, _ = r.reload(ctx)
		}
	}
}

// reload reads the configuration anew, where there is one. Who asked may go: it is done all the same.
func (s *service) reload(ctx context.Context) (*web.Reloaded, error) {
	if s.reloader == nil {
		return nil, errors.New("this gateway has no configuration file")
	}
	return s.reloader.reload(context.WithoutCancel(ctx))
}

// apply puts in force what can be of a configuration, of which these keys are others than at the start, and returns the
// Modbus clients that it disconnected. All that can fail comes first: looking at the options of every part, and then the
// rules, whose assets must be on disk before anybody goes by them. An error leaves everything as it is.
func (s *service) apply(ctx context.Context, fresh *config.Config, changed []string) (gone []string, err error) {
	openDoors, err := s.prepareWebhook(fresh, changed)
	if err != nil {
		return nil, err
	}
	openPorts, err := s.prepareModbus(fresh, changed)
	if err != nil {
		return nil, err
	}
	openPages, err := s.preparePage(fresh, changed)
	if err != nil {
		return nil, err
	}
	before := s.choices.Load()
	now := &choices{inForce(fresh, before.config, changed), rulesOf(fresh)}
	// These are a matter of a restart: the zone of the gateway, and what is asked for instead of being sent.
	now.rules.Location, now.rules.Polled, now.rules.Health = before.rules.Location, before.rules.Polled, before.rules.Health
	s.choices.Store(now) // whoever is told of a reading that they change asks these
	if err := s.hub.Reload(ctx, now.rules); err != nil {
		s.choices.Store(before)
		return nil, err
	}
	openDoors()
	openPages()
	for _, address := range openPorts() {
		gone = append(gone, address.String())
	}
	return gone, nil
}

// inForce returns a configuration with what waits for another address as it was before.
func inForce(fresh, before *config.Config, changed []string) *config.Config {
	now := *fresh
	if config.Moves("webhook", changed) {
		now.Webhook = before.Webhook
	}
	if config.Moves("web", changed) {
		now.Web = before.Web
	}
	return &now
}

// preparePage returns what puts the passwords of the page in force, if they are others: that turns everybody out.
func (s *service) preparePage(fresh *config.Config, changed []string) (apply func(), err error) {
	before, now := &s.choices.Load().config.Web, &fresh.Web
	same := before.Password.Reveal() == now.Password.Reveal() && before.ViewerPassword.Reveal() == now.ViewerPassword.Reveal()
	if s.page == nil || same || config.Moves("web", changed) {
		return func() {}, nil
	}
	apply, err = s.page.Change(now.Password.Reveal(), now.ViewerPassword.Reveal())
	if bad, ok := errors.AsType[access.BadPassword](err); ok {
		return nil, config.Problems{passwordProblem(fresh, bad)}
	}
	return apply, err
}

// prepareWebhook returns what puts in force what a sender of events must know.
func (s *service) prepareWebhook(fresh *config.Config, changed []string) (apply func(), err error) {
	if s.webhook == nil || config.Moves("webhook", changed) {
		return func() {}, nil
	}
	open, err := s.webhook.Reload(webhookOptions(s, &fresh.Webhook))
	if err != nil {
		return nil, err
	}
	before := &s.choices.Load().config.Webhook
	return func() {
		open()
		s.resubscribe(before, &fresh.Webhook)
	}, nil
}

// prepareModbus returns what puts in force who may connect over Modbus, and write. Transports with another address are
// left out, which leaves them as they are.
func (s *service) prepareModbus(fresh *config.Config, changed []string) (apply func() []netip.Addr, err error) {
	if s.modbus == nil {
		return func() []netip.Addr { return nil }, nil
	}
	o := modbusOptions(s, &fresh.Modbus)
	for section, leave := range map[string]func(*modbus.ServerOptions){
		"modbus":              func(o *modbus.ServerOptions) { o.Listen = "" },
		"modbus.tls":          func(o *modbus.ServerOptions) { o.TLS = nil },
		"modbus.rtu_over_tcp": func(o *modbus.ServerOptions) { o.RTUOverTCP = nil },
	} {
		if config.Moves(section, changed) {
			leave(&o)
		}
	}
	return s.modbus.Reload(o)
}
