package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	strict "github.com/go-json-experiment/json"

	"butlr-gateway/adapters/internal/celltext"
	"butlr-gateway/gateway"
)

const deskTimeout = 10 * time.Second

// bounds are those of an order.
type bounds struct {
	bytes int64 // of its body
	time  time.Duration
}

var (
	ofAnOrder = bounds{16 << 10, deskTimeout}
	ofALedger = bounds{128 << 20, 2 * time.Minute} // 400 000 assets of a listing
)

// control adds what only the control socket has: whoever may open it may change what the building does.
func (s *Server) control(mux *http.ServeMux) {
	desk := s.options.Desk
	mux.HandleFunc("POST /api/v1/force", carryOut(s, ofAnOrder, desk.Force))
	mux.HandleFunc("POST /api/v1/release", carryOut(s, ofAnOrder, desk.Release))
	mux.HandleFunc("POST /api/v1/reset-estimate", carryOut(s, ofAnOrder, desk.ResetEstimate))
	mux.HandleFunc("POST /api/v1/ledger", carryOut(s, ofALedger, desk.Rearrange))
	mux.HandleFunc("GET /api/v1/explain", s.serveExplain)
	mux.HandleFunc("GET /api/v1/dump", s.serveDump)
	mux.HandleFunc("GET /api/v1/contents", s.serveContents)
	s.logLevel(mux)
	s.reload(mux)
	for pattern, handler := range s.options.Extra {
		mux.Handle(pattern, handler)
	}
}

// carryOut reads an order, has it carried out and writes the answer.
func carryOut[Order, Answer any](s *Server, b bounds, do func(context.Context, Order) (Answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), b.time)
		defer cancel()
		if b.time > writeTimeout { // what the server allows is for less
			s.allow(w, b.time)
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			http.Error(w, "the order must be application/json", http.StatusUnsupportedMediaType)
			return
		}
		var order *Order
		err := strict.UnmarshalRead(http.MaxBytesReader(w, r.Body, b.bytes), &order, strict.RejectUnknownMembers(true))
		if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
			http.Error(w, fmt.Sprintf("the order is too long: %d KiB are possible", tooLong.Limit>>10), http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			s.refuse(w, BadOrder("reading the order: "+unreadable(err)))
			return
		}
		if order == nil { // null
			s.refuse(w, BadOrder("reading the order: "+noObject))
			return
		}
		answer, err := do(ctx, *order)
		if err != nil {
			s.refuse(w, err)
			return
		}
		s.answer(w, answer)
	}
}

const noObject = "it is no object: write its keys in braces"

// unreadable says why an order cannot be read, in words that need no knowledge of this program.
func unreadable(err error) string {
	wrong, ok := errors.AsType[*strict.SemanticError](err)
	switch {
	case ok && errors.Is(err, strict.ErrUnknownName):
		return fmt.Sprintf("the key %q is not known: docs/api.md and /api/v1/openapi.json have those that are", wrong.JSONPointer.LastToken())
	case ok && wrong.JSONPointer == "":
		return noObject
	case ok:
		return fmt.Sprintf("a value of the kind %s is not possible at %s", wrong.JSONKind, wrong.JSONPointer)
	}
	return strings.TrimPrefix(err.Error(), "jsontext: ")
}

// refuse says why something was not done. What somebody asked for may be in it: nothing that cannot be seen reaches
// their terminal.
func (s *Server) refuse(w http.ResponseWriter, err error) {
	http.Error(w, celltext.Visible(err.Error()), CodeOf(err))
}

// CodeOf returns the code of HTTP with which something is refused: 400 where the order is bad, 404 without such an
// asset or walk, 503 where it may go another time, 500 where it cannot be read, and else 422.
func CodeOf(err error) int {
	for _, later := range []error{gateway.ErrBusy, gateway.ErrStopped, gateway.ErrNotStored, context.DeadlineExceeded} {
		if errors.Is(err, later) {
			return http.StatusServiceUnavailable
		}
	}
	if _, ok := errors.AsType[unread](err); ok {
		return http.StatusInternalServerError
	}
	if _, ok := errors.AsType[UnknownAsset](err); ok {
		return http.StatusNotFound
	}
	if _, ok := errors.AsType[UnknownWalk](err); ok {
		return http.StatusNotFound
	}
	if _, ok := errors.AsType[BadOrder](err); ok {
		return http.StatusBadRequest
	}
	return http.StatusUnprocessableEntity
}

func (s *Server) answer(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.options.Log.Debug("answer not sent", "err", err)
	}
}

func (s *Server) serveExplain(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), deskTimeout)
	defer cancel()
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(query) != 1 || len(query["asset"]) != 1 {
		http.Error(w, "the query must be asset=NAME", http.StatusBadRequest)
		return
	}
	explanation, err := s.options.Desk.Explain(ctx, query.Get("asset"))
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.answer(w, explanation)
}

func (s *Server) serveContents(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), deskTimeout)
	defer cancel()
	contents, err := s.options.Desk.Contents(ctx)
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.answer(w, contents)
}

// serveDump writes an array of explanations as they come. Where it cannot go on it cuts the answer off,
// so that nobody takes half of it for the whole.
func (s *Server) serveDump(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" {
		http.Error(w, "a dump takes no query", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), writeTimeout)
	defer cancel()
	out := json.NewEncoder(w)
	before := "["
	err := s.options.Desk.Dump(ctx, func(e *Explanation) error {
		if before == "[" {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
		}
		if _, err := w.Write([]byte(before)); err != nil {
			return err
		}
		before = ","
		return out.Encode(e)
	})
	switch {
	case err == nil && before == "[":
		s.answer(w, []int{})
	case err == nil:
		_, _ = w.Write([]byte("]\n")) // whoever went away does not need it
	case before == "[":
		s.refuse(w, err)
	default:
		s.options.Log.Debug("dump cut off", "err", err)
		panic(http.ErrAbortHandler)
	}
}
