package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"butlr-gateway/config"
)

// TestTheJournalGetsPrioritiesAndNoTimes. Seen to break it: the time left in, the level left in, one priority for
// all, the attributes of With lost, a level that does not hold.
func TestTheJournalGetsPrioritiesAndNoTimes(t *testing.T) {
	var out bytes.Buffer
	level := new(slog.LevelVar)
	log := slog.New(newJournalHandler(&out, level))
	log.Debug("not yet")
	level.Set(slog.LevelDebug)
	log.Debug("heard")
	log.With("broker", "second").Info("connected", "level", 3)
	log.Warn("alarm raised\nin two lines")
	log.Error("ended", "err", errors.New("no"))
	log.WithGroup("push").Info("written", "time", 5)
	want := `<7>msg=heard
<6>msg=connected broker=second
<4>msg="alarm raised\nin two lines"
<3>msg=ended err=no
<6>msg=written push.time=5
`
	if out.String() != want {
		t.Errorf("the journal gets\n%swant\n%s", &out, want)
	}
}

// TestTheJournalIsKnownByItsStream, and errors get their priority on it. Seen to break it: lines after the first left
// without, and any JOURNAL_STREAM taken for ours, as when the output of a service's child goes elsewhere.
func TestTheJournalIsKnownByItsStream(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no journal")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	of := streamOf(t, w)
	if !isJournal(w, of) {
		t.Errorf("the stream %s is not known", of)
	}
	t.Setenv("JOURNAL_STREAM", of)
	if got := forJournal(w, "a.toml:3: x\n  hint: y"); got != "<3>a.toml:3: x\n<3>  hint: y" {
		t.Errorf("an error becomes %q", got)
	}
	if got := forJournal(new(bytes.Buffer), "one\ntwo"); got != "one\ntwo" {
		t.Errorf("an error elsewhere becomes %q", got)
	}
	if isJournal(w, of+"1") || isJournal(w, "") || isJournal(new(bytes.Buffer), of) {
		t.Error("another stream is taken for the journal")
	}
}

// TestTheLogFileIsRotated. Seen to break it: a size that is never reached, files that nobody but the gateway reads,
// and a log that also goes to standard error.
func TestTheLogFileIsRotated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	var stderr bytes.Buffer
	log, end, err := openLog(&config.Gateway{LogFile: config.Path(filepath.Join(dir, "gateway.log"))}, streamLogs{&stderr})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 1<<20)
	for range logFileSize + 1 {
		log.Info(long)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%d files, %v; want the one in use and the one before", len(files), err)
	}
	for _, f := range files {
		if about, err := f.Info(); err != nil || about.Size() == 0 || runtime.GOOS != "windows" && about.Mode().Perm() != 0o640 {
			t.Errorf("%s: %v, %v", f.Name(), about.Mode(), err)
		}
	}
	if stderr.Len() > 0 {
		t.Errorf("standard error got %.100s", &stderr)
	}
}

// TestALogFileThatCannotBeOpenedIsSaid. Seen to break it: the file opened at its first line only, when it is too late.
func TestALogFileThatCannotBeOpenedIsSaid(t *testing.T) {
	dir := t.TempDir()
	_, _, err := openLog(&config.Gateway{LogFile: config.Path(dir)}, streamLogs{new(bytes.Buffer)})
	if err == nil || !strings.Contains(err.Error(), "log_file") {
		t.Errorf("a folder as log_file: %v", err)
	}
}

// TestLevelOfALog. Seen to break it: a level that is not the one the handler goes by.
func TestLevelOfALog(t *testing.T) {
	var out bytes.Buffer
	log, _, err := openLog(&config.Gateway{LogLevel: slog.LevelWarn}, streamLogs{&out})
	if err != nil {
		t.Fatal(err)
	}
	log.Info("one")
	levelOf(log).Set(slog.LevelInfo)
	log.Info("two")
	if text := out.String(); strings.Contains(text, "one") || !strings.Contains(text, "two") {
		t.Errorf("the log has %s", text)
	}
	if l := levelOf(slog.New(slog.DiscardHandler)); l != nil {
		t.Error(fmt.Sprint("a level that nothing goes by: ", l))
	}
}
