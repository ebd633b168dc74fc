package web

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// Check records what somebody sees in a room, and what the gateway serves for it at this moment.
func (w *Walks) Check(ctx context.Context, id string, o CheckOrder) (*Check, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	entry, err := w.look(ctx, o.Asset)
	if err != nil {
		return nil, err
	}
	c := w.seen(entry, &o)
	err = w.alter(ctx, func() (step, error) {
		k, err := w.underWay(id)
		switch {
		case err != nil:
			return step{}, err
		case len(k.Checks) >= MostChecks:
			return step{}, fmt.Errorf("the walk %q has %d checks, and no more are kept in one: end it and start another one", k.Name, MostChecks)
		case w.total >= MostChecksInAll:
			return step{}, fmt.Errorf("all walks have %d checks together, and no more are kept: save the oldest walk as CSV and delete it", MostChecksInAll)
		}
		c.Initials = cmp.Or(c.Initials, access.Of(ctx).Name, k.Author)
		return step{written(checkKey(id, k.next), &c), func() {
			k.add(c, k.next)
			w.total++
		}}, nil
	})
	if err != nil {
		return nil, err
	}
	return &c, nil
}

func (o *CheckOrder) check() error {
	switch {
	case o.Asset == "":
		return BadOrder("the asset is missing: use Butlr's id, custom:ID or group:KEY")
	case o.Expected != expectOccupied && o.Expected != expectVacant:
		return BadOrder(fmt.Sprintf("expected %q is not possible: say what is there, occupied or vacant", o.Expected))
	case o.People != nil && (*o.People < 0 || *o.People > MostPeople):
		return BadOrder(fmt.Sprintf("%d people are not possible: people are 0 to %d", *o.People, MostPeople))
	case o.People != nil && *o.People > 0 && o.Expected == expectVacant:
		return BadOrder(fmt.Sprintf("%d people are in a room that is said to be vacant: leave one of the two out", *o.People))
	case o.People != nil && *o.People == 0 && o.Expected == expectOccupied:
		return BadOrder("nobody is in a room that is said to be occupied: leave one of the two out")
	}
	if err := brief("note", o.Note, LongestNote); err != nil {
		return err
	}
	return brief("text of the initials", o.Initials, LongestAuthor)
}

// look finds what the board has of an asset.
func (w *Walks) look(ctx context.Context, name string) (*Entry, error) {
	id, err := w.archive.Find(ctx, name)
	if err != nil {
		return nil, err
	}
	number := gateway.NoNumber
	if err := w.archive.Explain(ctx, []gateway.AssetID{id}, func(e *gateway.Explanation) { number = e.Number }); err != nil {
		return nil, err
	}
	if e, ok := w.rows.board.entry(w.rows.clock(), number); ok && e.Asset.ID == id {
		return &e, nil
	}
	return nil, UnknownAsset{fmt.Errorf("looking at %s: it is gone; \"butlr-gateway points list\" shows what there is", id)}
}

// seen records an asset as it is at this moment.
func (w *Walks) seen(e *Entry, o *CheckOrder) Check {
	now := w.rows.now()
	row := w.rows.row(e, now)
	c := Check{
		Asset: row.Asset, Number: row.Number, Name: row.Name, Path: row.Path, Expected: o.Expected, People: o.People, Seen: row.Readings,
		Quality: row.Quality, Reason: row.Reason, Register: row.Register, Topic: row.Topic, At: Moment(now), Initials: o.Initials, Note: o.Note,
	}
	if w.registers != nil && row.Register != nil {
		c.Words = block(row.Register, w.registers(e.Asset))
	}
	c.Verdict = c.verdict()
	return c
}

// mostWords bounds the words of a block: no request reads more.
const mostWords = 125

// block returns the words of an asset from its register on, as one request would read them.
func block(r *Register, points []RegisterValue) []uint16 {
	words := []uint16{}
	for i := range points {
		p := &points[i]
		first := p.Address - r.Address
		if p.Unit != r.Unit || first < 0 || first+len(p.Words) > mostWords {
			continue
		}
		if missing := first + len(p.Words) - len(words); missing > 0 {
			words = append(words, make([]uint16, missing)...)
		}
		copy(words[first:], p.Words)
	}
	return words
}

// walkMoment is how a moment is written in a list for people.
func walkMoment(m Moment, place *time.Location) string {
	if m == 0 {
		return ""
	}
	return gateway.Timestamp(m).Time().In(place).Format("2006-01-02 15:04:05 MST")
}
