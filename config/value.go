package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// set puts a value of the file into a field, or says everything that is wrong with it.
func set(into, value any) []fault {
	var bad *fault
	switch into := into.(type) {
	case *bool:
		yes, ok := value.(bool)
		if !ok {
			return []fault{{message: "is neither true nor false", hint: "write true or false, without quotes"}}
		}
		*into = yes
	case *int:
		*into, bad = asInt(value)
	case *gateway.Number:
		*into, bad = asNumber(value)
	case *float64:
		*into, bad = asFloat(value)
	case *Register:
		var address int
		address, bad = addressFrom(value, "4")
		*into = Register(address)
	case *Coil:
		var address int
		address, bad = addressFrom(value, "0")
		*into = Coil(address)
	case *OnStop:
		*into, bad = onStopFrom(value)
	case *StateMap:
		list, wrong := stateMapFrom(value)
		*into = list
		return wrong
	case *Filters:
		list, wrong := filtersFrom(value)
		*into = list
		return wrong
	case *[]EventName:
		return setList(into, value, eventName)
	case *[]gateway.AssetID:
		return setList(into, value, func(text string) (gateway.AssetID, *fault) { return gateway.AssetID(text), nil })
	case *[]string:
		return setList(into, value, func(text string) (string, *fault) { return text, nil })
	case *[]int:
		return setNumbers(into, value)
	case *[]Member:
		return setList(into, value, memberFrom)
	case *[]netip.Prefix:
		return setList(into, value, network)
	default:
		text, wrong := asText(value)
		if wrong == nil {
			wrong = plain(text)
		}
		if wrong == nil {
			wrong = setText(into, text)
		} else if _, ok := into.(*time.Duration); ok {
			wrong.hint = durationHint
		}
		bad = wrong
	}
	if bad != nil {
		return []fault{*bad}
	}
	return nil
}

const durationHint = `write a number and its unit in quotes, as in "90s", "15m" or "24h"`

// setText puts a text into a field, in the field's type.
func setText(into any, text string) *fault {
	switch into := into.(type) {
	case *string:
		*into = text
	case *time.Duration:
		length, err := time.ParseDuration(text)
		if err != nil || length < 0 {
			return &fault{message: "is not a duration", hint: durationHint}
		}
		*into = length
	case **time.Location:
		place, err := time.LoadLocation(text)
		if err != nil || text == "" || text == "Local" {
			return &fault{message: "is not the name of a time zone", hint: `write "UTC", or a region and a city as in "Europe/Amsterdam"`}
		}
		*into = place
	case **gateway.Hours:
		return setHours(into, text)
	case *slog.Level:
		return pick(into, text, option[slog.Level]{"debug", slog.LevelDebug}, option[slog.Level]{"info", slog.LevelInfo},
			option[slog.Level]{"warn", slog.LevelWarn}, option[slog.Level]{"error", slog.LevelError})
	case *gateway.PeopleFeedRule:
		return pick(into, text, option[gateway.PeopleFeedRule]{"auto", gateway.PeopleAuto},
			option[gateway.PeopleFeedRule]{"raw", gateway.PeopleRaw}, option[gateway.PeopleFeedRule]{"1min", gateway.PeopleMinute})
	case *gateway.Evidence:
		return pick(into, text, option[gateway.Evidence]{"either", gateway.EvidenceEither},
			option[gateway.Evidence]{"people", gateway.EvidencePeople}, option[gateway.Evidence]{"motion", gateway.EvidenceMotion},
			option[gateway.Evidence]{"both", gateway.EvidenceBoth}, option[gateway.Evidence]{"traffic", gateway.EvidenceTraffic})
	case *gateway.FeedRule:
		return pick(into, text, option[gateway.FeedRule]{"minute", gateway.FeedMinute}, option[gateway.FeedRule]{"change", gateway.FeedChange})
	case *gateway.Policy:
		return pick(into, text, option[gateway.Policy]{"occupied", gateway.PolicyOccupied},
			option[gateway.Policy]{"hold", gateway.PolicyHold}, option[gateway.Policy]{"vacant", gateway.PolicyVacant})
	case *gateway.TieRule:
		return pick(into, text, option[gateway.TieRule]{"ksuid", gateway.TieByMinting},
			option[gateway.TieRule]{"arrival", gateway.TieByArrival})
	case *Discovery:
		return pick(into, text, option[Discovery]{"device", DiscoverDevices}, option[Discovery]{"component", DiscoverComponents},
			option[Discovery]{"off", DiscoverNothing})
	case *WordOrder:
		return pick(into, text, option[WordOrder]{"ABCD", HighWordFirst}, option[WordOrder]{"CDAB", LowWordFirst})
	case *Parity:
		return pick(into, text, option[Parity]{"even", EvenParity}, option[Parity]{"odd", OddParity}, option[Parity]{"none", NoParity})
	case *Unmapped:
		return pick(into, text, option[Unmapped]{"exception", UnmappedException}, option[Unmapped]{"zero", UnmappedZero})
	case interface{ parse(text string) *fault }:
		return into.parse(text)
	default:
		return &fault{message: fmt.Sprintf("has the type %T, which nothing reads", into)} // the tests set every key
	}
	return nil
}

