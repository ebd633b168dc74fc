package workbook

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Cell is what is written into a cell: a text, which no spreadsheet works out, or a number.
type Cell struct {
	text   string
	number float64
	isText bool
}

// Text returns a cell with a text. Excel shows 32 767 characters of it.
func Text(text string) Cell { return Cell{text: text, isText: true} }

// Number returns a cell with a finite number.
func Number(number float64) Cell { return Cell{number: number} }

// Writer writes a workbook, sheet after sheet. It keeps nothing of what it wrote but the names of the sheets.
type Writer struct {
	zip    *zip.Writer
	sheet  *bufio.Writer // of the sheet in progress
	widths []float64
	names  []string
	row    int // of the sheet, the last that was written
}

// NewWriter begins a workbook of which the sheets have columns of those widths, in characters.
func NewWriter(w io.Writer, widths []float64) (*Writer, error) {
	b := &Writer{zip: zip.NewWriter(w), widths: widths}
	// The first part is the one by which other programs tell what is in a zip.
	for _, part := range []struct{ name, content string }{{"_rels/.rels", rootRelations}, {"xl/styles.xml", styles}} {
		if err := b.part(part.name, part.content); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *Writer) part(name, content string) error {
	w, err := b.zip.Create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, content)
	return err
}

// Begin ends the sheet in progress and begins the next one with a row of headings, which stays in view.
func (b *Writer) Begin(name string, headings []string) error {
	if err := b.end(); err != nil {
		return err
	}
	b.names, b.row = append(b.names, name), 0
	w, err := b.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", len(b.names)))
	if err != nil {
		return err
	}
	b.sheet = bufio.NewWriter(w)
	selected := ""
	if len(b.names) == 1 {
		selected = ` tabSelected="1"`
	}
	fmt.Fprintf(b.sheet, sheetBegins, selected)
	for k, width := range b.widths {
		fmt.Fprintf(b.sheet, `<col min="%d" max="%d" width="%g" customWidth="1"/>`, k+1, k+1, width)
	}
	_, _ = b.sheet.WriteString("</cols><sheetData>")
	cells := make([]Cell, len(headings))
	for k, heading := range headings {
		cells[k] = Text(heading)
	}
	return b.add(cells, ` s="1"`)
}

// Add writes a row. What is wrong with the file behind the writer may show only at Close.
func (b *Writer) Add(cells []Cell) error { return b.add(cells, "") }

func (b *Writer) add(cells []Cell, style string) error {
	b.row++
	fmt.Fprintf(b.sheet, `<row r="%d">`, b.row)
	number := make([]byte, 0, 32)
	for k, cell := range cells {
		_, _ = b.sheet.WriteString(`<c r="`)
		_, _ = b.sheet.WriteString(columnName(k))
		_, _ = b.sheet.Write(strconv.AppendInt(number, int64(b.row), 10))
		_, _ = b.sheet.WriteString(`"`)
		_, _ = b.sheet.WriteString(style)
		if cell.isText {
			_, _ = b.sheet.WriteString(` t="inlineStr"><is><t xml:space="preserve">`)
			if err := xml.EscapeText(b.sheet, []byte(escape(cell.text))); err != nil {
				return err
			}
			_, _ = b.sheet.WriteString("</t></is></c>")
			continue
		}
		_, _ = b.sheet.WriteString("><v>")
		_, _ = b.sheet.Write(strconv.AppendFloat(number, cell.number, 'g', -1, 64))
		_, _ = b.sheet.WriteString("</v></c>")
	}
	_, err := b.sheet.WriteString("</row>") // a bufio.Writer that failed once says so ever after
	return err
}

// end ends the sheet in progress.
func (b *Writer) end() error {
	if b.sheet == nil {
		return nil
	}
	_, _ = b.sheet.WriteString("</sheetData></worksheet>")
	return b.sheet.Flush()
}

// Close ends the workbook, which must have a sheet. What it was written into stays open.
func (b *Writer) Close() error {
	if err := b.end(); err != nil {
		return err
	}
	var sheets, relations, types strings.Builder
	for k, name := range b.names {
		var escaped strings.Builder
		if err := xml.EscapeText(&escaped, []byte(name)); err != nil {
			return err
		}
		fmt.Fprintf(&sheets, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, escaped.String(), k+1, k+1)
		fmt.Fprintf(&relations, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, k+1, officeRelations, k+1)
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="%s.worksheet+xml"/>`, k+1, spreadsheetType)
	}
	for _, part := range []struct{ name, content string }{
		{"xl/workbook.xml", fmt.Sprintf(workbookPart, sheets.String())},
		{"xl/_rels/workbook.xml.rels", fmt.Sprintf(workbookRelations, relations.String())},
		{"[Content_Types].xml", fmt.Sprintf(contentTypes, types.String())},
	} {
		if err := b.part(part.name, part.content); err != nil {
			return err
		}
	}
	return b.zip.Close()
}
