package main

import (
	"context"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/config"
)

// watchSubscription watches over Butlr's subscription, by what is wanted of it at the time.
func (s *service) watchSubscription(ctx context.Context) error {
	for watch := s.subscription; ; {
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- watch.Run(running) }()
		select {
		case err := <-ended:
			stop()
			return err
		case watch = <-s.resubscribed:
			stop()
			<-ended
		}
	}
}

// resubscribe has the subscription watched for what Butlr is to send with the webhook's secrets as they are now, if they
// were others before. All else that is wanted of it is as it was at the start.
func (s *service) resubscribe(before, now *config.Webhook) {
	if s.subscription == nil || sentAlike(before, now) {
		return
	}
	wanted := *s.config
	wanted.Webhook = *now
	watch := &butlr.Watch{
		Client: s.subscription.Client, Wish: subscriptionWish(&wanted, s.subscription.Wish.Gateway), Alarms: s.alarms, Log: s.log,
	}
	select {
	case <-s.resubscribed: // nobody has begun with it
	default:
	}
	s.resubscribed <- watch
}

// sentAlike tells whether a sender has to send the same for two webhooks.
func sentAlike(a, b *config.Webhook) bool {
	return a.HeaderName == b.HeaderName && a.Username == b.Username && a.HeaderValue.Reveal() == b.HeaderValue.Reveal() &&
		a.HeaderValueNext.Reveal() == b.HeaderValueNext.Reveal() && a.Password.Reveal() == b.Password.Reveal()
}
