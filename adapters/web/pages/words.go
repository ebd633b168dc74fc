package pages

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/plot"
	"butlr-gateway/gateway"
)

// functions are those that the templates use.
var functions = template.FuncMap{
	"visible": visible, "sentence": sentence, "age": age, "bytes": byteCount, "join": strings.Join, "words": words,
	"clock": clockTime, "quality": qualityWord, "plural": plural, "since": since, "add": func(a, b int) int { return a + b },
	"counted": counted, "zone": zone, "capital": capital, "newest": newest, "yesNo": yesNo, "count": count, "lasting": lasting, "seen": seen, "dayTime": dayTime,
}

// visible shows what cannot be seen, such as control characters and those that turn the direction of
// writing, as escapes: names come from outside.
func visible(text string) string {
	var out strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
			continue
		}
		out.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
	}
	return out.String()
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	text = capital(text)
	if !strings.ContainsRune(".!?", rune(text[len(text)-1])) {
		text += "."
	}
	return visible(text)
}

// age shows how old something is, no finer than matters.
func age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + " d"
}

// left shows how long something still runs.
func left(seconds int64) string {
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// byteCount shows a size, an int64 or a uint64, in the units of storage.
func byteCount(n any) string {
	value := number(n)
	if value < 1024 {
		return fmt.Sprintf("%.0f bytes", value)
	}
	unit := ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value /= 1024; value < 1024 {
			break
		}
	}
	return fmt.Sprintf("%.3g %s", value, unit)
}

// number returns a count of any of the types that there are in what the pages are told.
func number(n any) float64 {
	switch n := n.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case uint64:
		return float64(n)
	}
	panic(fmt.Sprintf("%T is no count", n))
}

// words shows registers as they are on the wire.
func words(list []uint16) string {
	var out []string
	for _, w := range list {
		out = append(out, strconv.Itoa(int(w)))
	}
	return strings.Join(out, " ")
}

// clockTime shows the time of day of a moment at some place; an en dash for never.
func clockTime(m web.Moment, place *time.Location) string {
	if m == 0 {
		return "–"
	}
	return gateway.Timestamp(m).Time().In(place).Format("15:04:05")
}

// dayTime shows a moment with its day.
func dayTime(m web.Moment, place *time.Location) string {
	if m == 0 {
		return "never"
	}
	return gateway.Timestamp(m).Time().In(place).Format("2 Jan 2006 15:04:05")
}

// since shows how long ago a moment was.
func since(m web.Moment, now time.Time) string {
	if m == 0 {
		return "never"
	}
	return age(max(0, now.Sub(gateway.Timestamp(m).Time()))) + " ago"
}

// qualityWord is a quality as people read it.
func qualityWord(name string) string { return strings.ReplaceAll(name, "_", " ") }

// plural puts an s where there is not one of something.
func plural(n any, one string) string {
	if number(n) == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// newest is what a feed said last; "" where that was nothing, or is not a number of people or a yes or no.
func newest(f web.Feed) string {
	if len(f.Window) == 0 || f.Feed == "traffic" {
		return ""
	}
	v := f.Window[len(f.Window)-1].Value
	if f.Feed == "motion" {
		return map[bool]string{false: "none", true: "motion"}[v != 0]
	}
	return strconv.Itoa(int(v))
}

// yesNo shows an answer that may be unknown.
func yesNo(v *int64) string {
	switch {
	case v == nil:
		return "?"
	case *v == 0:
		return "vacant"
	}
	return "occupied"
}

// count shows a number that may be unknown.
func count(v *int64) string {
	if v == nil {
		return "?"
	}
	return strconv.FormatInt(*v, 10)
}

// counted says how many people somebody counted.
func counted(n *int) string { return web.PeopleText(int64(*n)) }

// peopleText says how many people there are, which may be unknown.
func peopleText(v *int64) string {
	if v == nil {
		return "? people"
	}
	return web.PeopleText(*v)
}

// zone is a time zone as people call it: the machine's own has no better name than that.
func zone(name string) string {
	if name == time.Local.String() {
		return "this machine"
	}
	return name
}

// capital writes the first letter large.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// lasting shows how long something lasted; nothing for not at all.
func lasting(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return plot.Lasting(d)
}

// seen says what the gateway showed when somebody looked into a room.
func seen(c web.Check) string {
	var parts []string
	if v, ok := c.Seen[gateway.Occupied.String()]; ok {
		parts = append(parts, yesNo(v))
	}
	if v, ok := c.Seen[gateway.People.String()]; ok {
		parts = append(parts, peopleText(v))
	}
	return strings.Join(parts, ", ")
}
