package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"butlr-gateway/gateway"
)

// Assets is a list of assets: the answer of GET /api/v1/assets.
type Assets struct {
	Now    Moment                     `json:"now"`
	Cursor string                     `json:"cursor"` // for the live stream: it tells what changed since
	Total  int                        `json:"total"`  // that were asked for, on this page of the list or not
	Heard  map[gateway.AssetID]Moment `json:"heard"`  // when each site was last heard of
	Assets []Row                      `json:"assets"`
}

// AssetDetail is everything that there is to say about one asset.
type AssetDetail struct {
	Row         Row             `json:"row"`
	Explanation *Explanation    `json:"explanation"`
	Registers   []RegisterValue `json:"registers"`
	Topics      []string        `json:"topics"`
	Events      []SeenEvent     `json:"events"`
}

// serveAssets lists assets. The rows are not of one moment where there are many, but each of them is, and what
// changes after the cursor is told by the live stream.
func (s *Server) serveAssets(w http.ResponseWriter, r *http.Request) {
	q, err := query(r, "q", "kind", "quality", "sort", "from", "limit")
	if err == nil {
		var wanted selection
		if wanted, err = selectionOf(q); err == nil {
			s.listAssets(w, r, &wanted)
			return
		}
	}
	s.refuse(w, err)
}

// query returns the parameters of a request, each of them known and there once at most.
func query(r *http.Request, known ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, BadOrder("reading the query: " + err.Error())
	}
	for key, values := range q {
		if !slices.Contains(known, key) || len(values) != 1 {
			return nil, BadOrder(fmt.Sprintf("parameter %q is not known, or there twice: use each of %v once at most", key, known))
		}
	}
	return q, nil
}

// listAssets writes the rows as they are made.
func (s *Server) listAssets(w http.ResponseWriter, r *http.Request, wanted *selection) {
	rows, board := s.live.rows, s.options.Board
	head := Assets{Cursor: board.Cursor(), Now: Moment(rows.now()), Heard: board.Heard()} // the cursor before everything
	numbers := board.find(s.options.Clock(), wanted)
	head.Total = len(numbers)
	s.answerInPieces(w, r, &head, func(yield func(any) bool) {
		for some := range slices.Chunk(wanted.page(numbers), rowsAtOnce) {
			for _, e := range board.entries(s.options.Clock(), some) {
				if row := rows.row(&e, gateway.Timestamp(head.Now)); !yield(&row) {
					return
				}
			}
		}
	})
}

// serveAsset tells everything about one asset.
func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), deskTimeout)
	defer cancel()
	out, err := s.detail(ctx, r.PathValue("asset"))
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.answer(w, out)
}

func (s *Server) detail(ctx context.Context, name string) (*AssetDetail, error) {
	explanation, err := s.options.Desk.Explain(ctx, name)
	if err != nil {
		return nil, err
	}
	e, ok := s.options.Board.entry(s.options.Clock(), explanation.Number)
	if !ok || e.Asset.ID != explanation.Asset {
		return nil, UnknownAsset{fmt.Errorf("looking at %s: it has just been moved, or is gone: ask again", explanation.Asset)}
	}
	out := &AssetDetail{
		Row: s.live.rows.row(&e, s.live.rows.now()), Explanation: explanation, Registers: []RegisterValue{}, Topics: []string{}, Events: []SeenEvent{},
	}
	from := &s.options.Sources
	if from.Registers != nil {
		out.Registers = append(out.Registers, from.Registers(e.Asset)...)
	}
	if from.Topics != nil {
		out.Topics = append(out.Topics, from.Topics(e.Asset)...)
	}
	if from.Events != nil {
		events, err := from.Events(ctx, e.Asset.ID)
		if err != nil {
			return nil, unread{fmt.Errorf("reading the events of %s: %w", e.Asset.ID, err)}
		}
		out.Events = append(out.Events, events...)
	}
	return out, nil
}

// longestHistory is how much of a history one answer has: what is kept.
const longestHistory = 31 * 24 * time.Hour

// serveHistory tells how an asset was over some time.
func (s *Server) serveHistory(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), deskTimeout)
	defer cancel()
	if s.options.Sources.History == nil {
		http.Error(w, "this gateway keeps no history: its log says why", http.StatusNotFound)
		return
	}
	from, until, err := s.period(r)
	if err != nil {
		s.refuse(w, err)
		return
	}
	id, err := s.options.Desk.find(ctx, r.PathValue("asset"))
	if err != nil {
		s.refuse(w, err)
		return
	}
	history, err := s.options.Sources.History(ctx, id, from, until)
	if err != nil {
		s.refuse(w, unread{fmt.Errorf("reading the history of %s: %w", id, err)})
		return
	}
	s.answer(w, history)
}

// period returns the time that a history is asked for: the last day, unless the query says otherwise.
func (s *Server) period(r *http.Request) (from, until gateway.Timestamp, err error) {
	q, err := query(r, "from", "until")
	if err != nil {
		return 0, 0, err
	}
	moment := func(key string, without gateway.Timestamp) gateway.Timestamp {
		text := q.Get(key)
		if text == "" || err != nil {
			return without
		}
		t, wrong := time.Parse(time.RFC3339, text)
		if wrong != nil {
			err = BadOrder(fmt.Sprintf("%s %q is no moment: write it like 2026-03-10T09:00:00Z", key, text))
		}
		return gateway.TimestampOf(t)
	}
	until = moment("until", s.live.rows.now())
	from = moment("from", until.Add(-24*time.Hour))
	switch {
	case err != nil:
		return 0, 0, err
	case from >= until:
		return 0, 0, BadOrder("the time ends before it begins: from must lie before until")
	case until.Sub(from) > longestHistory:
		return 0, 0, BadOrder("the time is too long: ask for 31 days at most")
	}
	return from, until, nil
}

// number reads a parameter that is a number from 0 on.
func number(q url.Values, key string, without int) (int, error) {
	text := q.Get(key)
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, BadOrder(fmt.Sprintf("%s %q is no number: use 0 or more", key, text))
	}
	return n, nil
}
