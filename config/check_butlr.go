package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"

	"github.com/BurntSushi/toml"
)

// The bounds of Butlr's own API for how long it waits for an answer.
const (
	shortestAnswer = time.Second
	longestAnswer  = 15 * time.Second
)

func (d *document) checkButlr(c *Config) {
	b := &c.Butlr
	d.needs("butlr.client_id", b.ClientID.IsSet(), "client_secret", b.ClientSecret.IsSet())
	d.needs("butlr.client_secret", b.ClientSecret.IsSet(), "client_id", b.ClientID.IsSet())
	d.between("butlr.max_requests_per_minute", b.MaxRequestsPerMinute, 1, 1000)
	if b.HTTPTimeout < shortestAnswer || b.HTTPTimeout > longestAnswer || b.HTTPTimeout%time.Second != 0 {
		d.wrong("butlr.http_timeout", "is not a number of seconds from 1 to 15", `write whole seconds, as in "10s"`)
	}
	if path := b.APIURL.parts().Path; b.APIURL == "" {
		d.wrong("butlr.api_url", "must be set", "")
	} else if path != "" && path != "/" {
		d.wrong("butlr.api_url", "has a path, and the gateway knows the paths of the API itself", "remove it: scheme, host and port are enough")
	}
	d.checkPublicURL(c)
	d.checkEvents(b.Events)
	d.checkAsking(c)
	d.checkOnChange(c)
	d.checkHealth(c)
}

// The bounds of how often the sensors' health is asked for.
const (
	shortestHealth = time.Minute
	longestHealth  = 24 * time.Hour
)

func (d *document) checkHealth(c *Config) {
	const key = "butlr.health"
	every := c.Butlr.Health
	if every == 0 {
		return
	}
	d.lasts(key, every, shortestHealth, longestHealth)
	d.needs(key, true, "client_id", c.Butlr.ClientID.IsSet())
	if doubt := resolved(c.State.Settings).ChangeUncertainAfter; 2*every > doubt && every <= longestHealth {
		d.warn(key, "is more than half of change_uncertain_after, "+duration(doubt)+": one answer that does not come makes a quiet site uncertain", "ask more often")
	}
}

// checkPublicURL demands an address at which Butlr can reach the webhook, and nobody else can do harm.
func (d *document) checkPublicURL(c *Config) {
	const key = "butlr.public_url"
	address := c.Butlr.PublicURL
	if address == "" {
		return
	}
	d.needs(key, true, "client_id", c.Butlr.ClientID.IsSet())
	if !c.Webhook.HeaderValue.IsSet() && !c.Webhook.Password.IsSet() {
		d.wrong(key, "would take events from anybody, because the webhook has no secret",
			"set header_name and header_value below [webhook]; "+secretHint, "webhook.header_value", "webhook.password")
	}
	if host := address.host(); address.parts().Scheme == "http" {
		d.wrong(key, "does not begin with https://, and Butlr posts to nothing else", urlHint)
	} else if host.IsLoopback() || host.IsPrivate() || host.IsLinkLocalUnicast() || host.IsUnspecified() {
		d.warn(key, "is an address of this network, which Butlr cannot reach", "write the name or the address that the internet knows")
	}
	if path := address.parts().Path; path != c.Webhook.Path && !d.refused["webhook.path"] {
		d.warn(key, "has another path than the webhook, "+strconv.Quote(c.Webhook.Path)+": what posts there is answered 404, unless a proxy changes the path",
			"write the path of [webhook] here, or the one of this URL there")
	}
}

// The bounds of what is asked for. Less than half a minute finds the same minutes again; minutes that come later than
// others are stale between two answers.
const (
	shortestPoll      = 30 * time.Second
	longestPoll       = 5 * time.Minute
	shortestReconcile = 2 * time.Minute
	longestReconcile  = time.Hour
	pollDelay         = 80 * time.Second // how old a minute is when it is read, at most
)

