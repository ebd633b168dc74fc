package gateway

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What a reload makes of any building is what a restart makes of it, at that moment and ever after: the same
// readings, of those that are told and of those that are not, the same numbers, and the same that is kept.
//
// Seen to break it: settings, the hours of a site, a name that others have in
// their paths, or max_future left as they were; members looked up in the groups of before; what a group lacks left; a
// window, the minutes or the silences of a site not cut; a feed that speaks on change left out of its site's heartbeat;
// the beginnings of its feeds found anew; pins reserved after the groups had their numbers; a group that is gone left
// in service; assets counted as unknown that are named; a site whose hours changed not told.
func TestAReloadIsWorthARestart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := drawReloads(t)
		history := drawHistory(t, rules, historyOptions{Lateness: drawLateness(t), Customs: []string{"", "3.03"}})
		if len(history) == 0 {
			return
		}
		running := watched{begin(t, rules, newDisk(), history[0].Arrival.Add(-time.Hour)), map[AssetID]Snapshot{}}
		running.see(running.All(modelInstant(history[0].Arrival.Add(-time.Hour))))
		batches := drawBatchesOf(t, history)
		for i, b := range batches {
			now := b[len(b)-1].Arrival + 1
			running.see(running.take(t, now, eventsOf(b)...))
			if i%2 == 1 && i < len(batches)-1 {
				continue
			}
			running.beat(now)
			running.see(running.Wake(modelInstant(now)))
			rules = drawParts(t, rules, drawReloads(t))
			restarted := begin(t, rules, running.disk.copied(), now)
			restarted.starts, restarted.clock = running.starts, running.clock // as if it had not been down
			restarted.clock.future, restarted.clock.dead = rules.MaxFuture, rules.State.DeadAfter
			running.Reload(modelInstant(now), rules)
			running.see(running.store(now))
			restarted.remember(running.State)
			running.is(t, restarted, now)
			running.rewrite()
		}
	})
}

// watched is a process, and what it told of each asset last.
type watched struct {
	process
	told map[AssetID]Snapshot
}

func (w watched) see(u *Update) {
	for _, s := range u.Changed {
		about := *s.Asset
		about.Number, about.Told, about.Appended = 0, 0, false
		s.Asset = &about
		w.told[about.ID] = s
	}
}

// is fails the test unless the process is in nothing other than one that was started.
func (w watched) is(t *rapid.T, started process, now Timestamp) {
	t.Helper()
	want := started.shows(now)
	if diff := Difference(want, w.told); diff != "" {
		t.Fatalf("at %s (-told by one that was restarted +by one that was not):\n%s", now.Time(), diff)
	}
	if diff := Difference(started.canon(), w.canon()); diff != "" {
		t.Fatalf("state (-restarted +reloaded):\n%s", diff)
	}
	if diff := Difference(numbersOf(started.State), numbersOf(w.State)); diff != "" {
		t.Fatalf("numbers (-restarted +reloaded):\n%s", diff)
	}
	if diff := Difference(started.living(), w.living()); diff != "" {
		t.Fatalf("what lives with the sites (-restarted +reloaded):\n%s", diff)
	}
	if got, want := w.unknown, started.unknown; got != want {
		t.Fatalf("reloaded, %d assets are unknown; restarted %d", got, want)
	}
	if got, want := w.summary.PinsUnmet, started.summary.PinsUnmet; got != want {
		t.Fatalf("reloaded, %d pins are unmet; restarted %d", got, want)
	}
	for _, later := range []time.Duration{time.Minute, 6 * time.Minute, 40 * time.Minute, 13 * time.Hour} {
		if diff := Difference(started.shows(now.Add(later)), w.shows(now.Add(later))); diff != "" {
			t.Fatalf("%s later (-restarted +reloaded):\n%s", later, diff)
		}
	}
	w.All(modelInstant(now)) // back to the present
}

// rewrite stores all that is kept. What a reload cut is cut on the disk when its feed speaks next: until then a start
// with the rules of before would find it there, whichever way the others came.
func (p process) rewrite() {
	b := &Batch{}
	for _, a := range p.assets {
		if a != nil {
			rewrite(b, a)
		}
	}
	p.disk.write(b)
}

// living tells of each site what lives with it.
func (p process) living() map[AssetID][]AssetID {
	out := make(map[AssetID][]AssetID)
	for _, site := range p.assets {
		if site == nil || site.life == nil {
			continue
		}
		ids := []AssetID{AssetID("feeds with a rhythm: " + string(rune('0'+site.life.minuteFeeds)))}
		for _, a := range site.life.followers {
			ids = append(ids, a.about.ID)
		}
		slices.Sort(ids)
		out[site.about.ID] = ids
	}
	return out
}

// copied returns a disk with the same on it.
func (d *disk) copied() *disk {
	return &disk{
		maps.Clone(d.assets), maps.Clone(d.histories), maps.Clone(d.totals), maps.Clone(d.sites), maps.Clone(d.overrides),
		maps.Clone(d.counted), slices.Clone(d.audit), d.alive, d.process, d.edition,
	}
}

