package butlr

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Down says that the API cannot be asked now. It may be later.
type Down struct {
	Err   error
	After time.Duration // that it asked to wait; 0 if it did not say
	// Perhaps is true where something was to be changed, and nobody knows whether it was.
	Perhaps bool
}

// Error says what happened, and whether something may have been changed.
func (e *Down) Error() string {
	text := "Butlr's API cannot be asked: " + e.Err.Error()
	if e.After > 0 {
		text += "; it asks to wait for " + e.After.Round(time.Second).String()
	}
	if e.Perhaps {
		text += "; what was asked for may or may not have been done"
	}
	return text
}
func (e *Down) Unwrap() error { return e.Err }

// Denied says that the API does not let the client in.
type Denied struct{ Why string }

func (e *Denied) Error() string {
	return "Butlr's API does not let this client in (" + e.Why + "): see that client_id and client_secret are right, and that the client may do this"
}

// Refused says that the API answered, and what it found wrong.
type Refused struct {
	Faults []Fault
	// Partial is true where it answered all the same, with less than was asked for.
	Partial bool
}

// Fault is one error inside an answer.
type Fault struct {
	Message string // safe to be shown
	Code    string // such as BAD_USER_INPUT, "" if it had none
}

const faultsSaid = 3

func (e *Refused) Error() string {
	var said []string
	for _, f := range e.Faults[:min(len(e.Faults), faultsSaid)] {
		text := f.Message
		if f.Code != "" {
			text += " (" + f.Code + ")"
		}
		said = append(said, text)
	}
	if more := len(e.Faults) - faultsSaid; more > 0 {
		said = append(said, "and "+strconv.Itoa(more)+" more")
	}
	if e.Partial {
		return "Butlr's API answered in part: " + strings.Join(said, "; ")
	}
	return "Butlr's API refused: " + strings.Join(said, "; ")
}

// unlettered tells whether the token is what is wrong.
func (e *Refused) unlettered() bool {
	for _, f := range e.Faults {
		if strings.EqualFold(f.Code, "UNAUTHENTICATED") || strings.Contains(strings.ToUpper(f.Message), "UNAUTHENTICATED") {
			return true
		}
	}
	return false
}

// ofForm are the words in which servers of GraphQL say that a question does not fit their schema.
var ofForm = regexp.MustCompile(`(?i)unknown (field|argument|input)|not defined by (type|input)|cannot query field|got invalid value|was not provided|must be defined|required field`)

// isOfForm tells whether the question, not what was asked for, is what is wrong: nothing was done then.
func (e *Refused) isOfForm() bool {
	for _, f := range e.Faults {
		code := strings.ToUpper(f.Code)
		if code == "GRAPHQL_VALIDATION_FAILED" || code == "BAD_USER_INPUT" || ofForm.MatchString(f.Message) {
			return !e.Partial
		}
	}
	return false
}

// again is a failure after which the same may be asked again.
type again struct {
	err   error
	after time.Duration // that the API asked to wait
	// undone is true where the API has certainly not done what it was asked for.
	undone bool
}

func (e *again) Error() string { return e.err.Error() }

// lockedOut is a token that is not taken, or not any more.
type lockedOut struct{ why string }

func (e *lockedOut) Error() string { return e.why }

// statusError says what an answer means that is not a good one.
func statusError(r *http.Response, body []byte, secrets []Secret) error {
	said := "it answered " + safe(r.Status, secrets...)
	switch code := r.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return &lockedOut{said}
	case code == http.StatusTooManyRequests:
		return &again{errors.New(said), retryAfter(r.Header), true}
	case code == http.StatusRequestTimeout, code >= 500:
		return &again{errors.New(said), retryAfter(r.Header), false}
	case code >= 300 && code < 400:
		return fmt.Errorf("asking Butlr's API: it sends elsewhere%s, which is not followed: see that api_url is right", elsewhere(r, secrets))
	case code == http.StatusNotFound:
		return fmt.Errorf("there is no API at %s (%s): see that api_url is right", host(r.Request.URL), said)
	}
	if a, err := parseAnswer(body, secrets); err == nil && len(a.faults) > 0 {
		return &Refused{Faults: a.faults}
	}
	return &Refused{Faults: []Fault{{Message: said}}}
}

// elsewhere tells the host that an answer sends to: what stands behind it may be a secret.
func elsewhere(r *http.Response, secrets []Secret) string {
	to, err := r.Location()
	if err != nil {
		return ""
	}
	return ", to " + safe(host(to), secrets...)
}

func host(u *url.URL) string { return u.Scheme + "://" + u.Host }

const longestRetryAfter = 24 * time.Hour

// retryAfter reads how long an answer asks to wait: seconds, or a moment (RFC 9110, section 10.2.3).
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longestRetryAfter)
	}
	if moment, err := http.ParseTime(text); err == nil {
		return max(0, min(time.Until(moment), longestRetryAfter))
	}
	return 0
}
