package pointlist

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/internal/celltext"
	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

var (
	smallMap       = modbus.MapOptions{UnitID: 1}
	smallPlaces, _ = modbus.NewLocator(smallMap)
)

// small yields a list of an asset of which an older version exported three points: that is whole too.
func small(yield func(modbus.Row) bool) {
	l := List{
		Gateway: "0badcafe", Map: smallMap, Vacated: []gateway.Number{2},
		Assets: []*gateway.Asset{{ID: "room_1", Kind: gateway.Room, Number: 4, Name: "=1+1", CustomID: "MH", Appended: true}},
	}
	mark := l.mark()
	mark.Rows = 4
	for row := range l.Rows() {
		if isMarked(&row) {
			row.Description = mark.String()
		} else if row.Kind == modbus.GatewayKind || row.Address%16 > 6 || row.Table == "holding" || row.Table == "discrete" {
			continue
		}
		if mark.Rows--; mark.Rows < 0 || !yield(row) {
			return
		}
	}
}

func text(t testing.TB, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// judge looks at what was made of a file: either it was refused with words, or it is a list that is the same when
// it is written and read again.
func judge(t *testing.T, rows source, err error) {
	var c *Contents
	if err == nil {
		c, err = read(rows, smallPlaces, smallMap)
	}
	if err != nil {
		if err.Error() == "" {
			t.Fatal("refused without a word")
		}
		return
	}
	for k := range c.Listing.Assets { // what one line of CSV cannot hold is shown as programs write it
		a := &c.Listing.Assets[k]
		a.Given, a.CustomID = celltext.OneLine(a.Given), celltext.OneLine(a.CustomID)
		if string(a.ID) != celltext.OneLine(string(a.ID)) || a.Parent != "" {
			return
		}
	}
	rows, err = newCSV(bytes.NewReader(text(t, func(w io.Writer) error { return again(c, smallMap).Write(w, CSV) })))
	if err != nil {
		t.Fatal(err)
	}
	once, err := read(rows, smallPlaces, smallMap)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Listing.Vacated, once.Listing.Vacated); diff != "" {
		t.Fatalf("vacated (-first +again):\n%s", diff)
	}
	if len(c.Listing.Assets) != len(once.Listing.Assets) {
		t.Fatalf("%d assets, then %d", len(c.Listing.Assets), len(once.Listing.Assets))
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add(text(f, func(w io.Writer) error { return writeCSV(w, small) }))
	f.Add([]byte("asset,kind,name\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := newCSV(bytes.NewReader(data))
		judge(t, rows, err)
	})
}

func FuzzReadJSON(f *testing.F) {
	f.Add(text(f, func(w io.Writer) error { return writeJSON(w, small) }))
	f.Add([]byte(`[{"asset":"room_1","unit_id":1}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := newJSON(bytes.NewReader(data))
		judge(t, rows, err)
	})
}

// FuzzReadSheet puts a sheet into a workbook that is in order.
func FuzzReadSheet(f *testing.F) {
	book := text(f, func(w io.Writer) error { return writeXLSX(w, small, sheetRows) })
	f.Add(unpack(f, book, "xl/worksheets/sheet1.xml"))
	f.Add([]byte(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>9</v></c></row></sheetData></worksheet>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := repack(t, book, "xl/worksheets/sheet1.xml", data)
		rows, err := fromXLSX(bytes.NewReader(file), int64(len(file)))
		judge(t, rows, err)
		if closer, ok := rows.(io.Closer); ok && err == nil {
			if err := closer.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func unpack(t testing.TB, book []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	part, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	data, err := io.ReadAll(part)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// repack returns the workbook with another part in the place of one.
func repack(t testing.TB, book []byte, name string, data []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, part := range z.File {
		into, err := w.Create(part.Name)
		if err != nil {
			t.Fatal(err)
		}
		content := data
		if part.Name != name {
			content = unpack(t, book, part.Name)
		}
		if _, err := into.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What the fuzzing begins with is believed, so that it gets beyond the first row.
func TestTheSmallListIsBelieved(t *testing.T) {
	rows, err := newCSV(bytes.NewReader(text(t, func(w io.Writer) error { return writeCSV(w, small) })))
	if err != nil {
		t.Fatal(err)
	}
	c, err := read(rows, smallPlaces, smallMap)
	if err != nil || len(c.Listing.Assets) != 1 || c.Mark.Rows != 4 {
		t.Errorf("%+v, %v", c, err)
	}
}
