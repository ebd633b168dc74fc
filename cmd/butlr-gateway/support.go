package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
)

func supportBundleCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "support-bundle [FILE]", Short: "Collect what helps to find out what is wrong, without secrets",
		Long: `Collect into a zip file what helps to find out what is wrong: versions, paths, the configuration
without its secrets, what "check" says, the status, what is believed of every asset, the numbers, and
the end of the log. Names of rooms are in it, and how many people were in them lately.

It works with and without a gateway that runs. What cannot be had is said in the file.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return errors.New("give one FILE, or none for one with the time in its name")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			file := "butlr-gateway-support-" + time.Now().UTC().Format("20060102T150405Z") + ".zip"
			if len(args) == 1 {
				file = args[0]
			}
			if err := writeBundle(c.Context(), path, file); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "%s is written. No secret of the configuration is in it.\n", file)
			return err
		},
	}
	configFlag(c, &path)
	return c
}

func writeBundle(ctx context.Context, path, file string) error {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	z := zip.NewWriter(out)
	b := bundle{zip: z, path: path, hide: strings.NewReplacer()}
	return errors.Join(b.fill(ctx), z.Close(), out.Close())
}

// bundle is a zip in which no secret is.
type bundle struct {
	zip      *zip.Writer
	path     string
	settings *config.Config    // nil where the configuration cannot be read
	hide     *strings.Replacer // of every secret, wherever it may have got to
}

// fill collects everything. What fails is said in its place; only an error of writing is one.
func (b *bundle) fill(ctx context.Context) error {
	checked := b.load(ctx)
	parts := []struct {
		name string
		make func(context.Context, io.Writer) error
	}{
		{"version.txt", b.version}, {"check.txt", func(_ context.Context, w io.Writer) error { return checked(w) }}, {"config.toml", b.config},
		{"paths.txt", b.paths}, {"status.json", b.status}, {"state.json", b.state}, {"ledger.csv", b.ledger}, {"log.txt", b.logTail},
		{stuckFile, b.stuckBefore},
	}
	for _, p := range parts {
		var text bytes.Buffer
		if err := p.make(ctx, &text); err != nil {
			fmt.Fprintf(&text, "\nThis could not be had: %v\n", err)
		}
		w, err := b.zip.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate, Modified: time.Now()})
		if err == nil {
			_, err = b.hide.WriteString(w, text.String())
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", p.name, err)
		}
	}
	return nil
}

// load reads the configuration, with its secrets if it can: then they can be looked for. It returns what "check" says.
func (b *bundle) load(ctx context.Context) func(io.Writer) error {
	settings, err := config.Load(b.path)
	if err == nil {
		var pairs []string
		for _, s := range settings.Secrets() {
			pairs = append(pairs, s, "***")
		}
		b.settings, b.hide = settings, strings.NewReplacer(pairs...)
	} else if without, err := config.LoadWithoutSecrets(b.path); err == nil {
		b.settings = without
	}
	return func(w io.Writer) error {
		if err != nil {
			return err
		}
		printWarnings(w, settings)
		if problems := checkMachine(ctx, settings); len(problems) > 0 {
			return problems
		}
		_, err := fmt.Fprintln(w, "in order")
		return err
	}
}

var errNoConfig = errors.New("the configuration cannot be read: see check.txt")

func (b *bundle) version(_ context.Context, w io.Writer) error {
	host, _ := os.Hostname() // only for people
	_, err := fmt.Fprintf(w, "butlr-gateway %s %s/%s %s\nhost %s, %d processors, %s\n", programVersion(), runtime.GOOS, runtime.GOARCH,
		runtime.Version(), host, runtime.NumCPU(), time.Now().Format(time.RFC3339))
	return err
}

func (b *bundle) config(_ context.Context, w io.Writer) error {
	text, err := os.ReadFile(b.path)
	if err == nil {
		text, err = config.Masked(text)
	}
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}

func (b *bundle) paths(_ context.Context, w io.Writer) error {
	if b.settings == nil {
		return errNoConfig
	}
	program, err := ownPath()
	if err != nil {
		return err
	}
	return printPaths(w, program, b.path, true, b.settings)
}

func (b *bundle) status(ctx context.Context, w io.Writer) error {
	if b.settings == nil {
		return errNoConfig
	}
	status, err := askStatus(ctx, string(b.settings.Gateway.StateDir))
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(status)
}

func (b *bundle) state(ctx context.Context, w io.Writer) error {
	if b.settings == nil {
		return errNoConfig
	}
	p := dumpFormats["json"](true)
	var contents *web.Contents
	_, err := atDesk(ctx, b.settings, toLook, slog.New(slog.DiscardHandler), func(at desk) (err error) {
		if contents, err = at.Contents(ctx); err != nil {
			return err
		}
		return at.Dump(ctx, func(e *web.Explanation) error { return p.print(w, e) })
	})
	if err != nil {
		return err
	}
	return p.end(w, contents)
}

func (b *bundle) ledger(_ context.Context, w io.Writer) error {
	if b.settings == nil {
		return errNoConfig
	}
	text, err := os.ReadFile(filepath.Join(string(b.settings.Gateway.StateDir), "ledger.csv"))
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}

// How much of the log is in a bundle.
const (
	logTailBytes = 2 << 20
	logTailLines = "5000"
)

func (b *bundle) logTail(ctx context.Context, w io.Writer) error {
	if b.settings != nil && b.settings.Gateway.LogFile != "" {
		return tail(w, string(b.settings.Gateway.LogFile), logTailBytes)
	}
	if runtime.GOOS == "windows" {
		return errors.New("it is in the event log: export it there, source " + serviceName)
	}
	c := exec.CommandContext(ctx, "journalctl", "--unit", serviceName, "--no-pager", "--lines", logTailLines)
	c.Stdout, c.Stderr = w, w
	return c.Run()
}

// tail writes the end of a file.
func tail(w io.Writer, path string, most int64) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.NewSectionReader(file, max(0, about.Size()-most), most))
	return err
}
