package web

import (
	"net/http"
	"slices"

	"butlr-gateway/adapters/web/access"
)

// route is one thing that a program can ask for, and who may.
type route struct {
	pattern string
	role    access.Role
	handler http.HandlerFunc
}

// routes lists what the page's server answers to programs. openapi.json describes each of them.
func (s *Server) routes() []route {
	routes := []route{
		{"GET /api/v1/status", access.Viewer, s.serveStatus},
		{"GET /api/v1/assets", access.Viewer, s.serveAssets},
		{"GET /api/v1/assets/{asset}", access.Viewer, s.serveAsset},
		{"GET /api/v1/assets/{asset}/history", access.Viewer, s.serveHistory},
		{"GET /api/v1/live", access.Viewer, s.serveLive},
		{"GET /api/v1/audit", access.Viewer, s.serveAudit},
		{"GET /api/v1/points", access.Viewer, s.servePoints},
		{"POST /api/v1/points/plan", access.Operator, s.servePlan},
		{"POST /api/v1/points/import", access.Operator, s.serveImport},
		{"GET /api/v1/openapi.json", access.Viewer, serveOpenAPI},
	}
	return slices.Concat(routes, s.orderRoutes(), s.walkRoutes())
}

// orderRoutes lists what changes the readings of assets. The author of each is whoever asks.
func (s *Server) orderRoutes() []route {
	desk := s.options.Desk
	return []route{
		{"POST /api/v1/force", access.Operator, carryOut(s, ofAnOrder, signed(desk.Force, func(o *ForceOrder) *string { return &o.Author }))},
		{"POST /api/v1/release", access.Operator, carryOut(s, ofAnOrder, signed(desk.Release, func(o *ReleaseOrder) *string { return &o.Author }))},
		{"POST /api/v1/reset-estimate", access.Operator, carryOut(s, ofAnOrder, signed(desk.ResetEstimate, func(o *ResetOrder) *string { return &o.Author }))},
	}
}

func (s *Server) walkRoutes() []route {
	return []route{
		{"GET /api/v1/walks", access.Viewer, s.walking(s.serveWalks)},
		{"POST /api/v1/walks", access.Operator, s.walking(s.serveStart)},
		{"GET /api/v1/walks/{walk}", access.Viewer, s.walking(s.serveWalk)},
		{"DELETE /api/v1/walks/{walk}", access.Operator, s.walking(s.serveDelete)},
		{"POST /api/v1/walks/{walk}/end", access.Operator, s.walking(s.serveEnd)},
		{"POST /api/v1/walks/{walk}/checks", access.Operator, s.walking(s.serveCheck)},
		{"DELETE /api/v1/walks/{walk}/checks/{asset}", access.Operator, s.walking(s.serveUndo)},
	}
}

// register adds the routes to a mux.
func (s *Server) register(mux *http.ServeMux) {
	for _, r := range s.routes() {
		s.route(mux, r.pattern, r.role, r.handler)
	}
	s.route(mux, "/api/", access.Viewer, elsewhere(mux))
}

// unread is what could not be looked up although it was asked for rightly.
type unread struct{ error }

func (e unread) Unwrap() error { return e.error }
