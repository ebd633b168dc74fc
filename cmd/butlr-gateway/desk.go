package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"

	"butlr-gateway/adapters/store"
	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// desk is where the commands ask and order: that of the gateway that runs, or a desk of their own over
// the state that one left.
type desk interface {
	Force(context.Context, web.ForceOrder) (*web.Forced, error)
	Release(context.Context, web.ReleaseOrder) (*web.Released, error)
	ResetEstimate(context.Context, web.ResetOrder) (*web.Reset, error)
	Rearrange(context.Context, web.LedgerOrder) (*web.Rearranged, error)
	Explain(ctx context.Context, name string) (*web.Explanation, error)
	Dump(ctx context.Context, yield func(*web.Explanation) error) error
	Contents(ctx context.Context) (*web.Contents, error)
}

var _ desk = (*web.Desk)(nil)

// visit is what a command wants of a state that no gateway runs on.
type visit uint8

// The visits.
const (
	toLook      visit = iota
	toChange          // something of what is known
	toRearrange       // the ledger, before what the configuration names comes into being by itself
	toBegin           // the same, of a state directory that may be new
)

// atDesk does something at the desk of the gateway that runs. If none does it is done at a desk of our
// own, and alone is true.
func atDesk(ctx context.Context, c *config.Config, why visit, log *slog.Logger, do func(desk) error) (alone bool, err error) {
	err = do(remote{string(c.Gateway.StateDir)})
	if !errors.Is(err, errNoGateway) {
		return false, err
	}
	own, err := openDesk(ctx, c, why, log)
	if err != nil {
		return true, err
	}
	return true, errors.Join(do(own.Desk), own.close())
}

// ownDesk is a gateway without ports: a hub over the state, and nobody to publish to.
type ownDesk struct {
	*web.Desk
	stop  context.CancelFunc
	ended sync.WaitGroup
	err   error
	store *store.Store // nil when nothing is to be changed
	dir   string       // of the store
}

func openDesk(ctx context.Context, c *config.Config, why visit, log *slog.Logger) (*ownDesk, error) {
	// Also where something is to be changed: a state directory is not made for that.
	saved, _, err := store.Read(ctx, string(c.Gateway.StateDir))
	if err != nil && (why != toBegin || !errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	o, rules, journal := &ownDesk{dir: string(c.Gateway.StateDir)}, rulesOf(c), gateway.Journal(forgetful{})
	if why != toLook {
		if o.store, err = openToChange(ctx, c, log); err != nil {
			return nil, err
		}
		saved, journal = o.store.Saved(), lifeless{o.store}
	}
	restore := gateway.NewState
	if why >= toRearrange {
		restore = gateway.RestoreState
	}
	clock := newClock()
	state, err := restore(rules, saved, clock())
	if err != nil {
		err = fmt.Errorf("restoring the state: %w", err)
	} else {
		err = o.begin(ctx, state, journal, clock)
	}
	if err != nil {
		return nil, errors.Join(err, o.close())
	}
	if o.store != nil {
		o.Logbook = openLogbook(ctx, o.store, log)
	}
	return o, nil
}

// openToChange takes the lock of the state directory.
func openToChange(ctx context.Context, c *config.Config, log *slog.Logger) (*store.Store, error) {
	kept, err := store.Open(ctx, store.Options{Dir: string(c.Gateway.StateDir), Log: log, ByHand: true})
	if errors.Is(err, store.ErrInUse) {
		return nil, fmt.Errorf("a gateway has the state directory %s, but nobody answers on its control socket: nothing was changed; if it has just been started try again, else its log says why", c.Gateway.StateDir)
	}
	return kept, err
}

func (o *ownDesk) begin(ctx context.Context, state *gateway.State, journal gateway.Journal, clock gateway.Clock) error {
	board := web.NewBoard()
	hub, err := gateway.NewHub(gateway.HubOptions{
		State: state, Journal: journal, Sinks: []gateway.Sink{board}, Clock: clock, Alarms: gateway.NewAlarms(nil),
	})
	if err != nil {
		return err
	}
	o.Desk = newDesk(hub, board, clock)
	hub.Start(ctx)
	ctx, o.stop = context.WithCancel(ctx)
	o.ended.Go(func() { o.err = hub.Run(ctx) })
	return nil
}

// close ends the hub and lets go of the state directory.
func (o *ownDesk) close() error {
	if o.stop != nil {
		o.stop()
		o.ended.Wait()
	}
	if o.store == nil {
		return o.err
	}
	return errors.Join(o.err, o.store.Close(), leaveToOwner(o.dir))
}

// forgetful is a journal that keeps nothing: of a look at the state nothing stays.
type forgetful struct{}

func (forgetful) Commit(context.Context, *gateway.Batch) error { return nil }

// lifeless keeps everything but that a gateway was alive: while an operator changes something, no event
// could have arrived.
type lifeless struct{ journal gateway.Journal }

func (l lifeless) Commit(ctx context.Context, b *gateway.Batch) error {
	kept := *b
	kept.Alive, kept.Process = 0, nil
	if kept.Empty() {
		return nil
	}
	return l.journal.Commit(ctx, &kept)
}

// newDesk returns the desk of a hub that publishes to a board.
func newDesk(hub *gateway.Hub, board *web.Board, clock gateway.Clock) *web.Desk {
	return &web.Desk{
		Archive: archive{hub, clock}, Overrider: hub, Arranger: hub,
		Now: func() gateway.Timestamp { return board.Time(clock()) },
	}
}

// archive looks things up in the state of a hub.
type archive struct {
	hub   *gateway.Hub
	clock gateway.Clock
}

// Find returns the asset that a name means.
func (a archive) Find(ctx context.Context, name string) (id gateway.AssetID, err error) {
	var unknown error
	if err := a.hub.View(ctx, func(s *gateway.State) { id, unknown = s.Find(name) }); err != nil {
		return "", err
	}
	if unknown != nil {
		return "", web.UnknownAsset{Err: unknown}
	}
	return id, nil
}

// Contents lists what there is.
func (a archive) Contents(ctx context.Context) (c gateway.Contents, err error) {
	err = a.hub.View(ctx, func(s *gateway.State) { c = s.Contents() })
	return c, err
}

// Explain calls show for each of the assets that there is.
func (a archive) Explain(ctx context.Context, ids []gateway.AssetID, show func(*gateway.Explanation)) error {
	return a.hub.View(ctx, func(s *gateway.State) {
		now := a.clock()
		for _, id := range ids {
			if e := s.Explain(now, id); e != nil {
				show(e)
			}
		}
	})
}
