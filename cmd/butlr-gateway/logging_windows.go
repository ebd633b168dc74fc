package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"unicode/utf16"

	"golang.org/x/sys/windows/svc/eventlog"
)

// isJournal tells that Windows has no such thing.
func isJournal(io.Writer, string) bool { return false }

// Numbers of the events in the event log.
const (
	eventOfLog   = 1 // a line of the log
	eventOfEnd   = 2 // why the service ended
	eventOfCrash = 3 // why the service before it crashed
)

// eventLogs is the event log of Windows.
type eventLogs struct{ log *eventlog.Log }

func (e eventLogs) handler(level slog.Leveler) slog.Handler {
	text := new(bytes.Buffer)
	return eventHandler{newJournalHandler(text, level), text, e.log, make(chan struct{}, 1)}
}

// eventHandler writes each line as one event, with the type that its level means.
type eventHandler struct {
	lines slog.Handler // writes into text
	text  *bytes.Buffer
	log   *eventlog.Log
	turn  chan struct{} // whoever puts something in has text to itself
}

// Enabled tells whether something of that level is written.
func (h eventHandler) Enabled(ctx context.Context, l slog.Level) bool { return h.lines.Enabled(ctx, l) }

// longestEvent is the most that fits into an event, in characters of two bytes: see ReportEvent.
const longestEvent = 31_839

// eventText returns a text as an event can have it.
func eventText(text string) string {
	text = strings.NewReplacer("\x00", "\uFFFD", "\n", "\r\n").Replace(strings.TrimRight(text, "\n"))
	if len(utf16.Encode([]rune(text))) < longestEvent {
		return text
	}
	const more = " …"
	return string(utf16.Decode(utf16.Encode([]rune(text))[:longestEvent-len(more)-1])) + more
}

// Handle writes one event.
func (h eventHandler) Handle(ctx context.Context, r slog.Record) error {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	h.text.Reset()
	if err := h.lines.Handle(ctx, r); err != nil {
		return err
	}
	line := eventText(string(h.text.Bytes()[len(priorities[0]):]))
	switch {
	case r.Level >= slog.LevelError:
		return h.log.Error(eventOfLog, line)
	case r.Level >= slog.LevelWarn:
		return h.log.Warning(eventOfLog, line)
	}
	return h.log.Info(eventOfLog, line)
}

// WithAttrs returns a handler that adds them to every line.
func (h eventHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.lines = h.lines.WithAttrs(attrs)
	return h
}

// WithGroup returns a handler that puts that before the keys.
func (h eventHandler) WithGroup(name string) slog.Handler {
	h.lines = h.lines.WithGroup(name)
	return h
}
