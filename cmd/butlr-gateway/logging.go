package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/natefinch/lumberjack.v2"

	"butlr-gateway/config"
)

// logs is where the log goes when the configuration names no file for it.
type logs interface {
	handler(level slog.Leveler) slog.Handler
}

// The log's file: when it is put aside, and how many of those are kept.
const (
	logFileSize = 10 // MiB
	logFileKept = 5
)

// openLog returns the log, with a level that can be changed: see [levelOf].
func openLog(g *config.Gateway, to logs) (log *slog.Logger, closeLog func() error, err error) {
	level := new(slog.LevelVar)
	level.Set(g.LogLevel)
	if g.LogFile == "" {
		return slog.New(adjustable{to.handler(level), level}), func() error { return nil }, nil
	}
	path := string(g.LogFile)
	if err := touch(path); err != nil {
		return nil, nil, fmt.Errorf("opening log_file: %w; name a file that the gateway's user may write, as below /var/log/butlr-gateway, or leave the line out", err)
	}
	file := &lumberjack.Logger{Filename: path, MaxSize: logFileSize, MaxBackups: logFileKept}
	return slog.New(adjustable{slog.NewTextHandler(file, &slog.HandlerOptions{Level: level}), level}), file.Close, nil
}

// touch makes a file that its group may read, and its directory; those that follow it are like it.
func touch(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	return file.Close()
}

// adjustable is the handler of a log whose level can be changed.
type adjustable struct {
	slog.Handler
	level *slog.LevelVar
}

// levelOf returns the level of a log that [openLog] returned; nil of another, which has none to change.
func levelOf(log *slog.Logger) *slog.LevelVar {
	if a, ok := log.Handler().(adjustable); ok {
		return a.level
	}
	return nil
}

// streamLogs is a log on a stream: text with times, but for the journal, which has its own.
type streamLogs struct{ w io.Writer }

func (s streamLogs) handler(level slog.Leveler) slog.Handler {
	if isJournal(s.w, os.Getenv("JOURNAL_STREAM")) {
		return newJournalHandler(s.w, level)
	}
	return slog.NewTextHandler(s.w, &slog.HandlerOptions{Level: level})
}

// journalHandler writes lines for the journal: with the priority in front, as sd-daemon(3) has it, and without time
// and level.
type journalHandler [4]slog.Handler

// priorities are those of syslog, by the handler that writes them.
var priorities = [len(journalHandler{})]string{"<7>", "<6>", "<4>", "<3>"}

func newJournalHandler(w io.Writer, level slog.Leveler) (h journalHandler) {
	plain := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}
	for i, p := range priorities {
		h[i] = slog.NewTextHandler(prefixed{w, p}, &slog.HandlerOptions{Level: level, ReplaceAttr: plain})
	}
	return h
}

// Enabled tells whether something of that level is written.
func (h journalHandler) Enabled(ctx context.Context, l slog.Level) bool { return h[0].Enabled(ctx, l) }

// Handle writes one line.
func (h journalHandler) Handle(ctx context.Context, r slog.Record) error {
	i := 0
	for _, above := range []slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if r.Level >= above {
			i++
		}
	}
	return h[i].Handle(ctx, r)
}

// WithAttrs returns a handler that adds them to every line.
func (h journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	for i := range h {
		h[i] = h[i].WithAttrs(attrs)
	}
	return h
}

// WithGroup returns a handler that puts that before the keys.
func (h journalHandler) WithGroup(name string) slog.Handler {
	for i := range h {
		h[i] = h[i].WithGroup(name)
	}
	return h
}

// forJournal returns what is said of an error as w wants it: the journal, with the priority of one before each line.
func forJournal(w io.Writer, text string) string {
	if !isJournal(w, os.Getenv("JOURNAL_STREAM")) {
		return text
	}
	return "<3>" + strings.ReplaceAll(text, "\n", "\n<3>")
}

// prefixed writes lines with something in front of each, whole.
type prefixed struct {
	w      io.Writer
	prefix string
}

func (p prefixed) Write(line []byte) (int, error) {
	if _, err := p.w.Write(append([]byte(p.prefix), line...)); err != nil {
		return 0, err
	}
	return len(line), nil
}
