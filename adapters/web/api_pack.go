package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// packing returns where to write an answer that is long and much alike, packed if whoever asks can unpack it, and
// what to call at its end. The answer must have nothing in it that is both secret and beside what a stranger chose.
func packing(w http.ResponseWriter, r *http.Request) (to io.Writer, end func()) {
	w.Header().Set("Vary", "Accept-Encoding")
	if !unpacks(r) {
		return w, func() {}
	}
	packed, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return w, func() {}
	}
	w.Header().Set("Content-Encoding", "gzip")
	return packed, func() { _ = packed.Close() } // whoever went away does not need it
}

// unpacks tells whether whoever asks takes gzip.
func unpacks(r *http.Request) bool {
	for offer := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(offer), ";")
		if name == "gzip" && strings.ReplaceAll(weight, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
