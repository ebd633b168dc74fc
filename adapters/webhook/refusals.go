package webhook

import (
	"log/slog"
	"net/http"
	"time"

	"butlr-gateway/adapters/internal/peers"
)

// refusalPause is how often requests that are refused for one reason are logged at the most.
const refusalPause = time.Minute

// refusals logs requests that are refused: a wrong secret is the commonest fault on site, and must not
// be something that only the sender knows. Each reason is told at most once in refusalPause.
type refusals struct {
	log    *slog.Logger
	pauses *peers.Pauses[int] // by status code
}

func newRefusals(log *slog.Logger) refusals { return refusals{log, peers.NewPauses[int](refusalPause)} }

// refusalReasons says in words what a status code means, and what to look at.
var refusalReasons = map[int]string{
	http.StatusBadRequest:            "the body is not what Butlr sends",
	http.StatusUnauthorized:          "the secret is missing or wrong: compare [webhook] header_value, or username and password, with Butlr's",
	http.StatusNotFound:              "another path than [webhook] path",
	http.StatusMethodNotAllowed:      "not a POST",
	http.StatusRequestEntityTooLarge: "the body is over 256 KiB",
	http.StatusUnsupportedMediaType:  "the body is compressed",
	http.StatusTooManyRequests:       "too many wrong secrets from this address",
	http.StatusServiceUnavailable:    "the events could not be stored; the sender was asked to try again",
}

func (f *refusals) tell(code int, addr string, now time.Time) {
	reason, known := refusalReasons[code]
	if !known {
		return
	}
	if more, tell := f.pauses.Tell(code, now); tell {
		f.log.Warn("webhook request refused", "reason", reason, "code", code, "addr", addr, "more_since_last", more)
	}
}
