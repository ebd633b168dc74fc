package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"butlr-gateway/adapters/acme"
	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/capture"
	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/modbus/push"
	"butlr-gateway/adapters/mqtt"
	"butlr-gateway/adapters/relay"
	"butlr-gateway/adapters/store"
	"butlr-gateway/adapters/supervision"
	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/adapters/web/door"
	"butlr-gateway/adapters/web/pages"
	"butlr-gateway/adapters/webhook"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// service is the whole program while it serves: every part, opened and bound, none of them running yet.
// Parts that the configuration leaves off are nil.
type service struct {
	config  *config.Config // as it was at the start; what a reload may have changed since is in choices
	choices atomic.Pointer[choices]
	log     *slog.Logger
	clock   gateway.Clock
	start   gateway.Instant
	alarms  *gateway.Alarms
	metrics *prometheus.Registry
	manager manager // who started the program

	reloader *reloader // nil without a configuration file

	store      *store.Store
	checked    atomic.Int64 // when the state was last found whole, a [gateway.Timestamp]
	logbook    *web.Logbook
	disk       *diskWatch
	samples    *store.Samples // nil without a history
	stores     int            // closers of what is kept, which come last
	hub        *gateway.Hub
	image      *modbus.Image
	board      *web.Board
	modbus     *modbus.Server
	broker     *mqtt.Embedded
	publishers []publisher
	brokers    *brokers
	pusher     *push.Pusher
	page       *web.Server
	control    *web.Server
	keeper     *acme.Keeper // nil unless the webhook's certificate is ordered
	webhook    *webhook.Server
	// subscription watches over what Butlr sends.
	subscription *butlr.Watch
	resubscribed chan *butlr.Watch // one that takes the place of the other
	health       *butlr.HealthPoll // nil where nobody asks how the sensors are
	api          *butlr.Client     // of Butlr; nil until something asks
	gaps         *butlr.Gaps       // nil where nothing is reconciled, as reconcile
	reconcile    *butlr.Reconcile
	poll         *butlr.Poll  // nil where everything is sent
	relay        *relay.Relay // nil where nothing is passed on
	relayTrouble string       // why nothing is, although the configuration says so
	recorder     *capture.Recorder
	supervisor   *supervision.Supervisor

	closers []func() error
}

