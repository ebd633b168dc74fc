package supervision

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Part is something of the gateway that can be asked whether it works.
type Part struct {
	Name string // as metrics have it
	What string // for people: "the webhook"

	// Ask returns nil if the part answers before ctx ends. It may fail to return: then it is not called again before it
	// has. One goroutine calls it at a time.
	Ask func(ctx context.Context) error

	Vital bool // the gateway is to end when it has answered once and then does no more
}

// How many questions in a row a part leaves unanswered before it is stuck, and before a vital one is given up.
const (
	stuckAfter   = 3
	givenUpAfter = 12
)

// errNoReturn is what is known of a question that nobody came back from.
var errNoReturn = errors.New("it did not come back with an answer")

// judgement is what is held of a part.
type judgement struct {
	answered bool  // at least once
	failures int   // questions in a row that were not answered
	err      error // of the newest of them
}

// hear takes note of what came of a question.
func (j *judgement) hear(err error) {
	j.err = err
	if err == nil {
		j.answered, j.failures = true, 0
		return
	}
	j.failures++
}

func (j *judgement) stuck() bool { return j.failures >= stuckAfter }

// givenUp tells whether a vital part is to be given up.
func (j *judgement) givenUp() bool { return j.answered && j.failures >= givenUpAfter }

// words say how a part is that is stuck, and what comes of it.
func (j *judgement) words(p *Part, every time.Duration) string {
	text := fmt.Sprintf("%s does not answer: %v", p.What, j.err)
	switch {
	case !j.answered:
		return text + "; it has not answered since the start: look whether a firewall keeps this machine from its own ports"
	case p.Vital:
		return fmt.Sprintf("%s; after %v without an answer the gateway ends, and is started anew", text, givenUpAfter*every)
	}
	return text + "; the others serve: start the gateway anew when it suits"
}

// Stuck is the error of a part that was given up.
type Stuck struct {
	Part    string        // its What
	Silence time.Duration // since it last answered
	Err     error         // what came of the last question
}

// Error says which part it is, and since when.
func (s *Stuck) Error() string {
	return fmt.Sprintf("%s has not answered for %v, so that the gateway has to start anew: %v", s.Part, s.Silence.Round(time.Second), s.Err)
}

// Unwrap returns what came of the last question.
func (s *Stuck) Unwrap() error { return s.Err }