// setHours reads the hours of a site; "" leaves them unknown.
func setHours(into **gateway.Hours, text string) *fault {
	if text == "" {
		*into = nil
		return nil
	}
	hours, err := gateway.ParseHours(text)
	if err != nil {
		bad := &fault{message: "cannot be read: " + err.Error()}
		if part, ok := errors.AsType[*gateway.HoursError](err); ok {
			bad = &fault{value: shown(part.Part), message: part.Message}
		}
		bad.hint = "write days and times as in " + strconv.Quote(gateway.HoursExample)
		return bad
	}
	*into = hours
	return nil
}

// option is a text that the operator may write, and what it means.
type option[T any] struct {
	text  string
	means T
}

// pick puts what text means into a field, if it is one of the options.
func pick[T any](into *T, text string, options ...option[T]) *fault {
	texts := make([]string, len(options))
	for i, o := range options {
		if text == o.text {
			*into = o.means
			return nil
		}
		texts[i] = strconv.Quote(o.text)
	}
	return &fault{message: "is none of the choices", hint: "write " + orList(texts)}
}

// setList puts a list of texts into a field, or says what is wrong with each.
func setList[T any](into *[]T, value any, parse func(string) (T, *fault)) []fault {
	entries, ok := value.([]any)
	if !ok {
		return []fault{{message: "is not a list", hint: `write texts between brackets, as in ["a", "b"]`}}
	}
	var (
		list = make([]T, 0, len(entries))
		bad  []fault
	)
	for _, e := range entries {
		text, wrong := asText(e)
		if wrong == nil {
			wrong = plain(text)
		}
		var parsed T
		if wrong == nil {
			parsed, wrong = parse(text)
		}
		if wrong != nil {
			wrong.value = shown(e)
			bad = append(bad, *wrong)
			continue
		}
		list = append(list, parsed)
	}
	*into = list
	return bad
}

// setNumbers puts a list of numbers into a field.
func setNumbers(into *[]int, value any) (bad []fault) {
	entries, ok := value.([]any)
	if !ok {
		return []fault{{message: "is not a list", hint: "write numbers between brackets, as in [2, 3]"}}
	}
	list := make([]int, 0, len(entries))
	for _, e := range entries {
		number, wrong := asInt(e)
		if wrong != nil {
			wrong.value = shown(e)
			bad = append(bad, *wrong)
			continue
		}
		list = append(list, number)
	}
	*into = list
	return bad
}

func asText(value any) (string, *fault) {
	text, ok := value.(string)
	if !ok {
		return "", &fault{message: "is not text", hint: "put the value in double quotes"}
	}
	return text, nil
}

func asInt(value any) (int, *fault) {
	number, ok := value.(int64)
	if !ok || int64(int(number)) != number {
		return 0, &fault{message: "is not a whole number", hint: "write digits only, without quotes"}
	}
	return int(number), nil
}

func asFloat(value any) (float64, *fault) {
	switch number := value.(type) {
	case int64:
		return float64(number), nil
	case float64:
		return number, nil
	}
	return 0, &fault{message: "is not a number", hint: "write digits, with a point where there is a fraction, without quotes"}
}

func asNumber(value any) (gateway.Number, *fault) {
	number, bad := asInt(value)
	if bad == nil && (number < 0 || number > lastIndex) {
		bad = notBetween(0, lastIndex)
		bad.hint = "leave the line out, and the gateway gives a number"
	}
	if bad != nil {
		return gateway.NoNumber, bad
	}
	return gateway.Number(number), nil
}

func notBetween(low, high int) *fault {
	return &fault{message: fmt.Sprintf("is not in %d to %d", low, high)}
}

func notLasting(low, high time.Duration) *fault {
	return &fault{message: "is not in " + duration(low) + " to " + duration(high)}
}

// maxShown is how many characters of a value a problem repeats.
const maxShown = 60

// shown returns a value as the operator would write it, "" for lists and sections.
func shown(value any) string {
	switch value := value.(type) {
	case string:
		if text := []rune(value); len(text) > maxShown {
			return strconv.Quote(string(text[:maxShown]) + "…")
		}
		return strconv.Quote(value)
	case float64:
		text := fmt.Sprint(value)
		if strings.Trim(text, "-0123456789") == "" {
			text += ".0" // 1.0 is no whole number, and 1 is
		}
		return text
	case bool, int64:
		return fmt.Sprint(value)
	case time.Time:
		return strings.TrimSuffix(value.Format(time.RFC3339), "Z")
	}
	return ""
}

// orList returns the texts as in "a, b or c".
func orList(texts []string) string { return join(texts, " or ") }

// andList returns the texts as in "a, b and c".
func andList(texts []string) string { return join(texts, " and ") }

func join(texts []string, last string) string {
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:len(texts)-1], ", ") + last + texts[len(texts)-1]
}

// nearest returns the name that text was probably meant to be, or "".
func nearest(text string, names []string) string {
	best, meant := 1+len(text)/4, ""
	for _, name := range names {
		if n := edits(text, name); n <= best && (meant == "" || n < best) {
			best, meant = n, name
		}
	}
	return meant
}

// edits counts the letters to insert, remove, change or swap with the next that turn a into b (the
// optimal string alignment distance).
func edits(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
