package webhook

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"butlr-gateway/adapters/internal/peers"
)

const (
	maxBody = 256 << 10

	retryFull    = "1" // seconds until a sender should try again when its events could not be kept
	retryGuesses = "6" // seconds until an address has another guess at the secret
)

// ServeHTTP answers one request. The answers, in the order in which they are decided: 404 another
// path, 405 not POST, 401 wrong secret or 429 too many of them, 415 an encoded body, 413 a body over
// 256 KiB, 400 what Decode refuses, 503 events that could not be kept, 204 all done.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	door := s.door.Load()
	code := s.serve(r, door)
	if own := r.Method == http.MethodGet && peers.Marked(r.Context()); !own {
		s.metrics.answered(code, time.Since(start))
		if code != http.StatusNoContent {
			s.refusals.tell(code, door.proxies.sender(r).String(), start)
		}
	}
	header := w.Header()
	switch code {
	case http.StatusNoContent:
		w.WriteHeader(code)
		return
	case http.StatusBadRequest: // the body was read
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", retryFull)
	default:
		// The connection ends, because the body has not been read and nobody wants to wait for it.
		header.Set("Connection", "close")
	}
	switch code {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", http.MethodPost)
	case http.StatusUnauthorized:
		if door.secrets.basic != nil {
			header.Set("WWW-Authenticate", `Basic realm="butlr-gateway", charset="UTF-8"`)
		}
	case http.StatusTooManyRequests:
		header.Set("Retry-After", retryGuesses)
	case http.StatusUnsupportedMediaType:
		header.Set("Accept-Encoding", "identity") // RFC 9110, section 15.5.16
	}
	body := http.StatusText(code) + "\n"
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	io.WriteString(w, body) // an error says that the sender has gone
}

// serve does what a request asks for, and returns the status code of the answer.
func (s *Server) serve(r *http.Request, door *door) int {
	switch {
	case r.URL.Path != s.options.Path || r.URL.RawPath != "":
		return http.StatusNotFound
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed
	case !door.secrets.know(r):
		if !s.guesses.Take(door.proxies.sender(r)) {
			return http.StatusTooManyRequests
		}
		return http.StatusUnauthorized
	case encoded(r):
		return http.StatusUnsupportedMediaType
	}
	return s.take(r)
}

// take reads the events of a request and has them believed.
func (s *Server) take(r *http.Request) int {
	d := deliveries.Get().(*delivery)
	code := d.read(r)
	s.metrics.bytes.Add(float64(len(d.body)))
	if code != 0 {
		return code
	}
	if err := d.decode(s.strangers.meet); err != nil {
		return http.StatusBadRequest
	}
	s.metrics.received(d.events)
	if len(d.events) > 0 {
		if err := s.options.Ingest.Ingest(r.Context(), d.events); err != nil {
			return http.StatusServiceUnavailable // and somebody may still look at the events
		}
		if s.options.Forward != nil {
			s.options.Forward(d.body, d.events)
		}
	}
	d.reuse()
	return http.StatusNoContent
}

// encoded tells whether the body is anything else than the bytes that it is.
func encoded(r *http.Request) bool {
	for _, encoding := range r.Header.Values("Content-Encoding") {
		if encoding != "" && encoding != "identity" {
			return true
		}
	}
	return false
}

// strangers remembers which unknown event types were met, to tell of each once.
type strangers struct {
	tell func(name string)
	mu   sync.Mutex
	met  map[string]bool
}

const (
	maxStrangers    = 64 // names that are remembered; those that come later are counted only
	maxStrangerName = 64 // bytes of a name that are told
)

func (s *strangers) meet(name []byte) {
	name = name[:min(len(name), maxStrangerName)]
	s.mu.Lock()
	known := s.met[string(name)] || len(s.met) >= maxStrangers
	if !known {
		s.met[string(name)] = true
	}
	s.mu.Unlock()
	if !known {
		s.tell(strconv.QuoteToASCII(string(name)))
	}
}
