package workbook_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/internal/workbook"
)

// row is what one is read as.
type row struct {
	Number int
	Cells  []string
}

// rowsOf reads all rows of a sheet.
func rowsOf(t rapid.TB, book *workbook.Book, sheet int) (all []row) {
	t.Helper()
	rows, err := book.Rows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}()
	for {
		number, cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row{number, cells})
	}
}

func open(t rapid.TB, file []byte) *workbook.Book {
	t.Helper()
	book, err := workbook.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// texts have everything in them that a workbook or XML writes in another way.
var texts = rapid.OneOf(
	rapid.StringOfN(rapid.RuneFrom([]rune("_x0041F\\ <>&\"'=\t\n\r\x00\x01\x1f\x7f\u0085\ufffe\uffff]é＝\U0001F600")), 0, 20, -1),
	rapid.SampledFrom([]string{"_x0041_", "_x005F_", "_x005F_x0041_", "_x0000_x0041_", "__x0041_", "_xABCD", "_x00e9_", " both ends ", "]]>"}),
)

// Whatever texts and numbers are written come back, in as many sheets as there are.
// Seen to break it: escape without the text that looks like an escape; unescape in one go over what it made; the texts
// trimmed; a number rounded to 'g', 6.
func TestWhateverIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out bytes.Buffer
		w, err := workbook.NewWriter(&out, []float64{10, 20.5})
		if err != nil {
			t.Fatal(err)
		}
		want := make([][]row, rapid.IntRange(1, 3).Draw(t, "sheets"))
		for k := range want {
			headings := []string{"the first", texts.Draw(t, "heading") + "."}
			if err := w.Begin(fmt.Sprint("sheet & ", k), headings); err != nil {
				t.Fatal(err)
			}
			want[k] = append(want[k], row{1, headings})
			for number := range rapid.IntRange(0, 4).Draw(t, "rows") {
				text, value := texts.Draw(t, "text"), rapid.Float64().Draw(t, "number")
				if err := w.Add([]workbook.Cell{workbook.Text(text), workbook.Number(value)}); err != nil {
					t.Fatal(err)
				}
				want[k] = append(want[k], row{number + 2, []string{text, strconv.FormatFloat(value, 'g', -1, 64)}})
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		book := open(t, out.Bytes())
		for k := range want {
			if name := book.Sheets()[k]; name != fmt.Sprint("sheet & ", k) {
				t.Fatalf("sheet %d is called %q", k, name)
			}
			if diff := cmp.Diff(want[k], rowsOf(t, book, k)); diff != "" {
				t.Fatalf("sheet %d (-written +read):\n%s", k, diff)
			}
		}
	})
}

// plain are texts that excelize reads and writes as Excel would: it loses some of those that look like an escape, and
// what XML cannot hold.
var plain = rapid.OneOf(
	rapid.StringOfN(rapid.RuneFrom([]rune("ab <>&\"'=\t\n é＝\U0001F600")), 0, 20, -1),
	rapid.SampledFrom([]string{"_x0041_", "_x00E9_", " both ends ", "]]>", "007", "1e3", "TRUE"}),
)

// Another program reads what is written here, as what it is.
// Seen to break it: a Target without its folder; the style of the headings; the type of a text.
func TestOthersReadWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out bytes.Buffer
		w, err := workbook.NewWriter(&out, []float64{34, 7.5})
		if err != nil {
			t.Fatal(err)
		}
		text, value := plain.Draw(t, "text"), rapid.IntRange(-1e6, 1e6).Draw(t, "number")
		for _, name := range []string{"points", "points 2"} {
			if err := errors.Join(w.Begin(name, []string{"name", "value"}), w.Add([]workbook.Cell{workbook.Text(text), workbook.Number(float64(value) / 1000)})); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		book, err := excelize.OpenReader(&out)
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		if diff := cmp.Diff([]string{"points", "points 2"}, book.GetSheetList()); diff != "" {
			t.Fatalf("sheets (-written +read):\n%s", diff)
		}
		for _, sheet := range book.GetSheetList() {
			read := func(cell string) string {
				value, err := book.GetCellValue(sheet, cell, excelize.Options{RawCellValue: true})
				if err != nil {
					t.Fatal(err)
				}
				return value
			}
			if read("A1") != "name" || read("A2") != text || read("B2") != strconv.FormatFloat(float64(value)/1000, 'g', -1, 64) {
				t.Fatalf("%q and %d of %s were read as %q and %q", text, value, sheet, read("A2"), read("B2"))
			}
			style, err := book.GetCellStyle(sheet, "A1")
			if err != nil {
				t.Fatal(err)
			}
			if s, err := book.GetStyle(style); err != nil || !s.Font.Bold {
				t.Fatalf("a heading has style %+v, %v", s, err)
			}
			panes, err := book.GetPanes(sheet)
			if err != nil || !panes.Freeze || panes.YSplit != 1 {
				t.Fatalf("panes %+v, %v", panes, err)
			}
			if width, err := book.GetColWidth(sheet, "B"); err != nil || width != 7.5 {
				t.Fatalf("the column is %v wide, %v", width, err)
			}
		}
	})
}

// What another program wrote is read as that program reads it itself: texts that cells share, formulas by their last
// value, dates as the numbers that they are, cells and rows left out.
// Seen to break it: the texts of a run with formats left out; a text counted from 1; empty cells not made up for.
func TestWhatOthersWroteIsRead(t *testing.T) {
	value := rapid.OneOf(
		rapid.Map(plain, func(s string) any { return s }),
		rapid.Map(rapid.IntRange(-1e9, 1e9), func(n int) any { return n }),
		rapid.Map(rapid.Float64Range(-1, 1), func(f float64) any { return f }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just[any](nil),
		rapid.Just[any](time.Date(2026, 11, 28, 6, 0, 0, 0, time.UTC)),
		rapid.Map(plain, func(s string) any {
			return []excelize.RichTextRun{{Text: "a" + s}, {Text: s, Font: &excelize.Font{Bold: true}}}
		}),
	)
	rapid.Check(t, func(t *rapid.T) {
		file := excelize.NewFile()
		defer file.Close()
		if _, err := file.NewSheet("other"); err != nil {
			t.Fatal(err)
		}
		sheets := file.GetSheetList()
		for range rapid.IntRange(0, 20).Draw(t, "cells") {
			sheet := rapid.SampledFrom(sheets).Draw(t, "sheet")
			cell, err := excelize.CoordinatesToCellName(rapid.IntRange(1, 30).Draw(t, "column"), rapid.IntRange(1, 8).Draw(t, "row"))
			if err != nil {
				t.Fatal(err)
			}
			switch v := value.Draw(t, "value").(type) {
			case []excelize.RichTextRun:
				err = file.SetCellRichText(sheet, cell, v)
			default:
				err = file.SetCellValue(sheet, cell, v)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		if err := file.Write(&out); err != nil {
			t.Fatal(err)
		}
		book := open(t, out.Bytes())
		if diff := cmp.Diff(sheets, book.Sheets()); diff != "" {
			t.Fatalf("sheets (-written +read):\n%s", diff)
		}
		theirs, err := excelize.OpenReader(&out, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		defer theirs.Close()
		for k, sheet := range sheets {
			all, err := theirs.GetRows(sheet)
			if err != nil {
				t.Fatal(err)
			}
			var want []row
			for k, cells := range all {
				if len(cells) > 0 {
					want = append(want, row{k + 1, cells})
				}
			}
			if diff := cmp.Diff(want, rowsOf(t, book, k)); diff != "" {
				t.Fatalf("%s (-theirs +ours):\n%s", sheet, diff)
			}
		}
	})
}
