package web

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"butlr-gateway/gateway"
)

// Memory keeps texts by keys that are texts, over a restart.
type Memory interface {
	Load(ctx context.Context) (map[string]string, error)
	// Write makes all the changes durable, or none of them: keys with what they are to have; one that is to have ""
	// goes. It may be called before another one has returned.
	Write(ctx context.Context, changes map[string]string) error
}

const (
	notesKept    = 1000            // the oldest give way
	longestNote  = 1000            // bytes of a sentence
	notePatience = 2 * time.Second // of whoever did what is noted
)

// Logbook keeps who did what, so far as it is no override: those have an audit of their own. What cannot be
// written is lost with the process, and logged; it is no reason not to do it.
type Logbook struct {
	memory Memory
	log    *slog.Logger

	mu    sync.Mutex
	notes []note // the oldest first
	last  uint64
}

// note is an entry and the number under which it is kept, greater than that of whatever came before.
type note struct {
	number uint64
	entry  AuditEntry
}

// OpenLogbook reads what was noted before. If that cannot be read, the logbook begins anew.
func OpenLogbook(ctx context.Context, memory Memory, log *slog.Logger) *Logbook {
	l := &Logbook{memory: memory, log: log}
	rows, err := memory.Load(ctx)
	if err != nil {
		log.Warn("who did what before the start cannot be read", "err", err)
	}
	for key, text := range rows {
		n := note{}
		if n.number, err = strconv.ParseUint(key, 10, 64); err == nil && json.Unmarshal([]byte(text), &n.entry) == nil {
			l.notes = append(l.notes, n)
		}
	}
	slices.SortFunc(l.notes, func(a, b note) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	if len(l.notes) > 0 {
		l.last = l.notes[len(l.notes)-1].number
	}
	return l
}

// Note keeps an entry. It returns soon, whatever the disk does. A nil logbook keeps nothing.
func (l *Logbook) Note(ctx context.Context, e AuditEntry) {
	if l == nil {
		return
	}
	changes := l.add(e)
	written := make(chan error, 1)
	go func() { written <- l.memory.Write(context.WithoutCancel(ctx), changes) }()
	select {
	case err := <-written:
		if err != nil {
			l.log.Warn("who did what could not be noted", "what", e.What, "author", e.Author, "text", e.Text, "err", err)
		}
	case <-time.After(notePatience):
		l.log.Warn("who did what could not be noted: the disk does not answer", "what", e.What, "author", e.Author, "text", e.Text)
	}
}

// add takes an entry up and returns what is to be written.
func (l *Logbook) add(e AuditEntry) map[string]string {
	if len(e.Text) > longestNote {
		e.Text = strings.ToValidUTF8(e.Text[:longestNote], "") + " …"
	}
	text, _ := json.Marshal(&e) // it has nothing that could fail
	l.mu.Lock()
	defer l.mu.Unlock()
	// Where nothing could be read, the time makes for a number that nothing has.
	l.last = max(l.last+1, uint64(max(e.At, 0)))
	l.notes = append(l.notes, note{l.last, e})
	changes := map[string]string{key(l.last): string(text)}
	for len(l.notes) > notesKept {
		changes[key(l.notes[0].number)] = ""
		l.notes = slices.Delete(l.notes, 0, 1)
	}
	return changes
}

func key(number uint64) string { return strconv.FormatUint(number, 10) }

// Entries returns what was noted, the newest first.
func (l *Logbook) Entries() []AuditEntry {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]AuditEntry, 0, len(l.notes))
	for _, n := range slices.Backward(l.notes) {
		out = append(out, n.entry)
	}
	return out
}

// What a desk notes.
const (
	notedReset      = "reset_estimate"
	notedRearranged = "rearranged"
)

// noteReset notes that a traffic estimate began anew.
func (d *Desk) noteReset(ctx context.Context, id gateway.AssetID, author string) {
	d.Logbook.Note(ctx, AuditEntry{
		At: Moment(d.Now()), What: notedReset, Asset: id, Author: author, Text: "its traffic estimate begins anew: nobody is there",
	})
}

// noteRearranged notes what became of the ledger, if anything did.
func (d *Desk) noteRearranged(ctx context.Context, plan *gateway.Plan, order *LedgerOrder) {
	if plan.Empty() && order.Gateway == "" {
		return
	}
	r := RearrangedOf(plan)
	text := r.Words()
	if order.Gateway != "" {
		text += ", and the gateway's id becomes " + order.Gateway
	}
	d.Logbook.Note(ctx, AuditEntry{At: Moment(d.Now()), What: notedRearranged, Author: order.Author, Text: text + r.examples()})
}

// Words counts what was done, such as "2 moved, 1 retired, the checksum fixed". What only an inventory says leaves the
// checksum alone.
func (r *Rearranged) Words() string {
	counts := make(map[string]int)
	for k := range r.Changes {
		counts[r.Changes[k].Step]++
	}
	var words []string
	for _, s := range []struct{ step, word string }{{"move", "moved"}, {"add", "added"}, {"retire", "retired"}, {"reinstate", "reinstated"}} {
		if n := counts[s.step]; n > 0 {
			words = append(words, fmt.Sprint(n, " ", s.word))
		}
	}
	if r.Covered > 0 {
		words = append(words, fmt.Sprint(r.Covered, " that had been appended covered"))
	}
	if r.Uncovered > 0 {
		words = append(words, fmt.Sprint(r.Uncovered, " that the file does not have appended"))
	}
	if len(r.Told) == 0 || words != nil || r.First {
		words = append(words, "the checksum fixed")
	}
	switch n := len(r.Told); n {
	case 0:
	case 1:
		words = append(words, "1 thing that the inventory says taken over")
	default:
		words = append(words, fmt.Sprint(n, " things that the inventory says taken over"))
	}
	return strings.Join(words, ", ")
}

// exampleChanges is how many changes a note names.
const exampleChanges = 5

// examples names the first assets that were not just added.
func (r *Rearranged) examples() string {
	var named []string
	more := 0
	for k := range r.Changes {
		c := &r.Changes[k]
		switch {
		case c.Step == gateway.StepAdd.String():
			continue
		case len(named) == exampleChanges:
			more++
			continue
		}
		text := fmt.Sprintf("%s %s", c.Step, c.Asset)
		if c.From != nil && *c.From != c.To {
			text += fmt.Sprintf(" from number %d to %d", *c.From, c.To)
		}
		named = append(named, text)
	}
	switch {
	case named == nil:
		return ""
	case more > 0:
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	return ": " + strings.Join(named, ", ")
}

// AuditEntryOf returns what became of an override for others to read; place tells whose clocks the sentence goes by,
// and name what the asset is called.
func AuditEntryOf(c *gateway.OverrideChange, name string, place *time.Location) AuditEntry {
	o := OverrideOf(&c.Override)
	text := o.Sentence(place)
	switch c.Change {
	case "released":
		text = "released what was " + text
	case "expired":
		text = "ended by itself what was " + text
	}
	return AuditEntry{At: Moment(c.At), What: c.Change, Asset: c.Asset, Name: name, Author: c.By, Text: text}
}
