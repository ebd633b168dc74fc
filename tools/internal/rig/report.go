package rig

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Report writes what was looked at, a line each, and counts what was not as it must be.
type Report struct {
	Out    io.Writer
	passed int
	failed []string
}

// Chapter begins a part.
func (r *Report) Chapter(title string) {
	fmt.Fprintf(r.Out, "\n%s\n%s\n", title, strings.Repeat("-", len(title)))
}

// Say writes what is worth knowing beside the verdicts.
func (r *Report) Say(format string, v ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, v...), "\n")
	fmt.Fprintf(r.Out, "        %s\n", strings.ReplaceAll(text, "\n", "\n        "))
}

// Check writes a verdict: an error is what is wrong.
func (r *Report) Check(what string, err error) bool {
	if err != nil {
		r.failed = append(r.failed, what)
		fmt.Fprintf(r.Out, "FAILED  %s: %s\n", what, strings.ReplaceAll(err.Error(), "\n", "\n        "))
		return false
	}
	r.passed++
	fmt.Fprintf(r.Out, "ok      %s\n", what)
	return true
}

// Until looks again and again, until it is so or the time is over, and writes the verdict with the time
// that it took.
func (r *Report) Until(what string, within time.Duration, check func() error) bool {
	start := time.Now()
	err := Wait(within, check)
	if err == nil {
		what += fmt.Sprintf(" (%.1f s)", time.Since(start).Seconds())
	}
	return r.Check(what, err)
}

// Wait looks again and again, until it is so or the time is over; then it returns what was wrong last.
func Wait(within time.Duration, check func() error) error {
	for deadline := time.Now().Add(within); ; time.Sleep(200 * time.Millisecond) {
		err := check()
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// Verdict ends the report.
func (r *Report) Verdict() error {
	fmt.Fprintf(r.Out, "\n%d as expected, %d not\n", r.passed, len(r.failed))
	if len(r.failed) > 0 {
		return fmt.Errorf("not as expected: %s", strings.Join(r.failed, "; "))
	}
	return nil
}
