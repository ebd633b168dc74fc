package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	devtools "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/xuri/excelize/v2"
)

// download clicks on a link, and returns the file that the browser saved. No other may be saved to dir.
func (b *window) download(selector, dir string) string {
	b.t.Helper()
	save := devtools.SetDownloadBehaviorParams{Behavior: devtools.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir}
	b.call("saving to a directory", telling(devtools.SetDownloadBehavior, save))
	b.click(selector)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); waitABit() {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			b.t.Fatal(err)
		}
		if len(files) == 1 && !strings.HasSuffix(files[0], ".crdownload") && !strings.HasPrefix(filepath.Base(files[0]), ".") {
			return files[0]
		}
	}
	b.t.Fatalf("%s saves nothing", selector)
	return ""
}

// upload sends a list, and waits for an element of the page that follows.
func (b *window) upload(file, next string) {
	b.t.Helper()
	b.open("/points")
	b.run("choosing the list", chromedp.SetUploadFiles(chromedp.CSS("[name=list]"), []string{file}))
	b.submit("form[action='/points/plan']", next)
}

// addressOf returns the first address of an asset, as the table has it.
func (b *window) addressOf(id string) int {
	b.t.Helper()
	return script[int](b, "finding "+id, fmt.Sprintf(`fetch("/api/v1/assets").then((r) => r.json()).then((l) => l.assets.find((a) => a.asset === %q).register.address)`, id))
}

// The list that the button saves opens as a workbook, with each point of a room where the room is read. Uploaded as it
// is, it changes nothing; changed by hand it is refused; after two rooms were given each other's numbers it says so, and
// gives them back once that is ticked.
// Seen to break it: a tick that is not asked for.
func TestInABrowserAListIsSavedAndImported(t *testing.T) {
	s, b := newBrowsed(t)
	for _, p := range examplePosts {
		s.accepted(payload(t, p.name, time.Now().Truncate(time.Minute).Add(-p.age)))
	}
	const other = "room_30wbf9EVBov1Cj1hu7xBIdBVbH5"
	before, beside := b.addressOf(boardroomID), b.addressOf(other)
	b.open("/points")
	saved := b.download(`a[href$="format=xlsx"]`, t.TempDir())
	book, err := excelize.OpenFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	rows, err := book.GetRows(book.GetSheetList()[0])
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	column := func(name string) int { return slices.Index(rows[0], name) }
	if !slices.ContainsFunc(rows, func(row []string) bool {
		return row[column("asset")] == boardroomID && row[column("name")] == "Boardroom Erasmus" && row[column("measure")] == "people" &&
			row[column("table")] == "input" && row[column("address")] == strconv.Itoa(before+1) && row[column("reference")] != ""
	}) {
		t.Errorf("the workbook has no people of the Boardroom at %d; its rows are as %q", before+1, rows[:2])
	}
	b.upload(saved, ".path")
	if text := b.text("main"); !strings.Contains(text, "Nothing: everything is so already.") && !strings.Contains(text, "No number changes.") {
		t.Errorf("the list as it was saved: %s", text)
	}
	b.open("/points")
	saved = b.download(`a[href$="format=csv"]`, t.TempDir())
	text, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	s.append(fmt.Sprintf("[assets.%q]\nindex = %d\n[assets.%q]\nindex = %d\n", boardroomID, (beside-100)/16, other, (before-100)/16))
	s.command("points", "apply", "--allow-moves")
	b.upload(saved, ".path")
	if got := b.addressOf(boardroomID); got != beside {
		t.Fatalf("exchanged by the command, the room is at %d, want %d", got, beside)
	}
	if dir := os.Getenv(picturesIn); dir != "" {
		b.shoot(filepath.Join(dir, "plan-1400-light.png"))
	}
	if text := b.text("main"); !strings.Contains(text, "2 to move") || !strings.Contains(text, "2 numbers would come to mean another asset") {
		t.Errorf("two rooms exchanged: %s", text)
	}
	b.click("form[action='/points/import'] button")
	if got := b.addressOf(boardroomID); got != beside {
		t.Errorf("moved to %d without the tick", got)
	}
	b.click("[name=moves]")
	b.click("form[action='/points/import'] button")
	b.until("what was done", `document.querySelector(".done")?.textContent.includes("in force")`)
	if here, there := b.addressOf(boardroomID), b.addressOf(other); here != before || there != beside {
		t.Errorf("imported, they are at %d and %d, want %d and %d", here, there, before, beside)
	}
	b.open("/audit")
	if text := b.text("main"); !strings.Contains(text, "anna") || !strings.Contains(text, "imported") && !strings.Contains(text, "rearranged") {
		t.Errorf("the audit says %s", text)
	}
	b.clean()
	exchanged := filepath.Join(t.TempDir(), "exchanged.csv")
	if err := os.WriteFile(exchanged, []byte(strings.NewReplacer(boardroomID, other, other, boardroomID).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	b.upload(exchanged, ".trouble")
	if text := b.text(".trouble"); !strings.Contains(text, "somebody has changed them") {
		t.Errorf("a list that was changed by hand: %s", text)
	}
}

// append adds to the configuration, which the running gateway has read already.
func (s *site) append(text string) {
	s.t.Helper()
	file, err := os.OpenFile(s.config, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Close()); err != nil {
		s.t.Fatal(err)
	}
}
