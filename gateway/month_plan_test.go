package gateway

import (
	"slices"
	"time"
)

// monthRules are settings of every sort.
func monthRules() Rules {
	rules := DefaultRules()
	rules.Sites = map[AssetID]SiteRule{
		"site_ams": {Location: monthZone("Europe/Amsterdam"), Hours: monthHours("Mon-Fri 06:00-20:00, Sun 01:30-04:00"), State: Patch{func(s *Settings) {
			s.StaleAfter, s.DeadAfter = 12*time.Minute, 20*time.Minute
		}}},
		"site_nyc": {Location: monthZone("America/New_York"), Hours: monthHours("Mon-Fri 07:00-19:00, Sun 00:30-03:00"), State: Patch{func(s *Settings) {
			s.OffDelay = [OutputCount]time.Duration{8 * time.Minute, 20 * time.Minute, 7 * time.Minute}
			s.OnLoss[HVACOutput] = PolicyHold
		}}},
	}
	set := func(capacity int, change func(*Settings)) AssetRule {
		return AssetRule{Capacity: capacity, State: Patch{change}}
	}
	rules.Assets = map[AssetID]AssetRule{
		"room_01": {Capacity: 8},
		"room_02": set(6, func(s *Settings) { s.OnDelay = [OutputCount]time.Duration{0, 3 * time.Minute, 5 * time.Minute} }),
		"room_03": set(10, func(s *Settings) { s.OffDelay[HVACOutput], s.PeopleOnLoss = 45*time.Minute, PeopleCapacity }),
		"room_04": set(0, func(s *Settings) { s.Evidence = EvidenceBoth }),
		"room_06": set(0, func(s *Settings) { s.OnDelay[HVACOutput], s.OffDelay[LightingOutput] = 5*time.Minute, 20*time.Minute }),
		"room_07": set(0, func(s *Settings) { s.Evidence = EvidenceTraffic }),
		"room_08": set(4, func(s *Settings) { s.Feed = FeedChange }),
		"room_10": set(0, func(s *Settings) {
			s.OnCount, s.PeopleOnLoss, s.PeopleSubstitute, s.OnLoss[LightingOutput] = 2, PeopleNumber, 3, PolicyVacant
		}),
		"room_11": set(0, func(s *Settings) { s.OnLossAfterHours, s.HoldMax = PolicyVacant, 12*time.Hour }),
		"room_12": set(0, func(s *Settings) { s.MaxLatch = 2 * time.Hour }),
	}
	rules.Groups = map[string]GroupRule{
		"ahu":   {Members: []string{"room_01", "room_02", "room_05", "zone_open"}},
		"mixed": {Members: []string{"room_03", "room_10", "room_99", "group:ahu"}, State: Patch{func(s *Settings) { s.MinCoverage = 60 }}},
	}
	for id, rule := range rules.Assets {
		rule.Index = NoNumber
		rules.Assets[id] = rule
	}
	for key, rule := range rules.Groups {
		rule.Index = NoNumber
		rules.Groups[key] = rule
	}
	return rules
}

func monthHours(text string) *Hours {
	h, err := ParseHours(text)
	if err != nil {
		panic(err)
	}
	return h
}

// plan lays down what goes wrong, and what people do about it.
func (m *month) plan() {
	of := func(id AssetID) func(*Event) bool { return func(e *Event) bool { return referenceSubject(e) == id } }
	raw := func(e *Event) bool { return e.Type == Occupancy && e.Subject == Room }
	site := func(id AssetID) func(*Event) bool { return func(e *Event) bool { return e.Path.Site.ID == id } }
	m.loss(of("room_03"), "10-14 08:10:00", "10-14 08:50:00", false) // a feed, by day
	m.loss(of("zone_open"), "10-20 12:00:00", "10-20 12:40:00", false)
	m.loss(raw, "10-15 09:00:00", "10-15 09:25:00", false)
	m.loss(raw, "10-29 13:10:00", "10-29 13:50:00", false)
	m.loss(site("site_ams"), "10-15 20:30:00", "10-16 02:10:00", true)  // the uplink, at night
	m.loss(site("site_ams"), "10-23 19:40:00", "10-26 04:20:00", false) // over the weekend of the clocks
	m.loss(site("site_nyc"), "11-01 03:00:00", "11-01 13:00:00", false) // over the night of theirs
	m.loss(site("site_nyc"), "10-28 18:05:00", "10-28 18:30:00", true)
	m.loss(site("site_ams"), "11-04 09:20:00", "11-04 10:05:00", false) // by day

	m.down("10-20 08:20:00", "10-20 11:20:00", "10-20 11:27:00", false) // three hours, and the uplink needs longer
	m.down("10-25 00:20:00", "10-25 00:40:00", "10-25 00:40:00", false) // while Amsterdam is silent
	m.down("11-05 12:30:20", "11-05 12:30:50", "11-05 12:30:50", true)  // a new version
	m.crashes("10-28 13:03:27", "10-28 13:09:00")
	m.crashes("11-10 09:30:02", "11-10 09:58:00")

	m.forces("10-13 09:30:00", "room_05", Override{Target: TargetOutputs, Value: 1, Source: FromOperator, Until: monthAt("10-13 12:00:00")})
	m.forces("10-13 10:30:00", "room_05", Override{Target: TargetLighting, Value: 0, Source: FromOperator})
	m.forces("10-20 08:05:00", "zone_open", Override{Target: TargetPeople, Value: 4, Source: FromMessage, Until: monthAt("10-20 13:33:20")})
	m.forces("10-24 12:00:00", "group:ahu", Override{Target: TargetHVAC, Value: 0, Source: FromController, Until: monthAt("10-25 02:15:00")})
	slices.SortStableFunc(m.agenda, func(a, b monthEvent) int { return int(a.at - b.at) })
}

func (m *month) loss(of func(*Event) bool, from, to string, again bool) {
	m.buildings.losses = append(m.buildings.losses, monthLoss{of, monthAt(from), monthAt(to), again})
}

// down has the gateway stop and start again. Events arrive from later on, or all of them again.
func (m *month) down(from, to, later string, again bool) {
	m.do(monthAt(from), m.halt)
	m.do(monthAt(to), m.start)
	m.loss(func(*Event) bool { return true }, from, later, again)
}

// crashes has the gateway lose its power. What arrived since is sent again, in order.
func (m *month) crashes(from, to string) {
	m.do(monthAt(from), m.crash)
	m.do(monthAt(to), m.start)
	m.loss(func(*Event) bool { return true }, from, to, true)
}

// forces has somebody force an asset.
func (m *month) forces(at string, id AssetID, o Override) {
	m.do(monthAt(at), func() {
		o, err := m.run.hub.Force(m.Context(), id, o)
		if err != nil {
			m.Fatal(err)
		}
		m.model.force(id, o)
	})
}

func (m *month) do(at Timestamp, what func()) { m.agenda = append(m.agenda, monthEvent{at, what}) }
