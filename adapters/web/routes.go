package web

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"butlr-gateway/adapters/web/access"
)

// pageRoutes returns all that the network reaches, each with the role that it takes. What people look at is
// below /, what programs ask for below /api/v1/.
func (s *Server) pageRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	s.route(mux, "GET /login", access.Stranger, http.HandlerFunc(s.gate.ServeLogin))
	s.route(mux, "POST /login", access.Stranger, http.HandlerFunc(s.gate.ServeLogin))
	s.route(mux, "POST /logout", access.Stranger, http.HandlerFunc(s.gate.ServeLogout))
	s.route(mux, "GET /login.css", access.Stranger, http.HandlerFunc(access.ServeStyle))
	s.health(mux)
	s.register(mux)
	s.route(mux, "GET /metrics", access.Viewer, promhttp.HandlerFor(s.options.Metrics, promhttp.HandlerOpts{}))
	s.route(mux, "/metrics", access.Viewer, elsewhere(mux))
	if s.options.Pages != nil {
		s.route(mux, "/", access.Viewer, s.options.Pages)
	}
	return mux
}

// controlRoutes returns all that the control socket serves.
func (s *Server) controlRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	s.health(mux)
	s.route(mux, "GET /api/v1/status", access.Viewer, http.HandlerFunc(s.serveStatus))
	s.control(mux)
	return mux
}

// health adds what page and control socket have in common.
func (s *Server) health(mux *http.ServeMux) {
	s.route(mux, "GET /healthz", access.Stranger, http.HandlerFunc(s.serveHealth))
	s.route(mux, "GET /readyz", access.Stranger, http.HandlerFunc(s.serveHealth))
}

// route serves a pattern to those who have the role, or one that may do more; [access.Stranger] is
// everybody, even those of whom nobody knows who they are. What is no GET is for operators, unless it is
// for strangers.
//
// Whoever reads a body bounds it. Whoever reads one, or writes, for longer than the server's timeouts sets the
// deadline anew, see [http.ResponseController].
func (s *Server) route(mux *http.ServeMux, pattern string, role access.Role, next http.Handler) {
	if role == access.Stranger {
		if s.public == nil {
			s.public = map[string]bool{}
		}
		s.public[pattern] = true
	}
	mux.Handle(pattern, access.Require(role, next))
}

func (s *Server) status(r *http.Request) (*Status, error) {
	ctx, cancel := context.WithTimeout(r.Context(), statusTimeout)
	defer cancel()
	return s.options.Reporter.Status(ctx)
}

func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) {
	status, err := s.status(r)
	if err != nil {
		http.Error(w, "the gateway does not answer: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	s.answer(w, status)
}

// serveHealth answers 200 while the gateway answers and stores what it is sent, else 503. Strangers may ask,
// and learn nothing else.
func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	status, err := s.status(r)
	switch {
	case err != nil:
		http.Error(w, "the gateway does not answer", http.StatusServiceUnavailable)
	case !status.Healthy:
		http.Error(w, "events cannot be stored", http.StatusServiceUnavailable)
	default:
		_, _ = w.Write([]byte("ok\n"))
	}
}
