package gateway

import "slices"

// formGroups adds the groups that are new, and takes those out of service that are to be no more.
func (p *planner) formGroups() {
	if p.wish.Groups == nil {
		return
	}
	wanted := make(map[AssetID]bool)
	for _, key := range slices.Sorted(slices.Values(p.wish.Groups)) {
		id := GroupID(key)
		wanted[id] = true
		a := p.state.byID[id]
		switch {
		case a != nil && a.about.Retired:
			p.serve(StepReinstate, a, "the configuration has it again")
		case a == nil && !p.planned(id):
			n := p.free()
			p.takes[n] = id
			p.plan.Changes = append(p.plan.Changes, Change{Step: StepAdd, Asset: id, Kind: Group, From: NoNumber, To: n,
				Name: p.state.rules.Groups[key].Name, Why: "the configuration has it"})
		}
	}
	for _, a := range p.state.assets {
		if a != nil && a.about.Kind == Group && !a.about.Retired && !wanted[a.about.ID] {
			p.serve(StepRetire, a, "the configuration has it no more")
		}
	}
}

// planned tells whether the plan has a change of that asset, or a conflict about it.
func (p *planner) planned(id AssetID) bool {
	return slices.ContainsFunc(p.plan.Changes, func(c Change) bool { return c.Asset == id }) ||
		slices.ContainsFunc(p.plan.Conflicts, func(c Conflict) bool { return c.Asset == id })
}

// serve adds that an asset is taken out of service, or back.
func (p *planner) serve(step Step, a *asset, why string) {
	number := a.about.Number
	if w, ok := p.want[a.about.ID]; ok {
		number = w.number
	}
	p.plan.Changes = append(p.plan.Changes, Change{
		Step: step, Asset: a.about.ID, Kind: a.about.Kind, Name: a.about.Name, From: a.about.Number, To: number, Why: why,
	})
}

// retire takes up which assets are to be retired.
func (p *planner) retire() {
	for _, id := range p.wish.Retire {
		a := p.state.byID[id]
		switch {
		case a == nil:
			p.conflict(id, NoNumber, "\"points list\" shows what there is", "cannot be retired, it is not known")
		case a.about.Kind == Group && slices.Contains(p.wish.Groups, id.groupKey()):
			p.conflict(id, NoNumber, "remove its section first", "cannot be retired, the configuration has it")
		case slices.Contains(p.wish.Reinstate, id):
			p.conflict(id, NoNumber, "choose one", "cannot be both retired and reinstated")
		case a.about.Retired:
			p.note("%s is retired already", p.describe(id))
		case !p.served(id):
			p.serve(StepRetire, a, "asked for")
			p.noteContents(a)
		}
	}
}

// served tells whether the plan takes an asset out of service already, or back.
func (p *planner) served(id AssetID) bool {
	return slices.ContainsFunc(p.plan.Changes, func(c Change) bool { return c.Asset == id && c.Step >= StepRetire })
}

// noteContents says that what lies in a place is not retired with it.
func (p *planner) noteContents(a *asset) {
	inside := 0
	for _, c := range a.children {
		inside += one(!c.about.Retired && !slices.Contains(p.wish.Retire, c.about.ID))
	}
	if inside > 0 {
		p.note("what is in %s stays in service unless it is named too: %d assets", p.describe(a.about.ID), inside)
	}
}

// reinstate takes up which assets are to be back in service.
func (p *planner) reinstate() {
	for _, id := range p.wish.Reinstate {
		a := p.state.byID[id]
		switch {
		case a == nil:
			p.conflict(id, NoNumber, "\"points list\" shows what there is", "cannot be reinstated, it is not known")
		case a.about.Kind == Group && p.wish.Groups != nil && !slices.Contains(p.wish.Groups, id.groupKey()):
			p.conflict(id, NoNumber, "write its section first", "cannot be reinstated, the configuration does not have it")
		case slices.Contains(p.wish.Retire, id): // said already
		case !a.about.Retired:
			p.note("%s is in service already", p.describe(id))
		case !p.served(id):
			p.serve(StepReinstate, a, "asked for")
		}
	}
}
