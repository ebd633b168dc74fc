package web

import (
	"context"
	"net/http"
)

// Reloaded is what became of a configuration that was read anew.
type Reloaded struct {
	Applied []string `json:"applied"` // keys, such as "gateway.log_level"
	Restart []string `json:"restart"` // keys that are in force after the next start
	Gone    []string `json:"gone"`    // addresses of Modbus clients that may not be connected any more, and are not
}

// reload lets the control socket have the configuration read anew. Its error says what is wrong in it, and that the
// one before is still in force.
func (s *Server) reload(mux *http.ServeMux) {
	if s.options.Reload == nil {
		return
	}
	mux.HandleFunc("POST /api/v1/reload", carryOut(s, ofAnOrder, func(ctx context.Context, _ struct{}) (*Reloaded, error) {
		return s.options.Reload(ctx)
	}))
}
