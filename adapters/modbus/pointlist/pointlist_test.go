package pointlist

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/internal/celltext"
	"butlr-gateway/adapters/modbus"
	"butlr-gateway/gateway"
)

var formats = []Format{CSV, JSON, XLSX}

// house is a list with everything in it that a list can have: hostile names, a retired asset, an appended one,
// numbers that were vacated.
func house() *List {
	campus := []string{"Rotterdam / Campus"}
	building := append(slices.Clone(campus), "-2+3")
	floor := append(slices.Clone(building), "Level 3")
	return &List{
		Gateway: "0badcafe", Map: modbus.MapOptions{UnitID: 1}, Vacated: []gateway.Number{2, 7, 8},
		Assets: []*gateway.Asset{
			{ID: "site_1", Kind: gateway.Site, Number: 0, Name: "Rotterdam / Campus"},
			{ID: "building_1", Kind: gateway.Building, Number: 1, Name: "-2+3", Path: campus},
			{ID: "space_3", Kind: gateway.Floor, Number: 3, Name: "Level 3", Path: building},
			{ID: "room_1", Kind: gateway.Room, Number: 4, Name: `=HYPERLINK("http://x","y")`, CustomID: "@3.14", Path: floor},
			{ID: "room_2", Kind: gateway.Room, Number: 5, Name: "'quoted', \"and\" <b>", CustomID: "007", Path: floor, Retired: true},
			{ID: "room_3", Kind: gateway.Room, Number: 6, Name: "＝１＋１ _x0041_", Path: floor},
			{ID: "group:ahu-3", Kind: gateway.Group, Number: 4089, Name: "Air handler 3"},
			{ID: "room_4", Kind: gateway.Room, Number: 9000, Path: floor, Appended: true},
		},
	}
}

// write writes a list into a file.
func write(t testing.TB, l *List, f Format) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "points."+string(f))
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Write(file, f); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// content is what is in a file: its bytes, or the cells of a workbook.
func content(t testing.TB, path string) string {
	t.Helper()
	if filepath.Ext(path) != ".xlsx" {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	var text strings.Builder
	for _, sheet := range book.GetSheetList() {
		rows, err := book.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&text, sheet)
		for _, row := range rows {
			fmt.Fprintf(&text, "%q\n", row)
		}
	}
	return text.String()
}

// again makes the list that the assets of a file would be exported as.
func again(c *Contents, o modbus.MapOptions) *List {
	l := &List{Gateway: c.Gateway, Map: o, Vacated: c.Listing.Vacated}
	byID := make(map[gateway.AssetID]*gateway.Asset)
	for k := range c.Listing.Assets {
		a := c.Listing.Assets[k]
		a.Name = a.Given
		l.Assets = append(l.Assets, &a)
		byID[a.ID] = &a
	}
	slices.SortFunc(l.Assets, func(a, b *gateway.Asset) int { return int(a.Number) - int(b.Number) })
	for _, a := range l.Assets {
		for up := byID[a.Parent]; up != nil; up = byID[up.Parent] {
			a.Path = slices.Insert(a.Path, 0, up.Label())
		}
	}
	return l
}

