package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"butlr-gateway/adapters/web/access"
)

// Audit is what people did: the answer of GET /api/v1/audit.
type Audit struct {
	Entries []AuditEntry `json:"entries"` // the newest first
}

func (s *Server) serveAudit(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), deskTimeout)
	defer cancel()
	out := Audit{Entries: []AuditEntry{}}
	if s.options.Sources.Audit != nil {
		entries, err := s.options.Sources.Audit(ctx)
		if err != nil {
			s.refuse(w, unread{fmt.Errorf("reading the audit: %w", err)})
			return
		}
		out.Entries = append(out.Entries, entries...)
	}
	s.answer(w, out)
}

// Limits of a list of points: 400 000 assets are written in that time.
const (
	pointsTimeout = 2 * time.Minute
	longestPoints = 16 << 20 // of a file that is imported
)

var pointTypes = map[string]string{
	"csv": "text/csv; charset=utf-8", "json": "application/json", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

const noPoints = "this gateway has no list of points: [modbus] is off"

// servePoints writes the list of points for saving.
func (s *Server) servePoints(w http.ResponseWriter, r *http.Request) {
	points := s.options.Sources.Points
	if points == nil {
		http.Error(w, noPoints, http.StatusNotFound)
		return
	}
	q, err := query(r, "format", "columns")
	if err != nil {
		s.refuse(w, err)
		return
	}
	format, columns := q.Get("format"), false
	if format == "" {
		format = "csv"
	}
	kind, known := pointTypes[format]
	if text := q.Get("columns"); text != "" {
		columns, err = strconv.ParseBool(text)
	}
	if !known || err != nil {
		http.Error(w, "format must be csv, json or xlsx, and columns true or false", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pointsTimeout)
	defer cancel()
	s.allow(w, pointsTimeout)
	name := "butlr-points"
	if s.options.Reporter.GatewayID != "" {
		name += "-" + s.options.Reporter.GatewayID
	}
	if columns {
		name += "-columns"
	}
	out := &download{w: w, kind: kind, name: name + s.live.rows.now().Time().In(s.options.Place).Format("-2006-01-02.") + format}
	if err := points.Export(ctx, out, format, columns); err != nil {
		s.cutOff(w, out, fmt.Errorf("writing the list of points: %w", err))
	}
}

// cutOff ends a download that cannot go on, so that nobody takes half of it for the whole.
func (s *Server) cutOff(w http.ResponseWriter, d *download, err error) {
	if !d.begun {
		s.refuse(w, err)
		return
	}
	s.options.Log.Debug("download cut off", "err", err)
	panic(http.ErrAbortHandler)
}

// download sets the headers of a file with its first byte: until then an error can be told.
type download struct {
	w          http.ResponseWriter
	kind, name string
	begun      bool
}

// Write writes some of the file.
func (d *download) Write(some []byte) (int, error) {
	if !d.begun {
		d.begun = true
		d.w.Header().Set("Content-Type", d.kind)
		d.w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", d.name))
		d.w.Header().Set("Cache-Control", "no-store")
	}
	return d.w.Write(some)
}

// allow lets a request take longer than the server allows others.
func (s *Server) allow(w http.ResponseWriter, long time.Duration) {
	connection, end := http.NewResponseController(w), time.Now().Add(long)
	if err := errors.Join(connection.SetReadDeadline(end), connection.SetWriteDeadline(end)); err != nil {
		s.options.Log.Debug("deadline not set", "err", err)
	}
}

// servePlan tells what a list of points would change, and changes nothing.
func (s *Server) servePlan(w http.ResponseWriter, r *http.Request) {
	s.withList(w, r, func(ctx context.Context, file []byte) (any, error) {
		return s.options.Sources.Points.Propose(ctx, file)
	})
}

// serveImport does it.
func (s *Server) serveImport(w http.ResponseWriter, r *http.Request) {
	s.withList(w, r, func(ctx context.Context, file []byte) (any, error) {
		q, err := query(r, "allow_moves")
		if err != nil {
			return nil, err
		}
		moves := false
		if text := q.Get("allow_moves"); text != "" {
			if moves, err = strconv.ParseBool(text); err != nil {
				return nil, BadOrder("allow_moves must be true or false")
			}
		}
		return s.options.Sources.Points.Import(ctx, file, moves, access.Of(ctx).Name)
	})
}

// withList reads the list of points that is the body, and answers what becomes of it.
func (s *Server) withList(w http.ResponseWriter, r *http.Request, do func(context.Context, []byte) (any, error)) {
	if s.options.Sources.Points == nil {
		http.Error(w, noPoints, http.StatusNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pointsTimeout)
	defer cancel()
	s.allow(w, pointsTimeout)
	file, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestPoints))
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		http.Error(w, fmt.Sprintf("the file is too long: %d MiB are possible; \"butlr-gateway points import\" takes longer ones", tooLong.Limit>>20), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "reading the file: "+err.Error(), http.StatusBadRequest)
		return
	}
	if len(file) == 0 {
		http.Error(w, "the file is missing: it is the body of the request", http.StatusBadRequest)
		return
	}
	answer, err := do(ctx, file)
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.answer(w, answer)
}
