package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// window is a Chromium that shows the pages of one gateway, and remembers what it should not have to.
type window struct {
	t       *testing.T
	ctx     context.Context
	address string

	mu      sync.Mutex
	amiss   []string // errors, and what the pages' policy refused
	outside []string // addresses elsewhere that were asked for
}

// chromium returns where the browser is. Without one the test is skipped, but not in CI.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("chromium is not installed")
	}
	t.Skip("chromium is not installed")
	return ""
}

// newWindow opens a browser of that width that likes a scheme of colours, light or dark.
func newWindow(t *testing.T, address string, width int, scheme string) *window {
	t.Helper()
	dir, err := os.MkdirTemp("", "browser")
	if err != nil {
		t.Fatal(err)
	}
	allocator, end := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()),
		chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(dir), chromedp.WindowSize(width, 900), chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true))
	ctx, endTab := chromedp.NewContext(allocator)
	b := &window{t: t, ctx: ctx, address: strings.TrimSuffix(address, "/")}
	t.Cleanup(func() {
		endTab()
		end()
		b.remove(dir)
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("opening the browser: %v", err)
	}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	mobile := emulation.SetDeviceMetricsOverrideParams{Width: int64(width), Height: 900, DeviceScaleFactor: 1, Mobile: width < 600}
	colours := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	b.call("listening to the network", telling(network.Enable, network.EnableParams{}))
	b.call("listening to the log", telling(log.Enable, cdp.Empty{}))
	b.call("setting the size", telling(emulation.SetDeviceMetricsOverride, mobile))
	b.call("setting the colours", telling(emulation.SetEmulatedMedia, colours))
	return b
}

// remove takes away what the browser left, whose last processes may still write.
func (b *window) remove(dir string) {
	for deadline := time.Now().Add(patience); os.RemoveAll(dir) != nil && time.Now().Before(deadline); {
		waitABit()
	}
}

func telling[P, R any](c cdp.Command[P, R], params P) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, c, params)
		return err
	}
}

// note remembers what no page may do.
func (b *window) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" && u.Scheme != "about" && u.Scheme+"://"+u.Host != b.address {
			b.outside = append(b.outside, e.Request.URL)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			b.amiss = append(b.amiss, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			b.amiss = append(b.amiss, fmt.Sprintf("%s %+v", e.Type, e.Args))
		}
	case *runtime.EventExceptionThrown:
		b.amiss = append(b.amiss, fmt.Sprintf("%+v", e.ExceptionDetails))
	}
}

// clean fails the test if the browser had to complain, or asked anybody else for anything.
func (b *window) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.amiss) > 0 || len(b.outside) > 0 {
		b.t.Errorf("the browser says %q, and asked elsewhere for %q", b.amiss, b.outside)
	}
}

func (b *window) call(what string, do func(context.Context) error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := do(ctx); err != nil {
		b.t.Fatalf("%s: %v; the page says\n%s", what, err, b.seen())
	}
}

// seen is what the page says, for somebody who wonders why a test fails.
func (b *window) seen() string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	return text
}

func (b *window) run(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.call(what, func(ctx context.Context) error { return chromedp.Do(ctx, actions...) })
}

// ask returns what an action tells.
func ask[T any](b *window, what string, action chromedp.Action[T]) (out T) {
	b.t.Helper()
	b.call(what, func(ctx context.Context) (err error) {
		out, err = chromedp.Run(ctx, action)
		return err
	})
	return out
}

func (b *window) open(path string) {
	b.t.Helper()
	b.run("opening "+path, chromedp.Navigate(b.address+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// text returns what an element says.
func (b *window) text(selector string) string {
	b.t.Helper()
	return ask(b, "reading "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// script returns what an expression is, which may be a promise.
func script[T any](b *window, what, expression string) T {
	b.t.Helper()
	return ask(b, what, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// until waits until an expression is true. A page that is just being left is no answer.
func (b *window) until(what, expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		cancel()
		if err == nil && is {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("waiting for %s: %v; the page says\n%s", what, err, b.seen())
		}
		waitABit()
	}
}

func (b *window) click(selector string) {
	b.t.Helper()
	b.run("clicking "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// fill types into a field what it is to have.
func (b *window) fill(selector, text string) {
	b.t.Helper()
	script[bool](b, "choosing "+selector, fmt.Sprintf("document.querySelector(%q).select() === undefined", selector))
	b.run("filling "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// choose gives a field a value.
func (b *window) choose(selector, value string) {
	b.t.Helper()
	b.run("choosing in "+selector, chromedp.SetValue(chromedp.CSS(selector), value))
}

// submit sends a form and waits for an element of the page that follows.
func (b *window) submit(form, next string) {
	b.t.Helper()
	b.run("sending "+form, chromedp.Submit(chromedp.CSS(form)))
	b.until(next, fmt.Sprintf("document.readyState === 'complete' && document.querySelector(%q)", next))
}

// path returns where the browser is.
func (b *window) path() string {
	b.t.Helper()
	u, err := url.Parse(ask(b, "reading the address", chromedp.Location()))
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Path
}

// pagePassword is the operators'.
const pagePassword = "walk-the-building-7"

// logIn logs in as an operator.
func (b *window) logIn(name string) {
	b.t.Helper()
	b.open("/login")
	b.fill("#password", pagePassword)
	b.fill("#name", name)
	b.submit("form", ".bar")
}

// newBrowsed returns a gateway with a page that has a password, and a browser that is logged in.
func newBrowsed(t *testing.T) (*site, *window) {
	t.Helper()
	chromium(t)
	s := newSite(t, fmt.Sprintf("[web]\nlisten = \"127.0.0.1:0\"\npassword = %q\n", pagePassword))
	s.start()
	b := newWindow(t, s.address("page"), 1400, "light")
	b.logIn("anna")
	return s, b
}
