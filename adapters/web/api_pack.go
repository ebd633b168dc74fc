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
		name, weight, _ := strings.Cut(offer, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight = strings.ReplaceAll(weight, " ", "")
			return !strings.HasPrefix(weight, "q=0") || strings.Trim(weight, "q=0.") != "" // such as q=0, and q=0.000
		}
	}
	return false
}