// drawParts draws which parts of the rules become others: as a rule few, so that most assets read as before.
func drawParts(t *rapid.T, before, after Rules) Rules {
	parts := rapid.IntRange(0, 1<<7-1).Draw(t, "parts")
	if rapid.Bool().Draw(t, "one part") {
		parts = 1 << rapid.IntRange(0, 6).Draw(t, "part")
	}
	for i, take := range []func(){
		func() { before.State = after.State },
		func() { before.Classes = after.Classes },
		func() { before.Sites = after.Sites },
		func() { before.Assets = after.Assets },
		func() { before.Groups = after.Groups },
		func() { before.Location = after.Location },
		func() { before.MaxFuture = after.MaxFuture },
	} {
		if parts>>i&1 == 1 {
			take()
		}
	}
	return before
}

// drawReloads draws rules as an operator changes them while a building is served.
func drawReloads(t *rapid.T) Rules {
	rules := drawRules(t)
	rules.MaxFuture = drawDuration(t, "max future", 2*time.Minute, 2*time.Minute, 20*time.Minute)
	index := func(label string) Number {
		return rapid.SampledFrom([]Number{NoNumber, NoNumber, 0, 3, 9, 30}).Draw(t, label)
	}
	names := []string{"", "", "Boardroom"}
	for _, id := range []AssetID{"room_2", "custom:3.03", "room_nowhere", "space_1", "site_1"} {
		rule := rules.Assets[id]
		rule.Name, rule.Index = rapid.SampledFrom(names).Draw(t, "name"), index("index")
		rules.Assets[id] = rule
		if rapid.IntRange(0, 3).Draw(t, "not named") == 0 {
			delete(rules.Assets, id)
		}
	}
	for key, of := range map[string][]string{"floor": {"space_1"}, "few": nil} {
		rules.Groups[key] = GroupRule{Index: index("index"), Members: of}
	}
	for _, key := range []string{"few", "floor", "whole", "wing"} {
		rule := rules.Groups[key]
		rule.Name, rule.Capacity = rapid.SampledFrom(names).Draw(t, "name"), rapid.IntRange(0, 9).Draw(t, "capacity")
		rules.Groups[key] = rule
		if rapid.IntRange(0, 3).Draw(t, "no group") == 0 {
			delete(rules.Groups, key)
		}
	}
	return rules
}

// What was let in from the future while max_future allowed it is of when it came once max_future does not: else
// nothing newer would count until then. Seen to break it: strays not looked for after a reload.
func TestALowerMaxFutureHoldsBackWhatIsAhead(t *testing.T) {
	rules := DefaultRules()
	rules.MaxFuture = 20 * time.Minute
	p := begin(t, rules, newDisk(), referenceClock("08:00:00"))
	p.take(t, referenceClock("09:00:00"), refPeople("room_a", 3, "09:15:00"))
	rules.MaxFuture = 2 * time.Minute
	p.Reload(modelInstant(referenceClock("09:01:00")), rules)
	p.store(referenceClock("09:01:00"))
	p.take(t, referenceClock("09:02:00"), refPeople("room_a", 0, "09:02:00"))
	if r := p.shows(referenceClock("09:02:00"))["room_a"].Readings[People]; r.Value != 0 || r.At != referenceClock("09:02:00") {
		t.Errorf("%d people as of %v, want 0 as of 09:02", r.Value, r.At.Time())
	}
}

// What lies in no site goes by the gateway's own time zone. Seen to break it: only what lies in a site looked at anew.
func TestAnotherTimeZoneIsThatOfWhatLiesInNoSite(t *testing.T) {
	rules := DefaultRules()
	p := begin(t, rules, newDisk(), referenceClock("08:00:00"))
	e := refPeople("room_a", 3, "09:00:00")
	e.Path = Path{Room: e.Path.Room}
	p.take(t, referenceClock("09:00:10"), e)
	rules.Location = time.FixedZone("far east", int((15*time.Hour - 10*time.Second).Seconds())) // a day begins
	p.Reload(modelInstant(referenceClock("09:00:20")), rules)
	u := p.store(referenceClock("09:00:20"))
	if len(u.Changed) != 1 || u.Changed[0].Readings[PeakToday].Value != 0 {
		t.Errorf("told: %+v", u.Changed)
	}
}

// What a site has said and nobody has stored yet is stored after a reload as well, and when it arrived is known: of a
// clock that is not trusted that is what ages go by. Seen to break it: the life of a site made of what is stored alone.
func TestAReloadForgetsNothingOfASite(t *testing.T) {
	p := begin(t, DefaultRules(), newDisk(), referenceClock("08:00:00"))
	seen := refPeople("room_a", 0, "09:00:00")
	seen.Type = Detected
	p.take(t, referenceClock("09:00:01"), seen)
	seen.At = referenceClock("09:05:00") // of the same hour: it is worth no commit
	p.take(t, referenceClock("09:05:01"), seen)
	site := p.byID["site_1"]
	arrived := site.life.arrived
	rules := DefaultRules()
	rules.State.OffDelay[HVACOutput] = time.Hour
	p.Reload(modelInstant(referenceClock("09:06:00")), rules)
	p.store(referenceClock("09:06:00"))
	p.beat(referenceClock("09:07:00"))
	if got := p.disk.sites[site.about.Number].Newest; got != seen.At {
		t.Errorf("stored of the site: heard at %v, want %v", got.Time(), seen.At.Time())
	}
	if arrived == 0 || site.life.arrived != arrived {
		t.Errorf("it arrived at %v, want %v", site.life.arrived, arrived)
	}
}
