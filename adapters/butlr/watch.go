package butlr

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// Watch looks whether Butlr's subscription is as it should be: at once, and then every day. While it is not, the
// alarm [gateway.SubscriptionWrong] is in force, and it looks every ten minutes whether it was mended. An API that cannot be asked is told once and asked again; it says
// nothing about the subscription.
type Watch struct {
	Client *Client
	Wish   *Wish
	Alarms *gateway.Alarms
	Log    *slog.Logger

	silent bool // the API could not be asked the last time, which was told
	failed int  // times in a row
}

const (
	betweenLooks   = 24 * time.Hour
	whileWrong     = 10 * time.Minute
	firstNewLook   = time.Minute // after the API could not be asked
	longestNewLook = time.Hour
)

// Run looks until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	for {
		there, err := w.Client.Subscriptions(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if sleep(ctx, w.judge(ctx, there, err)) != nil {
			return nil
		}
	}
}

// judge says what a look showed, and returns how long it is until the next.
func (w *Watch) judge(ctx context.Context, there []Subscription, err error) time.Duration {
	if err != nil {
		return w.notAsked(ctx, err)
	}
	if w.silent {
		w.Log.InfoContext(ctx, "Butlr's API can be asked again")
	}
	w.silent, w.failed = false, 0
	if why := w.Wish.wrong(there); why != "" {
		w.Alarms.Raise(gateway.SubscriptionWrong, why)
		return whileWrong
	}
	w.Alarms.Clear(gateway.SubscriptionWrong)
	return betweenLooks
}

func (w *Watch) notAsked(ctx context.Context, err error) time.Duration {
	w.failed++
	if !w.silent {
		w.Log.WarnContext(ctx, "whether Butlr's subscription is as configured cannot be seen; this is tried again", "err", err)
	}
	w.silent = true
	wait := backOff(w.failed, firstNewLook, longestNewLook)
	if down, ok := errors.AsType[*Down](err); ok {
		wait = max(wait, down.After)
	}
	return wait
}

const mend = `"butlr-gateway webhooks register" shows what would change, and with --yes does it`

// wrong says what is wrong with the subscriptions that there are, "" if nothing is.
func (w *Wish) wrong(there []Subscription) string {
	wish := *w
	for i := range there {
		if w.Owns(&there[i]) && w.Next.IsSet() && there[i].Value.Same(w.Next) {
			wish.Value = w.Next // the webhook takes either
		}
	}
	var faults []string
	plan := wish.Plan(there, false)
	for _, s := range plan.Steps {
		switch s.Deed {
		case Create:
			faults = append(faults, "Butlr has no subscription of this gateway")
		case Update:
			faults = append(faults, "Butlr's subscription is not as configured, which it is when it "+list(s.Changes))
		case Delete:
			faults = append(faults, "Butlr has more than one subscription of this gateway")
		}
	}
	for _, c := range plan.Collisions {
		faults = append(faults, list(c.Events)+" "+verb(len(c.Events), "goes", "go")+" to the subscription "+shownName(c.With)+" of somebody else")
	}
	if faults == nil {
		return ""
	}
	return strings.Join(faults, "; ") + ": " + mend
}