// What is exported can be imported, and is the same when it is exported again.
// Seen to break it: celltext.Harmless without the quote sign; the mark without what is vacated; celltext.OneLine left out; what is
// sent taken for CSV whatever it is.
func TestAListReadAgainIsTheSame(t *testing.T) {
	for _, f := range formats {
		t.Run(string(f), func(t *testing.T) {
			l := house()
			if f != JSON { // which can hold them
				l.Assets[7].Name = "two\r\nlines and \x01"
			}
			path := write(t, l, f)
			c, err := ReadFile(path, l.Map)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			sent, err := ReadBytes("the list", text, l.Map)
			if diff := cmp.Diff(c, sent); err != nil || diff != "" {
				t.Errorf("sent: %v (-file +sent):\n%s", err, diff)
			}
			if c.Gateway != "0badcafe" || len(c.Notes) != 0 {
				t.Errorf("of gateway %q, notes %q", c.Gateway, c.Notes)
			}
			if diff := cmp.Diff(l.Vacated, c.Listing.Vacated); diff != "" {
				t.Errorf("vacated (-want +got):\n%s", diff)
			}
			var want []gateway.Asset
			for _, a := range l.Assets {
				want = append(want, gateway.Asset{ID: a.ID, Kind: a.Kind, Number: a.Number, Given: a.Name, CustomID: a.CustomID, Retired: a.Retired, Appended: a.Appended})
			}
			parents := map[gateway.AssetID]gateway.AssetID{"building_1": "site_1", "space_3": "building_1", "room_1": "space_3", "room_2": "space_3", "room_3": "space_3", "room_4": "space_3"}
			for k := range want {
				want[k].Parent = parents[want[k].ID]
			}
			if f != JSON {
				want[7].Given = `two\r\nlines and \x01`
			}
			if diff := cmp.Diff(want, c.Listing.Assets); diff != "" {
				t.Errorf("assets (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(content(t, path), content(t, write(t, again(c, l.Map), f))); diff != "" {
				t.Errorf("exported again (-before +after):\n%s", diff)
			}
		})
	}
}

// Nothing in a file is a formula, and what a person sees first stays in view.
func TestNothingInAFileIsAFormula(t *testing.T) {
	for record := range strings.Lines(content(t, write(t, house(), CSV))) {
		cells, err := csv.NewReader(strings.NewReader(record)).Read()
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range cells {
			if cell != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(cell)[0]) {
				t.Errorf("a formula: %q in %q", cell, record)
			}
		}
	}
	book, err := excelize.OpenFile(write(t, house(), XLSX))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows("points")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(modbus.Columns(), rows[0]); diff != "" {
		t.Errorf("first row (-want +got):\n%s", diff)
	}
	for r := range rows {
		for c := range rows[r] {
			cell, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				t.Fatal(err)
			}
			if formula, err := book.GetCellFormula("points", cell); err != nil || formula != "" {
				t.Errorf("%s is the formula %q, %v", cell, formula, err)
			}
		}
	}
	kind := func(cell string) excelize.CellType {
		kind, err := book.GetCellType("points", cell)
		if err != nil {
			t.Fatal(err)
		}
		return kind
	}
	if name, unit := kind("C2"), kind("G2"); name != excelize.CellTypeInlineString || unit != excelize.CellTypeUnset {
		t.Errorf("a name is of type %v, a unit of %v", name, unit)
	}
	panes, err := book.GetPanes("points")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes %+v, %v: the first row is to stay", panes, err)
	}
	if width, err := book.GetColWidth("points", "P"); err != nil || width != 70 {
		t.Errorf("the last column is %v wide, %v", width, err)
	}
}

// A list that is longer than a sheet goes on in the next one.
func TestALongListHasSeveralSheets(t *testing.T) {
	l := house()
	path := filepath.Join(t.TempDir(), "points.xlsx")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeXLSX(file, l.Rows(), 200); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := book.GetSheetList(); !slices.Equal(got, []string{"points", "points 2", "points 3"}) {
		t.Errorf("sheets %q", got)
	}
	if err := book.Close(); err != nil {
		t.Error(err)
	}
	c, err := ReadFile(path, l.Map)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Listing.Assets) != len(l.Assets) {
		t.Errorf("%d assets, want %d", len(c.Listing.Assets), len(l.Assets))
	}
}

// Columns are points of the same assets, elsewhere.
func TestAListOfColumnsIsAListToo(t *testing.T) {
	l := house()
	l.Columns = true
	c, err := ReadFile(write(t, l, CSV), l.Map)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Listing.Assets) != len(l.Assets) || c.Listing.Assets[7].Number != 9000 {
		t.Errorf("assets %+v", c.Listing.Assets)
	}
}

