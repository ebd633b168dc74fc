package butlr

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"butlr-gateway/gateway"
)

// placesAsked are the places that are asked for, with their ways from the site inwards.
type placesAsked struct {
	ids   [quantityCount][]gateway.AssetID
	paths map[gateway.AssetID]gateway.Path
	doors map[gateway.AssetID]bool // sensors that are entrances
	next  time.Time                // when the inventory is to be asked for again
	said  bool                     // that a report had what nobody asked for
}

const (
	betweenStocks = 24 * time.Hour
	nextStock     = time.Hour // after an inventory that did not come, or not whole
)

// furnish asks for the inventory, at the start and every day. One that was had before is good until another comes; a
// part is better than none.
func (p *Poll) furnish(ctx context.Context) error {
	now := p.Clock()
	had := p.places.paths != nil
	if had && now.Before(p.places.next) && p.places.next.Sub(now) <= betweenStocks {
		return nil
	}
	stock, err := p.Client.Stock(ctx)
	refused, part := errors.AsType[*Refused](err)
	part = part && refused.Partial && stock != nil
	switch {
	case err == nil:
		p.places.next = now.Add(betweenStocks)
	case had:
		p.Log.DebugContext(ctx, "the inventory is the one before", "err", err)
		p.places.next = now.Add(nextStock)
		return ctx.Err()
	case !part:
		return err
	default:
		p.Log.WarnContext(ctx, "some of the inventory is missing, and is not polled until it comes", "err", err)
		p.places.next = now.Add(nextStock)
	}
	inventory := stock.Inventory()
	p.places.arrange(inventory, p.Takes(inventory))
	ids := &p.places.ids
	p.note(func(s *PollStatus) {
		s.Counted, s.Sensors = len(ids[FloorPeople])+len(ids[RoomPeople])+len(ids[ZonePeople]), len(ids[Passages])
	})
	return nil
}

// arrange sets out what is asked for of each quantity.
func (a *placesAsked) arrange(inventory *Inventory, places []Place) {
	a.ids, a.paths = [quantityCount][]gateway.AssetID{}, make(map[gateway.AssetID]gateway.Path, len(places))
	a.doors = make(map[gateway.AssetID]bool)
	byID := make(map[gateway.AssetID]*Place, len(inventory.Places))
	for i := range inventory.Places {
		byID[inventory.Places[i].ID] = &inventory.Places[i]
	}
	for i := range places {
		place := &places[i]
		if q, ok := quantityOf(place.Kind); ok {
			a.ids[q] = append(a.ids[q], place.ID)
			a.paths[place.ID] = pathTo(place, byID)
			if place.Entrance {
				a.doors[place.ID] = true
			}
		}
	}
}

// pathTo returns the way to a place, as Butlr would send it.
func pathTo(place *Place, byID map[gateway.AssetID]*Place) (path gateway.Path) {
	for p, depth := place, 0; p != nil && depth <= int(gateway.Sensor); p, depth = byID[p.Parent], depth+1 {
		at := gateway.Place{ID: p.ID, Name: p.Name, CustomID: p.CustomID}
		switch {
		case p.Kind == gateway.Site:
			path.Site = at
		case p.Kind == gateway.Building:
			path.Building = at
		case p.Kind == gateway.Floor:
			path.Floor = at
		case p.Kind == gateway.Room:
			path.Room = at
		case p.Kind == gateway.Zone:
			path.Zone = at
		case p.Kind == gateway.Sensor:
			at.MAC = p.MAC
			path.Sensor = at
		}
	}
	return path
}

// sayOdd tells once that reports have what cannot be taken.
func (a *placesAsked) sayOdd(ctx context.Context, log *slog.Logger, r *Report) {
	if a.said || r.Odd+r.Strange == 0 {
		return
	}
	a.said = true
	log.WarnContext(ctx, "some numbers of a report are left out", "unreadable", r.Odd, "not_asked_for", r.Strange, "such_as", r.Stranger)
}