func (d *document) checkAsking(c *Config) {
	b := &c.Butlr
	if b.Reconcile != 0 && (b.Reconcile < shortestReconcile || b.Reconcile > longestReconcile || b.Reconcile%time.Minute != 0) {
		d.wrong("butlr.reconcile", "is not a number of minutes from 2 to 60", `write whole minutes, as in "10m", or "0s" for off`)
	}
	if b.Poll == 0 {
		return
	}
	const key = "butlr.poll"
	d.needs(key, true, "client_id", b.ClientID.IsSet())
	if b.Poll < shortestPoll || b.Poll > longestPoll {
		d.wrong(key, notLasting(shortestPoll, longestPoll).message, `write "60s", or "0s" for off`)
	}
	if b.PublicURL != "" && slices.Contains(b.Events, "TRAFFIC") {
		d.wrong(key, "asks for traffic, and events has it sent to public_url as well: it would count twice",
			`write events without "TRAFFIC", as in events = ["PIR_MOTION", "PIR_NO_MOTION"], or remove public_url or poll`, "butlr.events", "butlr.public_url")
	}
	state := resolved(c.State.Settings)
	if b.Poll+pollDelay >= state.StaleAfter {
		d.warn(key, "is so long that a count is stale before the next is read: stale_after is "+duration(state.StaleAfter), `write "60s"`)
	}
	if state.PeopleFeed == gateway.PeopleRaw {
		d.warn(key, `gives the smoothed counts of minutes, and people_feed is "raw": nobody would be seen`, "leave people_feed out")
	}
}

func (d *document) checkEvents(events []EventName) {
	const key = "butlr.events"
	if len(events) == 0 {
		d.wrong(key, "has no events", "leave the line out for those that most sites need")
	}
	for i, e := range events {
		if slices.Contains(events[:i], e) {
			d.refuse(split(key), fault{value: strconv.Quote(string(e)), message: "is listed twice", hint: "remove one"})
		}
	}
	motion, end := slices.Contains(events, "PIR_MOTION"), slices.Contains(events, "PIR_NO_MOTION")
	switch {
	case motion && !end:
		d.warn(key, "has PIR_MOTION without PIR_NO_MOTION: motion would end only when it is no longer believed", `add "PIR_NO_MOTION"`)
	case end && !motion:
		d.warn(key, "has PIR_NO_MOTION without PIR_MOTION: nobody would ever be seen to move", `add "PIR_MOTION"`)
	}
}

// checkOnChange refuses to have counts sent when they change only, where silence is a loss.
func (d *document) checkOnChange(c *Config) {
	if !c.Butlr.SendOnValueChange {
		return
	}
	for _, e := range c.Butlr.Events {
		kind := e.counted()
		if kind == gateway.NoKind {
			continue
		}
		if where, found := d.everyMinute(c, kind); found {
			d.wrong("butlr.send_on_value_change", `would make a `+kind.String()+` that does not change a loss, because feed is "minute"`+where,
				`write feed = "change" there or below [state], or leave the line out`, "butlr.events")
			return
		}
	}
}

// everyMinute tells where the feed of some assets of a kind is that of every minute.
func (d *document) everyMinute(c *Config, kind gateway.Kind) (where string, found bool) {
	class := c.Classes[kind.String()].Settings
	if resolved(c.State.Settings, class).Feed == gateway.FeedMinute {
		for _, section := range []string{"class." + kind.String(), "state"} {
			if d.has(section + ".feed") {
				return " in [" + section + "]", true
			}
		}
		return " by default", true
	}
	for _, id := range slices.Sorted(maps.Keys(c.Sites)) {
		if resolved(c.State.Settings, c.Sites[id].Settings, class).Feed == gateway.FeedMinute {
			return " in [" + keyText(toml.Key{"sites", string(id)}) + "]", true
		}
	}
	onChange := gateway.Patch{func(s *gateway.Settings) { s.Feed = gateway.FeedChange }}
	for _, id := range slices.Sorted(maps.Keys(c.Assets)) {
		maybe := id.Kind() == kind || strings.HasPrefix(string(id), customPrefix)
		if maybe && resolved(onChange, c.Assets[id].Settings).Feed == gateway.FeedMinute {
			return " in [" + keyText(toml.Key{"assets", string(id)}) + "]", true
		}
	}
	return "", false
}
