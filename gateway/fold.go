package gateway

// foldOutputs remembers where the outputs stood at a moment, before the revisions before it are dropped.
// Only an on-delay makes that necessary: whether a short run of positives extends an answer, or comes to
// nothing, depends on whether the output was on, and that on all that went before. What feed f drops may
// matter with either feed of people in use, because either may be later.
func (s *State) foldOutputs(a *asset, f Feed, at Timestamp) {
	counted := a.feeds[PeopleFeed] != nil || a.feeds[PeopleMinuteFeed] != nil
	for people := range MotionFeed + 1 {
		h := a.feeds[people]
		if h == nil || at <= h.before.Output.At || f != MotionFeed && f != people || people == MotionFeed && counted {
			continue
		}
		s.pending.touchHistory(a, people)
		h.before.Output = s.outputsAt(a, people, at)
	}
}

// outputsAt works out where the outputs stood at a moment, with that feed of people in use; of MotionFeed
// with none.
func (s *State) outputsAt(a *asset, people Feed, at Timestamp) Past {
	e := &s.work
	e.begin(s, a, at, nil)
	e.now = at
	for f := range Feed(FeedCount) {
		v := &e.feeds[f]
		*v = evidence{feed: f, history: a.feeds[f], newest: a.feeds[f].newest(), change: !a.hasRhythm(f)}
		e.judgeLife(v)
	}
	if people != MotionFeed {
		e.people = &e.feeds[people]
	}
	e.count()
	e.makeSignals()
	past := Past{At: at}
	for o := range Output(OutputCount) {
		w := e.walk(o, delays{on: a.settings.OnDelay[o], off: a.settings.OffDelay[o]}, at, func(v *evidence) bool { return v.history == nil })
		past.On[o], past.Since[o] = w.on, w.since
	}
	return past
}
