package gateway_test

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// storyReader turns the text of a story into what happens and what must be so.
type storyReader struct {
	story   story
	almanac almanac
	number  int    // of the line
	text    string // of the line
}

// readStory reads a story: first what is configured, wherever it stands, then what happens. An error begins
// with the number of its line.
func readStory(text string) (*story, error) {
	r := storyReader{
		story:   story{rules: gateway.DefaultRules(), place: time.UTC, lies: make(map[gateway.AssetID]gateway.AssetID)},
		almanac: almanac{day: firstDay},
	}
	r.story.rules.Sites = make(map[gateway.AssetID]gateway.SiteRule)
	r.story.rules.Assets = make(map[gateway.AssetID]gateway.AssetRule)
	r.story.rules.Groups = make(map[string]gateway.GroupRule)
	r.story.rules.Built = gateway.TimestampOf(firstDay.AddDate(0, -1, 0))
	for _, read := range []func(string) error{r.configured, r.told} {
		for i, line := range strings.Split(text, "\n") {
			r.number, r.text = i+1, strings.TrimSpace(line)
			if r.text == "" || r.text[0] == '#' {
				continue
			}
			if err := read(r.text); err != nil {
				return nil, fmt.Errorf("%d: reading %q: %w", r.number, r.text, err)
			}
		}
		r.almanac.place = r.story.place
	}
	if len(r.story.episodes) == 0 {
		return nil, errors.New("1: nothing happens")
	}
	r.story.order()
	return &r.story, nil
}

// configured reads the lines that have no moment.
func (r *storyReader) configured(line string) error {
	if storyLine.MatchString(line) {
		return nil
	}
	return r.setting(line)
}

// told reads the lines that begin with one.
func (r *storyReader) told(line string) error {
	parts := storyLine.FindStringSubmatch(line)
	if parts == nil {
		return nil
	}
	from, until, err := r.almanac.span(parts[1], parts[2])
	if err != nil {
		return err
	}
	if about, claims, ok := strings.Cut(parts[3], ": "); ok && !strings.Contains(about, `"`) {
		return r.expect(from, until, about, claims)
	}
	return r.event(from, until, parts[3])
}

// expect adds that something must be so, of "gateway" as a whole or of assets with "and" between them.
func (r *storyReader) expect(from, until gateway.Timestamp, about, text string) error {
	s := episode{line: r.number, text: r.text, at: from, until: until}
	read := r.gatewayClaim
	if about != "gateway" {
		s.assets, read = r.assets(about), r.claim
	}
	for text != "" {
		var words string
		words, text = cutClaim(text)
		c, err := read(words)
		if err != nil {
			return err
		}
		s.claims = append(s.claims, c)
	}
	r.story.episodes = append(r.story.episodes, s)
	return nil
}

// assets reads the names of assets with "and" between them; a group is named by its key.
func (r *storyReader) assets(text string) []gateway.AssetID {
	var ids []gateway.AssetID
	for _, name := range strings.Split(text, " and ") {
		id := gateway.AssetID(name)
		if _, ok := r.story.rules.Groups[name]; ok {
			id = gateway.GroupID(name)
		}
		ids = append(ids, id)
	}
	return ids
}

// everyWords say how often something happens between the two moments of a line.
var everyWords = regexp.MustCompile(`^(.*) every (\w+)$`)

// event adds what happens, once or again and again, both ends included.
func (r *storyReader) event(from, until gateway.Timestamp, text string) error {
	every := time.Duration(0)
	if parts := everyWords.FindStringSubmatch(text); parts != nil {
		text = parts[1]
		var err error
		if every, err = rhythm(parts[2]); err != nil {
			return err
		}
	}
	if (every > 0) != (until > from) {
		return errors.New(`what happens between two moments happens "every minute", and only that`)
	}
	for at := from; at <= until; at = at.Add(every) {
		happen, err := r.happening(at, text)
		if err != nil {
			return err
		}
		r.story.episodes = append(r.story.episodes, episode{line: r.number, text: r.text, at: at, until: at, happen: happen})
		if every == 0 {
			break
		}
	}
	return nil
}

func rhythm(word string) (time.Duration, error) {
	switch word {
	case "second":
		return time.Second, nil
	case "minute":
		return time.Minute, nil
	}
	return time.ParseDuration(word)
}

// count reads a number of people.
func count(word string) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", word)
	}
	return n, nil
}
