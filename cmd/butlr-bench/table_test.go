package main

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// What cannot be measured is an error and a line, and what comes after it is measured; a missed goal is no error. Whoever
// interrupts has what was measured until then.
//
// Seen to break it: the first error ending the table; a step measured after an interruption; a missed goal as an error.
func TestATableIsWhole(t *testing.T) {
	a, b, c, d := goal{figure: "a", limit: 1}, goal{figure: "b", limit: 1}, goal{figure: "c", limit: 1}, goal{figure: "d", limit: 1}
	ctx, interrupt := context.WithCancel(t.Context())
	missed := step{"one that misses", []goal{a}, func(_ context.Context, _ *bench, r *report) error { r.judge(a, 2); return nil }}
	broken := step{"one that breaks", []goal{b}, func(context.Context, *bench, *report) error { return errors.New("no broker") }}
	last := step{"one that is interrupted", []goal{c}, func(_ context.Context, _ *bench, r *report) error { r.judge(c, 1); interrupt(); return nil }}
	never := step{"one after it", []goal{d}, func(_ context.Context, _ *bench, r *report) error { r.judge(d, 1); return nil }}
	var out strings.Builder
	if err := measure(ctx, nil, &out, "table", missed, broken, last, never); err == nil || !strings.Contains(err.Error(), "no broker") || !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want what broke and the interruption", err)
	}
	for _, want := range []string{"| missed ", "not measured: no broker", "| met ", "not measured: context canceled", "1 met, 1 missed, 2 not measured. Missed: a."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	if err := measure(t.Context(), nil, &out, "table", missed); err != nil {
		t.Errorf("a missed goal is the error %v", err)
	}
}
