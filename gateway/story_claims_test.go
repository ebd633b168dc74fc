package gateway_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"butlr-gateway/gateway"
)

// claim is one thing that must be so. It returns what is the case instead, "" if it is so.
type claim func(v *view) string

// view is what somebody sees of an asset at a moment, and of the gateway as a whole.
type view struct {
	asset   gateway.Snapshot
	reason  func(gateway.Measure) (gateway.ReasonCode, string) // why a measure is what it is
	summary gateway.Summary
}

// cutClaim separates the first claim of several. A reason has commas of its own, so that it comes last.
func cutClaim(text string) (first, rest string) {
	if strings.HasPrefix(text, "because ") || strings.Contains(text, " because ") && !strings.Contains(text[:strings.Index(text, " because ")], ",") {
		return text, ""
	}
	first, rest, _ = strings.Cut(text, ", ")
	return first, rest
}

// claim reads what must be so of an asset.
func (r *storyReader) claim(words string) (claim, error) {
	if about, sentence, ok := strings.Cut(words, "because "); ok {
		return r.because(strings.TrimSpace(about), sentence)
	}
	fields := strings.Fields(words)
	switch {
	case words == "estimated":
		return func(v *view) string { return unless(v.asset.Estimate, "counted") }, nil
	case words == "no off-delay":
		return func(v *view) string { return unless(v.asset.OffDelayEnds == 0, r.showMoment(v.asset.OffDelayEnds)) }, nil
	case strings.HasPrefix(words, "off-delay ends "):
		_, want, err := r.almanac.moment(strings.TrimPrefix(words, "off-delay ends "))
		return func(v *view) string { return unless(v.asset.OffDelayEnds == want, r.showMoment(v.asset.OffDelayEnds)) }, err
	case len(fields) == 1:
		return qualityClaim(words)
	case fields[0] == "coverage" && len(fields) == 2:
		return func(v *view) string {
			got := tenths(int64(v.asset.Coverage))
			return unless(got == fields[1], got)
		}, nil
	case len(fields) == 2 && fields[0] == "reason", len(fields) == 3 && fields[1] == "reason":
		return codeClaim(fields)
	case len(fields) <= 3:
		return valueClaim(fields)
	}
	return nil, fmt.Errorf("nothing can be %q", words)
}

func unless(so bool, got string) string {
	if so {
		return ""
	}
	return got
}

func (r *storyReader) showMoment(t gateway.Timestamp) string {
	if t == 0 {
		return "never"
	}
	return t.Time().In(r.story.place).Format("Mon 15:04:05")
}

// because claims the whole sentence of the reason of occupied, or of a named output.
func (r *storyReader) because(about, want string) (claim, error) {
	m, err := measureOf(about)
	return func(v *view) string {
		_, got := v.reason(m)
		return unless(got == want, "because "+got)
	}, err
}

// reasonNames are the codes of reasons in their order, which is promised to controllers.
var reasonNames = []string{
	"no-data", "people", "motion", "people-and-motion", "on-delay", "off-delay", "vacant", "forced", "held",
	"on-loss-occupied", "on-loss-hold", "on-loss-vacant", "latch-ended", "members", "traffic-estimate",
	"start-up-grace", "waiting-for-a-live-feed", "out-of-service",
}

// codeClaim reads "reason off-delay" or "lighting reason off-delay".
func codeClaim(fields []string) (claim, error) {
	about, want := "", fields[len(fields)-1]
	if len(fields) == 3 {
		about = fields[0]
	}
	m, err := measureOf(about)
	if err != nil || !slices.Contains(reasonNames, want) {
		return nil, fmt.Errorf("%q is no reason", fields)
	}
	return func(v *view) string {
		code, _ := v.reason(m)
		got := reasonNames[code]
		return unless(got == want, "reason "+got)
	}, nil
}

func measureOf(name string) (gateway.Measure, error) {
	short := map[string]gateway.Measure{
		"": gateway.Occupied, "in": gateway.TrafficIn, "out": gateway.TrafficOut, "estimate": gateway.TrafficEstimate,
		"peak": gateway.PeakToday, "minutes": gateway.OccupiedMinutesToday,
	}
	if m, ok := short[name]; ok {
		return m, nil
	}
	for m := range gateway.Measure(gateway.MeasureCount) {
		if m.String() == name {
			return m, nil
		}
	}
	return 0, fmt.Errorf("%q is no measure", name)
}

// qualityClaim reads an asset's quality.
func qualityClaim(word string) (claim, error) {
	want, err := qualityOf(word)
	return func(v *view) string { return unless(v.asset.Quality == want, v.asset.Quality.String()) }, err
}

func qualityOf(word string) (gateway.Quality, error) {
	for q := range gateway.Quality(gateway.QualityCount) {
		if q.String() == word {
			return q, nil
		}
	}
	return 0, fmt.Errorf("%q is no quality", word)
}

// valueClaim reads "people 3", "lighting off held", "all on", "motion unknown".
func valueClaim(fields []string) (claim, error) {
	measures := []gateway.Measure{gateway.Lighting, gateway.HVAC, gateway.Ventilation}
	if fields[0] != "all" {
		m, err := measureOf(fields[0])
		if err != nil {
			return nil, err
		}
		measures = []gateway.Measure{m}
	}
	var quality *gateway.Quality
	if len(fields) == 3 {
		q, err := qualityOf(fields[2])
		if err != nil {
			return nil, err
		}
		quality = &q
	}
	return func(v *view) string {
		for _, m := range measures {
			r := v.asset.Reading(m)
			if got := showValue(m, r); got != fields[1] || quality != nil && r.Quality != *quality {
				return fmt.Sprintf("%s %s %s", m, got, r.Quality)
			}
		}
		return ""
	}, nil
}

// showValue says a reading's value as stories do.
func showValue(m gateway.Measure, r gateway.Reading) string {
	switch {
	case !r.Known:
		return "unknown"
	case m.Binary():
		return [...]string{"off", "on"}[r.Value]
	case m == gateway.Utilisation:
		return tenths(r.Value)
	}
	return strconv.FormatInt(r.Value, 10)
}

func tenths(n int64) string { return fmt.Sprintf("%d.%d", n/10, n%10) }

// gatewayClaim reads what must be so of the gateway as a whole.
func (r *storyReader) gatewayClaim(words string) (claim, error) {
	var refused uint64
	if n, err := fmt.Sscanf(words, "refused %d", &refused); n == 1 && err == nil {
		return func(v *view) string {
			return unless(v.summary.Refused == refused, fmt.Sprint("refused ", v.summary.Refused))
		}, nil
	}
	if !slices.Contains([]string{"no alarm", "alarm feed_lost", "alarm clock_untrusted"}, words) {
		return nil, fmt.Errorf("the gateway cannot be %q", words)
	}
	return func(v *view) string {
		got := "no alarm"
		switch {
		case v.summary.ClockDoubt != "":
			got = "alarm " + gateway.ClockUntrusted.String()
		case v.summary.SitesLost > 0:
			got = "alarm " + gateway.FeedLost.String()
		}
		return unless(got == words, got)
	}, nil
}
