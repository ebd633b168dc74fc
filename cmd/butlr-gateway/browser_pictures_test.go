package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// picturesIn, in the environment, names a directory for pictures of every page. With picturesOf, the address of a
// gateway that runs already, such as a demo, they are of that one.
const (
	picturesIn = "BUTLR_GATEWAY_PICTURES"
	picturesOf = "BUTLR_GATEWAY_PICTURES_OF"
)

// Pictures of every page, wide and narrow, light and dark, for somebody to look at.
func TestPicturesOfEveryPage(t *testing.T) {
	dir, address := os.Getenv(picturesIn), os.Getenv(picturesOf)
	if dir == "" {
		t.Skipf("%s names no directory", picturesIn)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if address == "" {
		s, _ := newBrowsed(t)
		for _, p := range examplePosts {
			s.accepted(payload(t, p.name, time.Now().Truncate(time.Minute).Add(-p.age)))
		}
		address = s.address("page")
	}
	for _, width := range []int{1400, 380} {
		for _, scheme := range []string{"light", "dark"} {
			b := newWindow(t, address, width, scheme)
			b.open("/")
			if b.path() == "/login" {
				b.shoot(filepath.Join(dir, fmt.Sprintf("login-%d-%s.png", width, scheme)))
				b.logIn("anna")
			}
			for name, path := range b.subjects() {
				b.open(path)
				if strings.HasPrefix(path, "/?") {
					b.until("the stream", isLive)
				}
				b.shoot(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)))
			}
			b.clean()
		}
	}
}

// subjects returns where the pages are, by the names of their pictures.
func (b *window) subjects() map[string]string {
	b.open("/?kind=room&sort=-people")
	asset := script[string](b, "finding a room", `document.querySelector(".kind-room .asset a").getAttribute("href")`)
	b.open("/walks")
	walk := script[string](b, "finding a walk", `document.querySelector(".sheet table a")?.getAttribute("href") ?? ""`)
	if walk == "" {
		b.fill("[name=name]", "Commissioning, first round")
		b.choose("[name=author]", "AN")
		b.submit("form[action='/walks']", ".rooms")
		walk = b.path()
		for i := 1; i <= 3; i++ {
			expected := "occupied"
			if says := b.text(fmt.Sprintf(".room:nth-child(%d) p b", i)); (says == "vacant") != (i == 3) { // the third differs
				expected = "vacant"
			}
			b.click(fmt.Sprintf(".room:nth-child(%d) button[value=%s]", i, expected))
			b.until("the verdict", fmt.Sprintf(`document.querySelectorAll(".room [role=status]").length >= Math.min(%d, document.querySelectorAll(".room").length)`, i))
			if script[int](b, "counting rooms", `document.querySelectorAll(".room").length`) == i {
				break
			}
		}
	}
	return map[string]string{
		"table": "/?", "found": "/?kind=room&sort=-people", "asset": asset, "walks": "/walks", "walk": walk, "polls": "/polls", "points": "/points", "health": "/health", "audit": "/audit",
	}
}

// shoot takes a picture of the page: all of it, but of the table as much as the window shows.
func (b *window) shoot(file string) {
	b.t.Helper()
	action := chromedp.FullScreenshot(100)
	if strings.Contains(file, "table-") || strings.Contains(file, "found-") {
		action = chromedp.CaptureScreenshot()
	}
	if err := os.WriteFile(file, ask(b, "taking a picture", action), 0o644); err != nil {
		b.t.Fatal(err)
	}
}
