package web

import (
	"context"
	"net/http"
	"strings"

	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// WalkList is the answer of GET /api/v1/walks.
type WalkList struct {
	Walks []Walk `json:"walks"` // without their checks, the newest first
}

// walking hands on requests about walk tests, within the time that they may take.
func (s *Server) walking(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.options.Walks == nil {
			http.Error(w, "walk tests cannot be kept: the log of the gateway says why", http.StatusServiceUnavailable)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), deskTimeout)
		defer cancel()
		next(w, r.WithContext(ctx))
	}
}

func (s *Server) serveWalks(w http.ResponseWriter, r *http.Request) {
	walks, err := s.options.Walks.List(r.Context())
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.answer(w, WalkList{walks})
}

func (s *Server) serveStart(w http.ResponseWriter, r *http.Request) {
	carryOut(s, ofAnOrder, func(ctx context.Context, o StartOrder) (*Walk, error) {
		if o.Author == "" {
			o.Author = access.Of(ctx).Name
		}
		return s.options.Walks.Start(ctx, o.Name, o.Author)
	})(w, r)
}

// serveWalk answers a walk with its checks, as JSON or as a file for a spreadsheet.
func (s *Server) serveWalk(w http.ResponseWriter, r *http.Request) {
	q, err := query(r, "format")
	if err != nil {
		s.refuse(w, err)
		return
	}
	walk, err := s.options.Walks.Get(r.Context(), r.PathValue("walk"))
	switch format := q.Get("format"); {
	case err != nil:
		s.refuse(w, err)
	case format == "" || format == "json":
		checks := walk.Checks
		walk.Checks = nil
		s.answerInPieces(w, r, walk, func(yield func(any) bool) {
			for i := range checks {
				if !yield(&checks[i]) {
					return
				}
			}
		})
	case format == "csv":
		day := gateway.Timestamp(walk.Started).Time().In(s.options.Place).Format("2006-01-02")
		file := &download{w: w, kind: pointTypes["csv"], name: strings.Join([]string{"butlr-walk", day, walk.ID}, "-") + ".csv"}
		if err := walk.WriteCSV(file, s.options.Place); err != nil {
			s.cutOff(w, file, err)
		}
	default:
		http.Error(w, "format must be json or csv", http.StatusBadRequest)
	}
}

func (s *Server) serveCheck(w http.ResponseWriter, r *http.Request) {
	carryOut(s, ofAnOrder, func(ctx context.Context, o CheckOrder) (*Check, error) {
		return s.options.Walks.Check(ctx, r.PathValue("walk"), o)
	})(w, r)
}

func (s *Server) serveUndo(w http.ResponseWriter, r *http.Request) {
	s.done(w, s.options.Walks.Undo(r.Context(), r.PathValue("walk"), gateway.AssetID(r.PathValue("asset"))))
}

func (s *Server) serveEnd(w http.ResponseWriter, r *http.Request) {
	s.done(w, s.options.Walks.End(r.Context(), r.PathValue("walk")))
}

func (s *Server) serveDelete(w http.ResponseWriter, r *http.Request) {
	s.done(w, s.options.Walks.Delete(r.Context(), r.PathValue("walk")))
}

// done answers what has nothing to tell but that it was done.
func (s *Server) done(w http.ResponseWriter, err error) {
	if err != nil {
		s.refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
