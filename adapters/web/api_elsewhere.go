package web

import (
	"net/http"
	"strings"

	"butlr-gateway/adapters/internal/celltext"
)

// elsewhere answers programs that ask for what no route of mux is for: with 405 where another method would do,
// else with 404. People who take a wrong way are shown a page, and programs must not be.
func elsewhere(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var possible []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); strings.Contains(pattern, " ") { // which only those with a method have
				possible = append(possible, method)
			}
		}
		path := celltext.Visible(r.URL.Path)
		if possible == nil {
			http.Error(w, "there is nothing at "+path+": /api/v1/openapi.json has all that there is", http.StatusNotFound)
			return
		}
		w.Header().Set("Allow", strings.Join(possible, ", "))
		http.Error(w, path+" cannot be asked for with "+celltext.Visible(r.Method)+": use "+strings.Join(possible, " or "), http.StatusMethodNotAllowed)
	}
}
