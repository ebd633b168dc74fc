package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
)

// LogLevel is how much is logged: "debug", "info", "warn" or "error".
type LogLevel struct {
	Level string `json:"level"`
}

// The levels by their names.
var logLevels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

// nameOf returns a level's name.
func nameOf(level slog.Level) string {
	for name, l := range logLevels {
		if l == level {
			return name
		}
	}
	return level.String()
}

// logLevel lets the control socket ask and change how much is logged.
func (s *Server) logLevel(mux *http.ServeMux) {
	level := s.options.LogLevel
	if level == nil {
		return
	}
	mux.HandleFunc("GET /api/v1/log-level", func(w http.ResponseWriter, _ *http.Request) {
		s.answer(w, LogLevel{nameOf(level.Level())})
	})
	mux.HandleFunc("POST /api/v1/log-level", carryOut(s, ofAnOrder, func(_ context.Context, o LogLevel) (LogLevel, error) {
		l, ok := logLevels[o.Level]
		if !ok {
			return LogLevel{}, BadOrder(fmt.Sprintf("there is no level %q: use debug, info, warn or error", o.Level))
		}
		level.Set(l)
		s.options.Log.Info("log level changed", "level", o.Level)
		return o, nil
	}))
}
