package main

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// forceFields are what the form about an asset sends to have it vacant.
var forceFields = map[string]string{"target": "occupied", "value": "0", "for": "1h", "reason": "a form of somebody else", "people": ""}

// A page of somebody else, which an operator has open in the same browser, cannot have anything forced: not with a
// form, though the browser sends the session with it, and not with a script. The same fields do it from the page
// itself.
// Seen to break it: origins that are not compared.
func TestInABrowserAPageOfSomebodyElseForcesNothing(t *testing.T) {
	s, b := newBrowsed(t)
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-time.Minute)))
	target := b.address + "/assets/" + boardroomID + "/force"
	var form strings.Builder
	fmt.Fprintf(&form, `<!doctype html><title>kittens</title><main><form method="post" action="%s">`, html.EscapeString(target))
	for name, value := range forceFields {
		fmt.Fprintf(&form, `<input type="hidden" name="%s" value="%s">`, name, value)
	}
	form.WriteString(`<button>See kittens</button></form></main>`)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(form.String()))
	}))
	t.Cleanup(elsewhere.Close)
	free := func(after string) {
		t.Helper()
		if got := s.block(boardroom)[0]; got != 1 {
			t.Errorf("after %s the register says %d", after, got)
		}
	}
	b.run("opening a page of somebody else", chromedp.Navigate(elsewhere.URL), chromedp.WaitReady(chromedp.CSS("main")))
	sent := fmt.Sprintf(`fetch(%q, {method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams(%s)}).then(() => true, () => true)`, target, asObject(forceFields))
	script[bool](b, "having a script of somebody else post", sent)
	free("a script of another page")
	b.click("button")
	b.until("the refusal", `location.pathname.endsWith("/force") && document.readyState === "complete"`)
	if text := strings.ToLower(b.text("body")); !strings.Contains(text, "cross-origin") && !strings.Contains(text, "another page") && !strings.Contains(text, "another site") {
		t.Errorf("the refusal says %q", text)
	}
	free("a form of another page")
	b.open("/assets/" + boardroomID)
	own := fmt.Sprintf(`fetch(location.pathname + "/force", {method: "POST", body: new URLSearchParams(%s)}).then((r) => r.status)`, asObject(forceFields))
	if code := script[int](b, "posting from the page itself", own); code != http.StatusOK {
		t.Errorf("from the page itself: %d", code)
	}
	if got := s.block(boardroom)[0]; got != 0 {
		t.Error("the same fields force nothing from the page itself either, so that this shows nothing")
	}
}

