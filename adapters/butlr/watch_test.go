package butlr_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
	"butlr-gateway/gateway"
)

// guarded runs a watch beside a test, and returns what it logs and its alarm.
func guarded(t *testing.T, wish *butlr.Wish, test func(api *butlrtest.API, log *journal, alarm func() string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		api, log := butlrtest.New(testID, testSecret), new(journal)
		alarms := gateway.NewAlarms(nil)
		watch := &butlr.Watch{Client: clientOf(t, api.Direct(), 1000, new(bytes.Buffer)), Wish: wish, Alarms: alarms, Log: slog.New(slog.NewTextHandler(log, nil))}
		ctx, stop := context.WithCancel(t.Context())
		api.Subscribe(asWished())
		ended := make(chan error, 1)
		go func() { ended <- watch.Run(ctx) }()
		synctest.Wait()
		test(api, log, func() (why string) {
			synctest.Wait()
			alarms.Each(func(a gateway.Alarm, words string) bool {
				if a != gateway.SubscriptionWrong {
					t.Errorf("the alarm %s is in force", a)
				}
				why = words
				return true
			})
			return why
		})
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestTheSubscriptionIsWatched lets people change the subscription in Butlr's dashboard: within a day there is an
// alarm that says what is wrong, and ten minutes after it was mended there is none.
//
// Seen to break it: a look every two days; a day between looks while it is wrong; the alarm never cleared; collisions
// passed over.
func TestTheSubscriptionIsWatched(t *testing.T) {
	const mend = `: "butlr-gateway webhooks register" shows what would change, and with --yes does it`
	for _, test := range []struct {
		change func(*butlrtest.Webhook)
		want   string
	}{
		{func(w *butlrtest.Webhook) { w.EventTypes = w.EventTypes[:1] }, "Butlr's subscription is not as configured, which it is when it gets TRAFFIC"},
		{func(w *butlrtest.Webhook) { w.Name = "renamed" }, "Butlr has no subscription of this gateway; ROOM_OCCUPANCY and TRAFFIC go to the subscription \"renamed\" of somebody else"},
		{func(w *butlrtest.Webhook) { w.Value = "another" }, "Butlr's subscription is not as configured, which it is when it gets another value of the header X-Api-Key"},
	} {
		guarded(t, aWish(), func(api *butlrtest.API, _ *journal, alarm func() string) {
			if why := alarm(); why != "" {
				t.Errorf("at the start: %s", why)
			}
			for range 2 {
				api.Edit(func(list []butlrtest.Webhook) []butlrtest.Webhook {
					w := asWished()
					w.ID = list[0].ID
					test.change(&w)
					return []butlrtest.Webhook{w}
				})
				time.Sleep(24 * time.Hour)
				if why := alarm(); why != test.want+mend {
					t.Errorf("the alarm says %q\ninstead of %q", why, test.want+mend)
				}
				api.Edit(func([]butlrtest.Webhook) []butlrtest.Webhook {
					w := asWished()
					w.ID = "w1"
					return []butlrtest.Webhook{w}
				})
				time.Sleep(10 * time.Minute)
				if why := alarm(); why != "" {
					t.Errorf("after it was mended: %s", why)
				}
			}
		})
	}
}

// TestTheNextSecretIsAsGood has Butlr send the secret that is being changed to: the webhook takes it as well.
//
// Seen to break it: only the first value compared.
func TestTheNextSecretIsAsGood(t *testing.T) {
	wish := aWish()
	wish.Value, wish.Next = butlr.NewSecret("the one that is coming"), wish.Value
	guarded(t, wish, func(_ *butlrtest.API, _ *journal, alarm func() string) {
		if why := alarm(); why != "" {
			t.Errorf("it is an alarm: %s", why)
		}
	})
}

// TestAnAPIThatIsDownIsNoAlarm has an API that is down for a day: that is told once, and so is its end. It is asked
// again all the time, and not often.
//
// Seen to break it: told each time; the alarm raised; an alarm that was in force cleared; asked again only the next
// day; the wait doubled until it overflowed.
func TestAnAPIThatIsDownIsNoAlarm(t *testing.T) {
	const tries = 5 // of each look
	guarded(t, aWish(), func(api *butlrtest.API, log *journal, alarm func() string) {
		down := make([]http.HandlerFunc, 40*tries)
		for i := range down {
			down[i] = butlrtest.Status(503, "")
		}
		api.Trouble(down[:2*tries]...)
		time.Sleep(24*time.Hour + 30*time.Second)
		if why := alarm(); why != "" || log.lines() != 1 {
			t.Errorf("while it is down the alarm is %q, and the log has %s", why, log)
		}
		time.Sleep(time.Hour)
		if why := alarm(); why != "" || log.lines() != 2 {
			t.Errorf("the alarm is %q, and the log has %s", why, log)
		}
		log.Reset()
		var wrong []butlrtest.Webhook
		api.Edit(func([]butlrtest.Webhook) []butlrtest.Webhook { return wrong })
		time.Sleep(24 * time.Hour)
		if alarm() == "" || log.lines() > 0 {
			t.Fatalf("the alarm is %q, and the log has %s", alarm(), log)
		}
		before := len(api.Requests())
		api.Trouble(down...)
		time.Sleep(12 * time.Hour)
		if asked := len(api.Requests()) - before; asked < 12*tries || asked > 32*tries {
			t.Errorf("it was asked %d times in 12 hours", asked)
		}
		if alarm() == "" {
			t.Error("the alarm was cleared by an API that is down")
		}
		time.Sleep(70 * time.Hour)
		synctest.Wait()
		if n := log.lines(); n != 2 || !strings.Contains(log.String(), "cannot be seen") || !strings.Contains(log.String(), "can be asked again") {
			t.Errorf("%d lines are told of it:\n%s", n, log)
		}
	})
}

// TestAnOddAPIForADay has an API that is wrong in one way for a day, whenever it is asked: what is wrong is told once and
// in words, it is asked at a bounded rate, and no alarm is made of it.
//
// Seen to break it: each look told; a look every second while it is wrong.
func TestAnOddAPIForADay(t *testing.T) {
	for name, odd := range map[string]http.HandlerFunc{
		"an error inside 200":   butlrtest.Text(`{"errors":[{"message":"the resolver failed","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`),
		"an error without form": butlrtest.Text(`{"errors":["oops",null,7]}`),
		"no data":               butlrtest.Text(`{"data":null}`),
		"nulls":                 butlrtest.Text(`{"data":{"webhooks":null},"errors":[{"message":"Cannot return null"}]}`),
		"half":                  butlrtest.Text(`{"data":{"webhooks":[null]},"errors":[{"message":"a resolver failed"}]}`),
		"a page to sign in":     butlrtest.Text("<html>Sign in</html>"),
		"nothing":               butlrtest.Text(""),
		"too many requests":     butlrtest.Status(429, ""),
		"it hangs":              func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			guarded(t, aWish(), func(api *butlrtest.API, log *journal, alarm func() string) {
				time.Sleep(time.Minute) // a first look, with which all is well
				log.Reset()
				before := len(api.Requests())
				api.Trouble(slices.Repeat([]http.HandlerFunc{odd}, 5000)...)
				time.Sleep(48 * time.Hour)
				if why := alarm(); why != "" || log.lines() != 1 || !strings.Contains(log.String(), "err=") {
					t.Errorf("the alarm is %q, and the log has %d lines:\n%s", why, log.lines(), log)
				}
				if asked := len(api.Requests()) - before; asked < 24 || asked > 48*60 {
					t.Errorf("it was asked %d times in two days", asked)
				}
			})
		})
	}
}