// edited changes cells of an exported list: the first row after the header is number 2.
func edited(t testing.TB, edit func(rows [][]string) [][]string) string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(content(t, write(t, house(), CSV)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(edit(rows)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "edited.csv")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// refuse reads a file that must be refused, and returns why.
func refuse(t testing.TB, path string, o modbus.MapOptions) string {
	t.Helper()
	c, err := ReadFile(path, o)
	if err == nil {
		t.Fatalf("believed: %+v", c)
	}
	return strings.Replace(err.Error(), path, "F", 1)
}

// Whatever was done to a file by hand or by a program, it is refused with the row, the column and what to do.
func TestAFileThatIsNotAsExportedIsRefused(t *testing.T) {
	l := house()
	header := 0
	for range modbus.HeaderPoints("", l.Map) {
		header++
	}
	site := 1 + header // the index of the site's first row
	points := 60
	set := func(row int, column, value string) func([][]string) [][]string {
		return func(rows [][]string) [][]string {
			rows[row][slices.Index(modbus.Columns(), column)] = value
			return rows
		}
	}
	at := func(row int) string { return fmt.Sprintf("F, row %d", row+1) }
	for name, c := range map[string]struct {
		edit func([][]string) [][]string
		want string
	}{
		"a column is missing": {func(rows [][]string) [][]string {
			for k := range rows {
				rows[k] = rows[k][:15]
			}
			return rows
		}, "F, row 1, column description: is not there: a list of points has the columns asset, kind, name … description in that order"},
		"a column has another name": {set(0, "unit_id", "unit"), `F, row 1, column unit_id: "unit" is not there`},
		"a column too many": {func(rows [][]string) [][]string {
			rows[0] = append(rows[0], "remarks")
			return rows
		}, "F, row 1, column remarks: is one column too many"},
		"a cell too many":            {func(rows [][]string) [][]string { rows[5] = append(rows[5], "x"); return rows }, at(5) + ": it has 17 columns and should have 16"},
		"the last asset is gone":     {func(rows [][]string) [][]string { return rows[:len(rows)-points] }, "F: it has "},
		"the last row is gone":       {func(rows [][]string) [][]string { return rows[:len(rows)-1] }, "F: it has 559 rows and should have 560; export it again: this is not the whole list"},
		"a row is there twice":       {func(rows [][]string) [][]string { return append(rows, rows[site]) }, at(site+8*points) + `, column measure: "occupied" of site_1 in the table input is in the list twice`},
		"a gateway's is there twice": {func(rows [][]string) [][]string { return append(rows, rows[1]) }, at(site+8*points) + `, column measure: "magic" of the gateway in the table input is in the list twice`},
		"an asset moved":             {set(site, "address", "116"), at(site) + `, column reference: "30101" is not that of the address, which is 30117`},
		"an asset moved in one row": {func(rows [][]string) [][]string {
			return set(site, "reference", "30117")(set(site, "address", "116")(rows))
		}, at(site+1) + `, column address: "101" is a place of asset number 0, and row ` + fmt.Sprint(site+1) + " gives site_1 number 1"},
		"two assets in one place": {func(rows [][]string) [][]string {
			for k := range points {
				rows[site+points+k] = slices.Concat(rows[site+points+k][:6], rows[site+k][6:])
			}
			return rows
		}, at(site+points) + `, column address: "100" is a place of asset number 0, which row ` + fmt.Sprint(site+1) + " gives to site_1"},
		"an address of a spreadsheet": {set(site, "address", "100.0"), at(site) + `, column address: "100.0" is no whole number from 0 to 65535`},
		"an address beyond":           {set(site, "address", "65536"), at(site) + `, column address: "65536" is no whole number`},
		"a number with zeros":         {set(site, "unit_id", "01"), at(site) + `, column unit_id: "01" is no whole number from 0 to 255`},
		"a coil's reference cut":      {set(site+44, "reference", "101"), at(site+44) + `, column reference: "101" is not that of the address, which is 00101`},
		"another kind":                {set(site, "kind", "castle"), at(site) + `, column kind: "castle" is none`},
		"a kind that differs":         {set(site+1, "kind", "room"), at(site+1) + `, column kind: "room" is not what row ` + fmt.Sprint(site+1) + ` has for site_1, which is "site"`},
		"a name that differs":         {set(site+1, "name", "Utrecht"), at(site+1) + `, column name: "Utrecht" is not what row`},
		"a custom id that differs":    {set(site+1, "custom_id", "X"), at(site+1) + `, column custom_id: "X" is not what row`},
		"a path that differs":         {set(site+1, "path", "X"), at(site+1) + `, column path: "X" is not what row`},
		"one row retired":             {set(site+1, "access", "retired"), at(site+1) + `, column access: "retired" is not of a kind with row`},
		"no asset":                    {set(site, "asset", ""), at(site) + ", column asset: is no id of an asset"},
		"no measure":                  {set(site, "measure", "presence"), at(site) + `, column measure: "presence" is none that an asset has in the table input`},
		"no table":                    {set(site, "table", "inputs"), at(site) + `, column table: "inputs" is none: it is input, holding, discrete or coil`},
		"another type":                {set(site, "type", "u32"), at(site) + `, column type: "u32" is not that of occupied, which is u16`},
		"no scale":                    {set(site, "scale", "x"), at(site) + `, column scale: "x" is no number`},
		"a unit of another gateway":   {set(site, "unit_id", "0"), at(site) + `, column unit_id: "0" is none of this gateway's units, which begin at 1; write the unit_id of [modbus]`},
		"an asset renumbered": {func(rows [][]string) [][]string {
			for k := range points {
				address := 100 + 16*2
				_, offset := 0, 0
				fmt.Sscan(rows[site+points+k][8], &offset)
				address += offset - 116
				rows[site+points+k][8] = fmt.Sprint(address)
				table, _ := modbus.ParseTable(rows[site+points+k][7])
				rows[site+points+k][9] = table.Reference(uint16(address))
			}
			return rows
		}, "F: number 2 is said to be vacated, and row "},
		"an asset renamed": {func(rows [][]string) [][]string {
			for k := range points {
				rows[site+points+k][0] = "building_2"
			}
			return rows
		}, "F: its numbers have the checksum 0x"},
		"another gateway":       {set(3, "asset", "1badcafe"), at(3) + `, column asset: "1badcafe" is another gateway than 0badcafe`},
		"no gateway":            {set(1, "asset", "room_1"), at(1) + `, column asset: "room_1" is no id of a gateway`},
		"a gateway's unit":      {set(1, "unit_id", "10"), at(1) + `, column unit_id: "10" is not the first unit of this gateway, which is 1; write the unit_id of [modbus]`},
		"a gateway's measure":   {set(1, "measure", "people"), at(1) + `, column measure: "people" is none that a gateway has`},
		"the mark is gone":      {func(rows [][]string) [][]string { return slices.Delete(rows, 3, 4) }, `F: the row with kind "gateway", measure "checksum" and table "input" is missing`},
		"the mark says nothing": {set(3, "description", "of the schema"), at(3) + `, column description: "of the schema" does not sum the list up`},
		"another version": {func(rows [][]string) [][]string {
			rows[3][15] = strings.Replace(rows[3][15], "version 1", "version 2", 1)
			return rows
		}, at(3) + ", column description: is of version 2 of the map, and this gateway has version 1"},
		"more assets": {func(rows [][]string) [][]string {
			rows[3][15] = strings.Replace(rows[3][15], "8 assets", "9 assets", 1)
			return rows
		}, "F: it has 8 assets and should have 9"},
		"another checksum": {func(rows [][]string) [][]string {
			rows[3][15] = strings.Replace(rows[3][15], "0x", "0x0", 1)
			return rows
		}, at(3) + ", column description"},
		"a list of vacated back": {func(rows [][]string) [][]string {
			rows[3][15] = strings.Replace(rows[3][15], "7-8", "8-7", 1)
			return rows
		}, "does not sum the list up"},
		"an appended one unknown": {func(rows [][]string) [][]string {
			rows[3][15] = strings.Replace(rows[3][15], "9000", "9001", 1)
			return rows
		}, "F: number 9001 is said to be appended, and no asset has it"},
		"a long cell":             {set(site, "name", strings.Repeat("x", 5000)), at(site) + ", column name: is longer than 4096 bytes"},
		"no UTF-8":                {set(site, "name", "\xff"), at(site) + `, column name: "\xff" is not UTF-8`},
		"nothing but the columns": {func(rows [][]string) [][]string { return rows[:1] }, "F: there is no row in it"},
	} {
		if got := refuse(t, edited(t, c.edit), l.Map); !strings.Contains(got, c.want) || strings.Count(got, ";") < 1 {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// Other files, and what only their format can have.
func TestAFileThatIsNoListIsRefused(t *testing.T) {
	l := house()
	csvText, jsonText := content(t, write(t, l, CSV)), content(t, write(t, l, JSON))
	for name, c := range map[string]struct{ file, text, want string }{
		"nothing":                     {"x.csv", "", "there is nothing in it"},
		"no format":                   {"x.txt", csvText, "name a file that ends with .csv, .json or .xlsx"},
		"semicolons":                  {"x.csv", strings.ReplaceAll(csvText, ",", ";"), "separate the columns by commas"},
		"a torn quote":                {"x.csv", csvText + "\"room_1", "it is no CSV"},
		"a quote without end":         {"x.csv", csvText + "\"" + strings.Repeat("x,\n", longestRow/2), "it is longer than any row of a list"},
		"no array":                    {"x.json", "{}", "it is no JSON array of objects"},
		"no JSON":                     {"x.json", "points", "it is no JSON array of objects"},
		"no object":                   {"x.json", "[1]", "entry 1: it is no object"},
		"a torn array":                {"x.json", jsonText[:len(jsonText)-10], "entry 560: it cannot be read as JSON"},
		"an unended array":            {"x.json", strings.TrimSuffix(jsonText, "]\n"), "entry 561: it cannot be read as JSON"},
		"something behind":            {"x.json", jsonText + "[]", "something follows the list"},
		"a key twice":                 {"x.json", strings.Replace(jsonText, `"kind":`, `"asset":"x","kind":`, 1), "entry 1: it cannot be read as JSON: "},
		"a key too many":              {"x.json", strings.Replace(jsonText, `"kind":`, `"remark":"x","kind":`, 1), "entry 1, column remark: is no column of a list"},
		"a key too few":               {"x.json", strings.Replace(jsonText, `"path":"",`, "", 1), "entry 1, column path: is missing"},
		"a number for a text":         {"x.json", strings.Replace(jsonText, `"path":""`, `"path":1`, 1), "entry 1, column path: is no text"},
		"a text for a number":         {"x.json", strings.Replace(jsonText, `"unit_id":1`, `"unit_id":"1"`, 1), "entry 1, column unit_id: is no number"},
		"a list for a text":           {"x.json", strings.Replace(jsonText, `"path":""`, `"path":[[[[]]]]`, 1), "entry 1, column path: is no text"},
		"a long text":                 {"x.json", strings.Replace(jsonText, `"path":""`, `"path":"`+strings.Repeat("x", longestRow+1)+`"`, 1), "entry 1: it cannot be read as JSON: "},
		"a number that is none of us": {"x.json", strings.Replace(jsonText, `"unit_id":1`, `"unit_id":1e0`, 1), `entry 1, column unit_id: "1e0" is no whole number`},
		"no workbook":                 {"x.xlsx", csvText, "it is no workbook"},
	} {
		path := filepath.Join(t.TempDir(), c.file)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := refuse(t, path, l.Map); !strings.Contains(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		if _, err := ReadBytes("the list", []byte(c.text), l.Map); strings.TrimSpace(c.text) != strings.TrimSpace(csvText) && (err == nil || !strings.HasPrefix(err.Error(), "the list")) {
			t.Errorf("%s, sent: got %v", name, err)
		}
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none.csv"), l.Map); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
	bom := filepath.Join(t.TempDir(), "bom.csv")
	if err := os.WriteFile(bom, []byte("\ufeff"+strings.ReplaceAll(csvText, "\n", "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(bom, l.Map); err != nil {
		t.Errorf("with the mark and the ends of lines of Windows: %v", err)
	}
}

// The map of this gateway must be that of the list.
func TestAListOfAnotherMapIsRefused(t *testing.T) {
	path := write(t, house(), CSV)
	if got := refuse(t, path, modbus.MapOptions{UnitID: 10}); !strings.Contains(got, `row 2, column unit_id: "1" is not the first unit of this gateway, which is 10; write the unit_id of [modbus]`) {
		t.Errorf("told %s", got)
	}
	c, err := ReadFile(path, modbus.MapOptions{UnitID: 1, WordOrder: modbus.LowWordFirst})
	if err != nil || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "exported with the word order ABCD") {
		t.Errorf("notes %q, %v", c.Notes, err)
	}
}

// A workbook that unpacks to more than anybody has room for is refused, with another way to have the list imported.
// Seen to break it: the remedy of a broken workbook.
func TestABombIsNotUnpacked(t *testing.T) {
	book := repack(t, text(t, func(w io.Writer) error { return writeXLSX(w, small, sheetRows) }), "xl/workbook.xml", bytes.Repeat([]byte(" "), 16<<20+1))
	_, err := ReadBytes("F", book, house().Map)
	if want := `F: its part "xl/workbook.xml" unpacks to more than 16 MiB; ` + smaller; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// What a spreadsheet saved is imported as it was exported: LibreOffice 7.4 wrote this list of the house, with two
// hundred rows a sheet, as a workbook of its own.
// Seen to break it: the texts that cells share left out.
func TestAListThatASpreadsheetSavedIsTheSame(t *testing.T) {
	l := house()
	saved, err := ReadFile("testdata/saved-by-libreoffice-7.4.xlsx", l.Map)
	if err != nil {
		t.Fatal(err)
	}
	exported, err := ReadFile(write(t, l, XLSX), l.Map)
	if diff := cmp.Diff(exported, saved); err != nil || diff != "" {
		t.Errorf("%v (-exported +saved):\n%s", err, diff)
	}
}

// Whatever a building is like, its list read again says the same of it, and is the same file once more.
func TestAnyListReadAgainIsTheSame(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab/ =+-@'\",;<&_x41\t\n\r\x01é＝\u2028\U0001F600")), 0, 12, 40)
	rapid.Check(t, func(rt *rapid.T) {
		o := modbus.MapOptions{UnitID: uint8(rapid.IntRange(1, 48).Draw(rt, "unit"))}
		l := &List{Gateway: "0badcafe", Map: o}
		numbers := rapid.SliceOfNDistinct(rapid.IntRange(0, 9000), 0, 6, rapid.ID[int]).Draw(rt, "numbers")
		slices.Sort(numbers)
		var around []*gateway.Asset
		for k, n := range numbers {
			a := &gateway.Asset{
				ID: gateway.AssetID(fmt.Sprint("id ", k, text.Draw(rt, "id"))), Kind: gateway.Kind(rapid.IntRange(1, 7).Draw(rt, "kind")), Number: gateway.Number(n),
				Name: celltext.OneLine(text.Draw(rt, "name")), CustomID: celltext.OneLine(text.Draw(rt, "custom id")),
				Retired: rapid.Bool().Draw(rt, "retired"), Appended: rapid.Bool().Draw(rt, "appended"),
			}
			a.ID = gateway.AssetID(celltext.OneLine(string(a.ID)))
			if a.Kind > gateway.Site && a.Kind < gateway.Group && len(around) > 0 {
				p := rapid.SampledFrom(around).Draw(rt, "in")
				if p.Kind < a.Kind {
					a.Path = append(slices.Clone(p.Path), p.Label())
				}
			}
			around = append(around, a)
			l.Assets = append(l.Assets, a)
		}
		for n := range 3 {
			if !slices.Contains(numbers, n) && rapid.Bool().Draw(rt, "vacated") {
				l.Vacated = append(l.Vacated, gateway.Number(n))
			}
		}
		f := rapid.SampledFrom([]Format{CSV, CSV, CSV, JSON, JSON, JSON, XLSX}).Draw(rt, "format")
		path := write(t, l, f)
		c, err := ReadFile(path, o)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(l.Vacated, c.Listing.Vacated, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("vacated (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(content(t, path), content(t, write(t, again(c, o), f))); diff != "" {
			rt.Fatalf("exported again (-before +after):\n%s", diff)
		}
	})
}

// A workbook that would cut what sums the list up is not begun: whoever downloads it can be told.
// Seen to break it: the mark not compared.
func TestWhatAWorkbookCannotHoldIsNotBegun(t *testing.T) {
	l := house()
	for n := range gateway.Number(7000) {
		l.Vacated = append(l.Vacated, 10_000+2*n)
	}
	var out bytes.Buffer
	if err := l.Write(&out, XLSX); err == nil || !strings.HasSuffix(err.Error(), "export csv or json") || out.Len() > 0 {
		t.Errorf("got %v and %d bytes", err, out.Len())
	}
	if err := l.Write(io.Discard, CSV); err != nil {
		t.Error(err)
	}
}

// However long a list is, little of it is in memory at one moment.
// Seen to break it: rows collected before they are written.
func TestALongListTakesLittleMemory(t *testing.T) {
	l := &List{Gateway: "0badcafe", Map: modbus.MapOptions{UnitID: 1}}
	for n := range gateway.Number(3000) { // 180 000 rows, some 200 MB as texts
		l.Assets = append(l.Assets, &gateway.Asset{ID: gateway.AssetID(fmt.Sprintf("room_%027d", n)), Kind: gateway.Room, Number: n, Name: "A room with a name", Path: []string{"Campus", "Building", "Floor"}})
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, f := range formats {
		before, most, count := heap(), uint64(0), 0
		rows := func(yield func(modbus.Row) bool) {
			for row := range l.Rows() {
				if count++; count%20_000 == 0 {
					most = max(most, heap())
				}
				if !yield(row) {
					return
				}
			}
		}
		var err error
		switch f {
		case CSV:
			err = writeCSV(io.Discard, rows)
		case JSON:
			err = writeJSON(io.Discard, rows)
		case XLSX:
			err = writeXLSX(io.Discard, rows, sheetRows)
		}
		if err != nil {
			t.Fatal(err)
		}
		if taken := int64(most) - int64(before); taken > 64<<20 {
			t.Errorf("%s: %d MB of %d rows were in memory at once", f, taken>>20, count)
		}
	}
}