// open opens the parts in order: what is kept, what shows it, then every port. Nothing is served yet. On
// an error everything that was opened is closed again.
func open(ctx context.Context, c *config.Config, rules gateway.Rules, log *slog.Logger) (*service, error) {
	clock := newClock()
	s := &service{
		config: c, log: log, clock: clock, start: clock(), alarms: gateway.NewAlarms(log), metrics: prometheus.NewRegistry(),
		board: web.NewBoard(),
	}
	s.choices.Store(&choices{c, rules})
	s.disk, s.recorder = newDiskWatch(s.measureDisk), capture.New(recorderOptions(s))
	s.brokers = &brokers{alarms: s.alarms, down: map[string]string{}}
	s.resubscribed = make(chan *butlr.Watch, 1)
	s.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, step := range []func(context.Context) error{
		s.openStore, s.openRelay, s.openSamples, s.openImage, s.openBroker, s.openPush, s.openPublishers, s.openHub, s.openModbus, s.openPage, s.openControl, s.openWebhook, s.openSubscription, s.openHealth, s.openAsking, s.openSupervision,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

// close lets go of everything that was opened, the last first.
func (s *service) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

func (s *service) openStore(ctx context.Context) error {
	o := storeOptions(s.config, s.log, s.metrics)
	o.Mended = func(what string) { s.alarms.Raise(gateway.StateRestored, what) }
	kept, err := store.Open(ctx, o)
	if err != nil {
		return err
	}
	s.checked.Store(int64(gateway.TimestampOf(s.clock().Wall))) // to be opened it must be
	s.store = kept
	s.logbook = openLogbook(ctx, kept, s.log)
	s.closers = append(s.closers, kept.Close)
	if damage := kept.Damage(); len(damage) > 0 {
		s.alarms.Raise(gateway.StateRestored, restoredWords(damage))
	}
	return nil
}

// openSamples opens the history for people. Without it a building is served all the same.
func (s *service) openSamples(ctx context.Context) error {
	samples, err := store.OpenSamples(ctx, samplesOptions(s))
	if err == nil {
		s.samples = samples
		s.closers = append(s.closers, samples.Close)
	} else {
		s.log.Warn("there is no history", "err", err)
	}
	s.stores = len(s.closers)
	return nil
}

func (s *service) openHub(context.Context) error {
	state, err := gateway.NewState(*s.rules(), s.store.Saved(), s.clock())
	if err != nil {
		return fmt.Errorf("restoring the state: %w", err)
	}
	sinks := []gateway.Sink{s.board}
	if s.image != nil {
		sinks = append(sinks, s.image)
	}
	for _, p := range s.publishers {
		sinks = append(sinks, p)
	}
	if s.pusher != nil {
		sinks = append(sinks, s.pusher)
	}
	if s.samples != nil {
		sinks = append(sinks, s.samples)
	}
	if s.config.Butlr.Reconciles() {
		s.gaps = butlr.NewGaps()
		sinks = append(sinks, s.gaps)
	}
	s.hub, err = gateway.NewHub(gateway.HubOptions{
		State: state, Journal: s.store, Sinks: sinks, Clock: s.clock, Alarms: s.alarms, Log: s.log,
	})
	return err
}

func (s *service) openBroker(context.Context) (err error) {
	if s.config.MQTT.Broker != config.EmbeddedBroker {
		return nil
	}
	if s.broker, err = mqtt.NewEmbedded(embeddedOptions(s)); err != nil {
		return err
	}
	if err := s.broker.Listen(); err != nil {
		return explainListen("[mqtt.embedded] listen", err)
	}
	s.closers = append(s.closers, func() error { s.broker.Close(); return nil })
	return nil
}

func (s *service) openPush(context.Context) (err error) {
	if len(s.config.Push) == 0 {
		return nil
	}
	s.pusher, err = push.New(pushOptions(s))
	return err
}

func (s *service) openPage(ctx context.Context) (err error) {
	if s.config.Web.Listen == "" {
		return nil
	}
	o := pageOptions(s)
	if o.Walks, err = web.OpenWalks(ctx, s.store.Table("walks"), &o); err != nil {
		s.log.Warn("walk tests are not kept", "err", err)
	}
	if o.Pages, err = pages.New(pagesOptions(s, &o)); err != nil {
		return err
	}
	s.page, err = web.NewServer(o)
	if bad, ok := errors.AsType[access.BadPassword](err); ok {
		return config.Problems{passwordProblem(s.config, bad)}
	}
	if err != nil {
		return err
	}
	return s.bind("[web] listen", s.page)
}

// openControl binds the socket that the program's own commands use. A path that is too long for a
// socket is no reason not to serve a building.
func (s *service) openControl(context.Context) error {
	control := web.NewControl(controlOptions(s))
	if err := control.Listen(); err != nil {
		s.log.Warn("the commands cannot reach this gateway", "err", err)
		return nil
	}
	s.control = control
	s.closers = append(s.closers, control.Close)
	return nil
}

func (s *service) openWebhook(context.Context) (err error) {
	if s.config.Webhook.Listen == "" { // everything is asked for
		return nil
	}
	if s.config.Webhook.ACMEDomain != "" {
		o, err := keeperOptions(s.config, s.log)
		if err != nil {
			return err
		}
		if s.keeper, err = acme.New(o); err != nil {
			return err
		}
		if err := s.bind("[webhook] acme_http", s.keeper); err != nil {
			return err
		}
	}
	if s.webhook, err = webhook.NewServer(webhookOptions(s, &s.config.Webhook)); err != nil {
		return err
	}
	return s.bind("[webhook] listen", s.webhook)
}

// binder is a part with a port of its own.
type binder interface {
	Listen() error
	Close() error
}

func (s *service) bind(key string, b binder) error {
	if err := b.Listen(); err != nil {
		return explainListen(key, err)
	}
	s.closers = append(s.closers, b.Close)
	return nil
}

// run serves until ctx ends or a part fails, and then stops every part in turn: the webhook answers whom
// it has let in, the hub stores and publishes what they brought, the others say goodbye.
func (s *service) run(ctx context.Context) error {
	parts := newStack()
	if s.broker != nil {
		parts.start(ctx, "the embedded broker", s.broker.Run)
	}
	for _, p := range s.publishers {
		parts.start(ctx, "the publisher of ["+p.section+"]", p.Run)
	}
	if s.samples != nil {
		parts.start(ctx, "the history", s.samples.Run)
	}
	if s.relay != nil {
		parts.start(ctx, "the relay", s.relay.Run)
	}
	parts.start(ctx, "the recorder", s.recorder.Run)
	s.hub.Start(ctx)
	if s.pusher != nil {
		parts.start(ctx, "push", s.pusher.Run)
	}
	parts.start(ctx, "the hub", s.hub.Run)
	if s.modbus != nil {
		parts.start(ctx, "the Modbus server", s.modbus.Run)
	}
	if s.page != nil {
		parts.start(ctx, "the page", s.page.Run)
	}
	if s.control != nil {
		parts.start(ctx, "the control socket", s.control.Run)
	}
	parts.start(ctx, "the certificate watch", s.watchCertificate)
	parts.start(ctx, "the bound on garbage", boundGarbage)
	parts.start(ctx, "the daily backup", s.keepBackups)
	parts.start(ctx, "the daily look through the state", s.watchState)
	if s.keeper != nil {
		parts.start(ctx, "the order of a certificate", s.keeper.Run)
	}
	if s.webhook != nil {
		parts.start(ctx, "the webhook", s.webhook.Run)
	}
	if s.subscription != nil {
		parts.start(ctx, "the watch over Butlr's subscription", s.watchSubscription)
	}
	if s.health != nil {
		parts.start(ctx, "the poll of the sensors' health", s.health.Run)
	}
	if s.reconcile != nil {
		parts.start(ctx, "the look for what was missed", s.reconcile.Run)
	}
	if s.poll != nil {
		parts.start(ctx, "the poll", s.poll.Run)
	}
	parts.start(ctx, "the supervision", s.supervisor.Run)
	parts.start(ctx, "the word to the service manager", s.attendManager)
	s.closers = s.closers[:s.stores] // the parts that run close their ports; the stores are closed last
	s.log.Info("serving", "version", programVersion(), "gateway", s.store.Identity().GatewayID, "listeners", inWords(s.listeners()))
	err := parts.wait(ctx)
	s.log.Info("stopping", "why", reasonToStop(ctx, err))
	if stuck, ok := errors.AsType[*supervision.Stuck](err); ok {
		return errors.Join(err, s.abandon(stuck, parts))
	}
	if s.pusher != nil && endsForGood(err) {
		s.pusher.StopForGood()
	}
	return errors.Join(err, parts.unwind())
}

func reasonToStop(ctx context.Context, err error) string {
	if err != nil {
		return err.Error()
	}
	return context.Cause(ctx).Error()
}

// endsForGood tells whether no gateway takes over soon. A part that failed ends the program with an error,
// after which the service manager starts it anew. Whoever adds a restart or a reload that goes through here
// has to say so here.
func endsForGood(failed error) bool { return failed == nil }

// listeners tells where the gateway can be reached.
func (s *service) listeners() []web.Listener {
	var out []web.Listener
	if s.webhook != nil {
		scheme := "http"
		if s.config.Webhook.TLSCert != "" || s.keeper != nil {
			scheme = "https"
		}
		out = append(out, web.Listener{What: "webhook", Address: scheme + "://" + s.webhook.Addr().String() + s.config.Webhook.Path})
	}
	out = append(out, s.modbusListeners()...)
	for _, p := range s.publishers {
		out = append(out, web.Listener{What: "MQTT", Address: p.address})
	}
	if s.page != nil {
		out = append(out, web.Listener{What: "page", Address: s.page.URL()})
	}
	return out
}

// inWords lists where the gateway can be reached for a line of the log.
func inWords(listeners []web.Listener) string {
	var words []string
	for _, l := range listeners {
		words = append(words, l.What+" "+l.Address)
	}
	return strings.Join(words, ", ")
}

// controlSocket is where the commands reach a gateway that runs on a state directory.
func controlSocket(stateDir string) string { return filepath.Join(stateDir, door.Name) }
