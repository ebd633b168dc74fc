package modbus

import (
	"bytes"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"butlr-gateway/gateway"

	"github.com/google/go-cmp/cmp"
)

//go:embed testdata/registers.md.tmpl
var documentText string

// documented map: unit_id = 1, high word first.
var documentMap = MapOptions{UnitID: 1}

var documentParts = template.FuncMap{
	"schema":       func() int { return SchemaVersion },
	"magic":        func() string { return magic },
	"blockLength":  func() int { return blockLength },
	"headerLength": func() int { return headerLength },
	"headerEnd":    func() int { return headerLength - 1 },
	"unitAssets":   func() int { return unitAssets },
	"columnUnits":  func() int { return columnUnits },
	"maxUnits":     func() int { return maxUnits },
	"maxUnitID":    func() int { return maxUnitID },
	"capacity":     func() string { return fmt.Sprintf("%d %03d", Capacity/1000, Capacity%1000) },
	"mapFull":      func() int { return int(gateway.MapFull) },
	"statusAt":     func() int { return statusOffset },
	"nameWords":    func() int { return nameLength / 2 },
	"watchdog":     func() int { return headerFieldNamed("watchdog").offset },
	"alarmsAt":     func() int { return headerFieldNamed("alarms").offset },
	"appended":     func() int { return headerFieldNamed("assets_appended").offset },
	"references":   documentReferences, "places": documentPlaces, "header": documentHeader, "alarms": documentAlarms,
	"fields": documentBlock, "status": documentStatus, "qualities": documentQualities, "reasons": documentReasons,
	"columns": documentColumns, "bitColumns": documentBitColumns, "exceptions": documentExceptions,
}

func headerFieldNamed(name string) *field {
	for k := range headerFields {
		if f := &headerFields[k].field; f.name == name {
			return f
		}
	}
	panic("no header field " + name)
}

// rows writes a table's rows.
func rows(n int, cells func(k int) []any) string {
	var b strings.Builder
	for k := range n {
		for _, cell := range cells(k) {
			fmt.Fprintf(&b, "| %v ", cell)
		}
		b.WriteString("|\n")
	}
	return b.String()
}