// asObject writes fields as a script has them.
func asObject(fields map[string]string) string {
	var parts []string
	for name, value := range fields {
		parts = append(parts, fmt.Sprintf("%q: %q", name, value))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// Whoever guesses is let in no more, not even with the right password, and is told so.
// Seen to break it: guesses that are not counted.
func TestInABrowserWhoGuessesIsLockedOut(t *testing.T) {
	s := newSite(t, fmt.Sprintf("[web]\nlisten = \"127.0.0.1:0\"\npassword = %q\n", pagePassword))
	s.start()
	b := newWindow(t, s.address("page"), 380, "light")
	try := func(password string) string {
		t.Helper()
		b.open("/login")
		b.fill("#password", password)
		script[bool](b, "marking the page", `(document.body.dataset.before = "yes") === "yes"`)
		b.run("logging in", chromedp.Submit(chromedp.CSS("form")))
		b.until("the answer", `document.readyState === "complete" && document.querySelector("main") && !document.body.dataset.before`)
		return b.text("main")
	}
	if text := try("guess 1"); !strings.Contains(text, "wrong") {
		t.Fatalf("a wrong password: %s", text)
	}
	text := ""
	for i := 2; i < 20 && !strings.Contains(text, "too many"); i++ {
		text = strings.ToLower(try(fmt.Sprintf("guess %d", i)))
	}
	if !strings.Contains(text, "too many") {
		t.Fatalf("after 19 guesses it says %s", text)
	}
	if text := strings.ToLower(try(pagePassword)); !strings.Contains(text, "too many") || b.path() != "/login" {
		t.Errorf("the right password of who guessed: %s is at %s", text, b.path())
	}
}

// A viewer sees why and where, is told who may change it, and cannot, whatever is sent.
// Seen to break it: forms that are shown to everybody.
func TestInABrowserAViewerChangesNothing(t *testing.T) {
	const viewers = "look-but-do-not-touch-3"
	chromium(t)
	s := newSite(t, fmt.Sprintf("[web]\nlisten = \"127.0.0.1:0\"\npassword = %q\nviewer_password = %q\n", pagePassword, viewers))
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-time.Minute)))
	b := newWindow(t, s.address("page"), 1400, "dark")
	b.open("/login")
	b.fill("#password", viewers)
	b.submit("form", ".bar")
	for path, want := range map[string]string{
		"/assets/" + boardroomID: "Operators may force it", "/points": "Only operators import", "/walks": "Only operators record",
	} {
		b.open(path)
		if text := b.text("main"); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q: %s", path, want, text)
		}
		if forms := script[int](b, "counting forms", `document.querySelectorAll("main form").length`); forms != 0 {
			t.Errorf("%s has %d forms for a viewer", path, forms)
		}
	}
	b.clean()
	b.open("/assets/" + boardroomID)
	own := fmt.Sprintf(`fetch(location.pathname + "/force", {method: "POST", body: new URLSearchParams(%s)}).then((r) => r.status)`, asObject(forceFields))
	if code := script[int](b, "posting as a viewer", own); code != http.StatusForbidden {
		t.Errorf("a viewer who posts is answered %d", code)
	}
	if got := s.block(boardroom)[0]; got != 1 {
		t.Errorf("a viewer forced it to %d", got)
	}
}

// Without a mouse: from the table to a room, its form, and the override.
// Seen to break it: a button that is left out of the order of the keys.
func TestInABrowserARoomIsForcedByKeys(t *testing.T) {
	s, b := newBrowsed(t)
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-time.Minute)))
	b.open("/?kind=room")
	b.until("the stream", isLive)
	b.keysUntil("the room", "\t", `document.activeElement.matches(".kind-room .asset a")`)
	b.run("opening it", chromedp.KeyEvent("\r"))
	b.until("its page", `document.querySelector("[data-reason]")`)
	b.keysUntil("the value", "\t", `document.activeElement.matches("[data-keep] select[name=value]")`)
	b.run("choosing vacant", chromedp.KeyEvent("v"))
	b.keysUntil("the reason", "\t", `document.activeElement.matches("[data-keep] [name=reason]")`)
	b.run("giving a reason", chromedp.KeyEvent("by keys"))
	b.keysUntil("the button", "\t", `document.activeElement.matches("[data-keep] button")`)
	if seen := script[bool](b, "looking for the mark of the focus", `getComputedStyle(document.activeElement).outlineStyle !== "none"`); !seen {
		t.Error("nothing shows where the focus is")
	}
	b.run("forcing", chromedp.KeyEvent("\r"))
	b.until("the override", `document.querySelector(".done") && document.querySelector("[data-reason]").textContent.includes("by keys")`)
	if got := s.block(boardroom)[0]; got != 0 {
		t.Errorf("forced vacant by keys, the register says %d", got)
	}
	b.clean()
}

// keysUntil presses a key until an expression is true, as often as somebody might bear.
func (b *window) keysUntil(what, key, expression string) {
	b.t.Helper()
	for range 60 {
		b.run("pressing a key", chromedp.KeyEvent(key))
		if script[bool](b, "looking for "+what, "Boolean("+expression+")") {
			return
		}
	}
	b.t.Fatalf("the keys do not lead to %s; the page says\n%s", what, b.seen())
}
