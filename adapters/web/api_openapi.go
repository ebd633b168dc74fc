package web

import (
	_ "embed"
	"net/http"
)

// openAPI describes the routes to programs. A test derives it from the types and compares it with the routes.
//
//go:embed openapi.json
var openAPI []byte

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI) // whoever went away does not need it
}