// span is an address, or the first and the last of several.
func span(from, count int) string {
	if count == 1 {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d–%d", from, from+count-1)
}

func documentReferences(addresses ...int) string {
	return rows(len(addresses), func(k int) []any {
		a := uint16(addresses[k])
		return []any{a, Input.Reference(a), Holding.Reference(a), Discrete.Reference(a), Coil.Reference(a)}
	})
}

func documentPlaces(numbers ...int) string {
	return rows(len(numbers), func(k int) []any {
		assets := slices.Values([]*gateway.Asset{{Number: gateway.Number(numbers[k])}})
		row := []any{numbers[k]}
		for r := range Points(assets, documentMap) {
			switch {
			case r.Measure == "occupied" && r.Table == "input":
				row = append(row, r.UnitID, r.Address, r.Reference)
			case r.Measure == "occupied" && r.Table == "holding":
				row = append(row, r.Reference)
			}
		}
		for r := range ColumnPoints(assets, documentMap) {
			switch {
			case r.Measure == "people" && r.Table == "input":
				row = append(row, r.UnitID, r.Address, r.Reference)
			case r.Measure == "people" && r.Table == "holding":
				row = append(row, r.Reference)
			}
		}
		return row
	})
}

func documentHeader() string {
	return rows(len(headerFields), func(k int) []any {
		f := &headerFields[k].field
		at := uint16(f.offset)
		return []any{span(f.offset, f.words()), Input.Reference(at), Holding.Reference(at), "`" + f.name + "`", f.format, f.unit, f.explained()}
	})
}

// alarmMeanings say what each alarm is about.
var alarmMeanings = [gateway.AlarmCount]string{
	gateway.FeedLost:            "nothing is heard of a site: its values are held, then substituted",
	gateway.BrokerDown:          "readings do not reach the MQTT broker",
	gateway.JournalFailing:      "nothing can be stored: disk full, read-only or broken. Readings are as before it",
	gateway.ClockUntrusted:      "the gateway's clock is not believed; ages count from when events arrived",
	gateway.CertificateExpiring: "a certificate ends in less than 14 days",
	gateway.MapFull:             "there are assets without registers: the map is full",
	gateway.PushFailing:         "a controller that the gateway writes to does not take it",
	gateway.WatchdogExpired:     "a master that should write the watchdog no longer does",
	gateway.StateRestored:       "part of the stored state could not be read at the start",
	gateway.SubscriptionWrong:   "Butlr's webhook is not subscribed as configured",
	gateway.SerialDown:          "a serial port is gone, or cannot be opened",
	gateway.PinUnmet:            "an asset does not have the number that the configuration pins it to",
	gateway.BackupFailing:       "the daily copy of the state cannot be made",
	gateway.SensorOffline:       "sensors or hives are offline, by Butlr's API",
	gateway.PollFailing:         "in pull mode: Butlr's API has not been read for `dead_after`",
	gateway.PartStuck:           "a part of the gateway itself does not answer; one that goes on so has the gateway start anew. The last bit",
}

func documentAlarms() string {
	return rows(gateway.AlarmCount, func(k int) []any {
		return []any{k, Discrete.Reference(uint16(k)), Coil.Reference(uint16(k)), "`" + gateway.Alarm(k).String() + "`", alarmMeanings[k]}
	})
}

func documentBlock(n int) string {
	return rows(len(blockFields), func(k int) []any {
		f := &blockFields[k].field
		at := headerLength + blockLength*n + f.offset
		meaning := f.description
		switch m := f.meanings(); {
		case f.name == "quality" || f.name == "reason":
			meaning += ", [codes below](#" + f.name + ")"
		case m != nil:
			meaning += ": " + enumerate(m)
		}
		unknown := "0"
		if f.unknown != "" {
			unknown = "65535"
		}
		return []any{span(f.offset, f.words()), span(at, f.words()), Input.Reference(uint16(at)), Holding.Reference(uint16(at)),
			"`" + f.name + "`", f.format, f.unit, f.scale(), unknown, meaning}
	})
}

func documentStatus(n int) string {
	return rows(blockLength, func(k int) []any {
		at := uint16(headerLength + blockLength*n + k)
		return []any{k, Discrete.Reference(at), Coil.Reference(at), "`" + statusBits[k].name + "`", statusBits[k].description}
	})
}

func documentQualities() string {
	return rows(gateway.QualityCount, func(k int) []any {
		meaning := ""
		for _, b := range statusBits {
			if text, ok := strings.CutPrefix(b.description, "quality "+qualityWords[k]); ok {
				meaning, _, _ = strings.Cut(strings.TrimPrefix(text, ": "), ";")
			}
		}
		if gateway.Quality(k) == gateway.Good {
			meaning = "believed"
		}
		return []any{k, qualityWords[k], meaning}
	})
}

func documentReasons() string {
	return rows(len(reasonWords), func(k int) []any { return []any{k, reasonWords[k]} })
}

func documentColumns(n int) string {
	return rows(len(columns), func(k int) []any {
		c := &columns[k]
		first, at := uint16(c.offset), uint16(c.offset+n*c.words())
		from := fmt.Sprintf("%d + n", c.offset)
		if c.words() > 1 {
			from = fmt.Sprintf("%d + %d × n", c.offset, c.words())
		}
		meaning := c.description
		if c.unknown != "" {
			meaning += "; 65535 " + c.unknown
		}
		return []any{from, "`" + c.name + "`", c.format, c.unit, c.scale(), meaning,
			Input.Reference(first), Holding.Reference(first), at, Input.Reference(at), Holding.Reference(at)}
	})
}

func documentBitColumns(n int) string {
	return rows(len(bitColumns), func(k int) []any {
		c := &bitColumns[k]
		first, at := uint16(c.address), uint16(c.address+n)
		return []any{fmt.Sprintf("%d + n", c.address), "`" + statusBits[c.bit].name + "`", statusBits[c.bit].description,
			Discrete.Reference(first), Coil.Reference(first), at, Discrete.Reference(at), Coil.Reference(at)}
	})
}

func documentExceptions() string {
	meanings := []struct {
		code exception
		when string
	}{
		{illegalFunction, "the function is not known, or not allowed to this client: writing, where it is off"},
		{illegalDataAddress, "there is nothing at some of the addresses"},
		{illegalDataValue, "the quantity is not 1 to 125 registers or 1 to 2000 bits, the request has not the length it should have, or a command is not 0, 1 or 2"},
		{deviceFailure, "what was written could not be stored"},
		{deviceBusy, "an override that goes first is in force, or too much waits: what was written may be written again"},
		{gatewayPathUnavailable, "there is no such unit; on a serial line such a request has no answer, it is for somebody else"},
	}
	return rows(len(meanings), func(k int) []any { return []any{byte(meanings[k].code), meanings[k].when} })
}

// TestTheDocumentIsWritten compares docs/registers.md with what is served.
func TestTheDocumentIsWritten(t *testing.T) {
	text, err := template.New("registers.md").Funcs(documentParts).Parse(documentText)
	if err != nil {
		t.Fatal(err)
	}
	var now bytes.Buffer
	if err := text.Execute(&now, nil); err != nil {
		t.Fatal(err)
	}
	for alarm, meaning := range alarmMeanings {
		if meaning == "" {
			t.Errorf("the document does not say what alarm %v is", gateway.Alarm(alarm))
		}
	}
	path := filepath.Join("..", "..", "docs", "registers.md")
	if *update {
		if err := os.WriteFile(path, now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; \"go test ./adapters/modbus -run Document -update\" writes it", err)
	}
	if diff := cmp.Diff(string(written), now.String()); diff != "" {
		t.Errorf("%s differs (-file +now); \"go test ./adapters/modbus -run Document -update\" rewrites it:\n%s", path, diff)
	}
}

// A link to a heading of another page of the documentation leads there.
func TestTheDocumentsLinksLeadSomewhere(t *testing.T) {
	links := regexp.MustCompile(`\]\(([a-z-]+\.md)#?([a-z-]*)\)`).FindAllStringSubmatch(documentText, -1)
	if len(links) == 0 {
		t.Error("no link was found")
	}
	for _, link := range links {
		page, err := os.ReadFile(filepath.Join("..", "..", "docs", link[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		found := link[2] == ""
		for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(page), -1) {
			anchor := strings.ReplaceAll(regexp.MustCompile(`[^a-z -]`).ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-")
			found = found || anchor == link[2]
		}
		if !found {
			t.Errorf("%s has no heading %q", link[1], link[2])
		}
	}
}

// Each line of mbpoll in the document works as it stands, but for the address of the gateway.
func TestTheDocumentsLinesForMbpollWork(t *testing.T) {
	program, err := exec.LookPath("mbpoll")
	tool(t, "mbpoll", err)
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "registers.md"))
	if err != nil {
		t.Fatal(err)
	}
	b := newBuilding(t)
	s := snapshots()["full"]
	s.Asset = boardroom()
	b.show(campus(0), s)
	host, port, err := net.SplitHostPort(serveTCP(t, b))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{ // by what the remark begins with: a line of the output
		"the header": "[0]: \t16967", "its block": "[148]: \t1", "its people": "[149]: \t4", "who went": "[156]: \t305419896",
		"its status": "[148]: \t1", "the people": "[8195]: \t4", "its name": "[28696]: \t0x4D48", "the HVAC": "[4099]: \t1",
	}
	lines := regexp.MustCompile(`(?m)^mbpoll (-m tcp .*) 10\.20\.0\.9 +# (.*)$`).FindAllStringSubmatch(string(page), -1)
	for _, line := range lines {
		out, err := exec.CommandContext(t.Context(), program, append(strings.Fields(line[1]), "-p", port, host)...).CombinedOutput()
		found := false
		for remark, value := range want {
			if strings.HasPrefix(line[2], remark) {
				found = strings.Contains(string(out), value)
				delete(want, remark)
			}
		}
		if err != nil || !found {
			t.Errorf("%s: %v\n%s", line[0], err, out)
		}
	}
	if len(want) > 0 {
		t.Errorf("no line was tried for %v", want)
	}
}
