package main

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/store"
	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// sources tells the page what the other parts know. What the configuration leaves off has nothing to tell.
func (s *service) sources() web.Sources {
	from := web.Sources{
		Events: s.seenEvents, Disk: s.disk.look, Brokers: s.brokersTold, Certificates: s.certificates, Audit: s.audit, Points: livePoints{s}, Asked: s.asked,
	}
	if s.image != nil {
		from.Registers = s.servedRegisters
	}
	if len(s.publishers) > 0 {
		from.Topics = func(a *gateway.Asset) []string { return s.publishers[0].Topics(a.ID) }
	}
	if s.samples != nil {
		from.History = s.history
	}
	return from
}

// servedRegisters tells what a controller reads of an asset at this moment.
func (s *service) servedRegisters(a *gateway.Asset) []web.RegisterValue {
	var out []web.RegisterValue
	for _, v := range s.image.Block(a.Number, mapOptions(s.config)) {
		out = append(out, web.RegisterValue{
			Name: v.Name, Description: v.Description, Unit: int(v.Place.Unit), Address: int(v.Address),
			Input: modbus.Input.Reference(v.Address), Holding: modbus.Holding.Reference(v.Address), Words: v.Words, Value: v.Text,
		})
	}
	return out
}

// eventsShown is how many events about one asset are shown at most.
const eventsShown = 200

// seenEvents tells of the newest events about an asset, the newest first.
func (s *service) seenEvents(ctx context.Context, id gateway.AssetID) ([]web.SeenEvent, error) {
	var seen []gateway.SeenEvent
	if err := s.hub.View(ctx, func(state *gateway.State) { seen = state.Seen(id, eventsShown) }); err != nil {
		return nil, err
	}
	out := make([]web.SeenEvent, 0, len(seen))
	for i := range seen {
		e := &seen[i]
		out = append(out, web.SeenEvent{
			Arrived: web.Moment(e.Arrived), At: web.Moment(e.At), Type: e.Type.String(), ID: idWords(e.ID), Value: seenValue(e),
			Verdict: e.Fate.String(), Why: e.Why, Origin: e.Origin.String(),
		})
	}
	return out, nil
}

// idWords returns an event's id as far as it is kept, "" if it had none.
func idWords(id gateway.EventID) string {
	if id == gateway.EventIDOf("") {
		return ""
	}
	return id.String()
}

// seenValue says what an event told. A count for which it was refused is said by the reason.
func seenValue(e *gateway.SeenEvent) string {
	switch e.Reason {
	case gateway.CountNotANumber, gateway.WrongShape:
		return ""
	}
	switch e.Type {
	case gateway.Occupancy, gateway.OccupancyMinute:
		return web.PeopleText(int64(e.People))
	case gateway.Traffic:
		return strconv.Itoa(e.In) + " in, " + strconv.Itoa(e.Out) + " out"
	case gateway.Detected:
		return web.PeopleText(int64(e.People)) + " seen"
	}
	return strings.ReplaceAll(e.Type.String(), "_", " ")
}

// brokersTold tells how it is with each broker.
func (s *service) brokersTold() []web.Broker {
	out := make([]web.Broker, 0, len(s.publishers))
	for _, p := range s.publishers {
		status := p.Status()
		out = append(out, web.Broker{
			Name: strings.TrimPrefix(p.section, "brokers."), Address: p.address, Topic: p.topic, Connected: status.Connected, Why: status.Why,
			Since: web.Moment(gateway.TimestampOf(status.Since)), Waiting: status.Waiting, Published: status.Published,
		})
	}
	return out
}

// certificates tells of every certificate that the gateway shows, the one that ends first before the others.
func (s *service) certificates() []web.Certificate {
	var out []web.Certificate
	add := func(what string, ends gateway.Timestamp) {
		if ends != 0 {
			out = append(out, web.Certificate{What: what, Ends: web.Moment(ends)})
		}
	}
	if s.keeper != nil {
		now := s.keeper.Status()
		out = append(out, web.Certificate{What: "the webhook", Ends: web.Moment(gateway.TimestampOf(now.Ends)), Why: now.Why})
	}
	if s.webhook != nil {
		add("the webhook", gateway.TimestampOf(s.webhook.CertificateExpiry()))
	}
	if s.page != nil {
		add("the page", gateway.TimestampOf(s.page.CertificateExpiry()))
	}
	if s.modbus != nil {
		add("the Modbus server", gateway.TimestampOf(s.modbus.CertificateExpiry()))
	}
	if s.broker != nil && s.broker.Certificate() != nil {
		add("the embedded broker", gateway.TimestampOf(s.broker.Certificate().NotAfter))
	}
	slices.SortStableFunc(out, func(a, b web.Certificate) int { return int(min(max(a.Ends-b.Ends, -1), 1)) })
	return out
}

// openLogbook opens what the desk notes into.
func openLogbook(ctx context.Context, kept *store.Store, log *slog.Logger) *web.Logbook {
	return web.OpenLogbook(ctx, kept.Table("logbook"), log)
}

// desk returns the desk of the gateway that runs.
func (s *service) desk() *web.Desk {
	d := newDesk(s.hub, s.board, s.clock)
	d.Logbook = s.logbook
	return d
}

// audit tells who did what: overrides, and what the desk noted, the newest first.
func (s *service) audit(ctx context.Context) ([]web.AuditEntry, error) {
	out := s.logbook.Entries()
	err := s.hub.View(ctx, func(state *gateway.State) {
		for i := range out {
			if a := state.Asset(out[i].Asset); a != nil {
				out[i].Name = a.Label()
			}
		}
		changes := state.Audit()
		for _, c := range slices.Backward(changes) {
			name, place := "", s.config.Gateway.Timezone
			if a := state.Asset(c.Asset); a != nil {
				name, place = a.Label(), s.placeOf(a)
			}
			out = append(out, web.AuditEntryOf(&c, name, place))
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b web.AuditEntry) int { return int(min(max(b.At-a.At, -1), 1)) })
	return out, nil
}
