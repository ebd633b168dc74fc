package web

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"iter"
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

// answerInPieces answers an object whose last key is a list, which head has as null, with an element of the list at a
// time: so a long one takes little memory, however slowly it is read.
func (s *Server) answerInPieces(w http.ResponseWriter, r *http.Request, head any, list iter.Seq[any]) {
	text, err := json.Marshal(head)
	if err != nil {
		s.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	packed, pack := packing(w, r)
	defer pack()
	out := bufio.NewWriterSize(packed, 64<<10)
	_, _ = out.Write(text[:len(text)-len("null}")]) // the elements take the place of none
	lines, before := json.NewEncoder(out), byte('[')
	for element := range list {
		_ = out.WriteByte(before) // an error stays with out
		before = ','
		if err := lines.Encode(element); err != nil {
			s.options.Log.Debug("list not sent", "err", err)
			return
		}
	}
	if before == '[' {
		_ = out.WriteByte('[')
	}
	_, _ = out.WriteString("]}\n")
	if err := out.Flush(); err != nil {
		s.options.Log.Debug("list not sent", "err", err)
	}
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
