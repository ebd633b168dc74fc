package pages

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

func (p *Pages) walkRoutes() {
	if p.Walks == nil {
		return
	}
	p.mux.HandleFunc("GET /walks", p.serveWalks)
	p.mux.HandleFunc("POST /walks", p.operators(p.startWalk))
	p.mux.HandleFunc("GET /walks/{walk}", p.serveWalk)
	p.mux.HandleFunc("POST /walks/{walk}/check", p.operators(p.check))
	p.mux.HandleFunc("POST /walks/{walk}/undo", p.operators(p.undo))
	p.mux.HandleFunc("POST /walks/{walk}/end", p.operators(p.endWalk))
	p.mux.HandleFunc("POST /walks/{walk}/delete", p.operators(p.deleteWalk))
}

// walkList is the content of the page of all walks.
type walkList struct {
	Walks []web.Walk
	Place *time.Location
	Name  string // of whoever looks
}

func (p *Pages) serveWalks(w http.ResponseWriter, r *http.Request) {
	walks, err := p.Walks.List(r.Context())
	if err != nil {
		p.failed(w, r, err)
		return
	}
	f := p.frame(r, "/walks", "Walk tests")
	f.Content = &walkList{walks, p.Place, access.Of(r.Context()).Name}
	p.show(w, http.StatusOK, "walks", f)
}

func (p *Pages) startWalk(w http.ResponseWriter, r *http.Request) {
	if !p.parse(w, r) {
		return
	}
	walk, err := p.Walks.Start(r.Context(), strings.TrimSpace(r.PostFormValue("name")), strings.TrimSpace(r.PostFormValue("author")))
	if err != nil {
		p.failed(w, r, err)
		return
	}
	http.Redirect(w, r, "/walks/"+url.PathEscape(walk.ID)+"?done=started", http.StatusSeeOther)
}

// walkPage is the content of the page of one walk: the rooms of one floor to be looked at, and what was recorded.
type walkPage struct {
	*web.Walk
	Place   *time.Location
	Floors  []walkFloor
	Floor   gateway.AssetID // whose rooms are shown
	Rooms   []walkRoom
	Done    int // rooms of the building that were looked at
	Total   int
	Results []walkFloor // what was recorded, by the place that it is in
}

// walkFloor is a floor with how far the walk is there.
type walkFloor struct {
	ID          gateway.AssetID
	Label       string
	Done, Total int
	Chosen      bool
	Checks      []web.Check
}

// walkRoom is a room to look into.
type walkRoom struct {
	ID           gateway.AssetID
	Label, Kind  string
	Answer       string
	People       string
	Quality      string
	Register     *web.Register
	Last         *web.Check // nil before the first
	Class        string
	Checked      int
	CountsPeople bool
}

// onWalk tells what is looked into: rooms, and zones that lie in no room.
func onWalk(b *branch, inRoom bool) bool {
	return !b.Asset.Retired && b.Has.Has(gateway.Occupied) && (b.Asset.Kind == gateway.Room || b.Asset.Kind == gateway.Zone && !inRoom)
}

func (p *Pages) serveWalk(w http.ResponseWriter, r *http.Request) {
	walk, err := p.Walks.Get(r.Context(), r.PathValue("walk"))
	if err != nil {
		p.failed(w, r, err)
		return
	}
	f := p.frame(r, "/walks", walk.Name)
	f.Content, f.Scripts = p.walkPage(walk, gateway.AssetID(r.URL.Query().Get("floor"))), []string{"walk.js"}
	p.show(w, http.StatusOK, "walk", f)
}

func (p *Pages) walkPage(walk *web.Walk, floor gateway.AssetID) *walkPage {
	out := &walkPage{Walk: walk, Place: p.Place, Floor: floor}
	checks := make(map[gateway.AssetID][]*web.Check)
	for i := range walk.Checks {
		c := &walk.Checks[i]
		checks[c.Asset] = append(checks[c.Asset], c)
	}
	var rooms [][]walkRoom
	branches := inTree(p.Board.All(p.Clock()))
	roomLevel := -1 // of the room that what follows lies in
	for i := range branches {
		b := &branches[i]
		if roomLevel >= 0 && b.Level <= roomLevel {
			roomLevel = -1
		}
		if b.Asset.Kind == gateway.Floor || len(out.Floors) == 0 {
			out.Floors, rooms = append(out.Floors, walkFloor{ID: b.Asset.ID, Label: b.Asset.Label()}), append(rooms, nil)
		}
		inRoom := roomLevel >= 0
		if b.Asset.Kind == gateway.Room {
			roomLevel = b.Level
		}
		if !onWalk(b, inRoom) {
			continue
		}
		room := p.walkRoom(b, checks[b.Asset.ID])
		last := len(out.Floors) - 1
		rooms[last] = append(rooms[last], room)
		out.Floors[last].Total++
		if room.Last != nil {
			out.Floors[last].Done++
		}
	}
	out.choose(rooms)
	out.results()
	return out
}

// choose shows the floor that was asked for, or else the first one that is not finished.
func (w *walkPage) choose(rooms [][]walkRoom) {
	keep := 0
	for i, f := range w.Floors {
		if f.Total > 0 {
			w.Floors[keep], rooms[keep] = f, rooms[i]
			keep++
		}
	}
	w.Floors = w.Floors[:keep]
	chosen := slices.IndexFunc(w.Floors, func(f walkFloor) bool { return f.ID == w.Floor })
	if chosen < 0 {
		chosen = max(0, slices.IndexFunc(w.Floors, func(f walkFloor) bool { return f.Done < f.Total }))
	}
	for i := range w.Floors {
		w.Done, w.Total = w.Done+w.Floors[i].Done, w.Total+w.Floors[i].Total
		if i == chosen {
			w.Floors[i].Chosen, w.Floor, w.Rooms = true, w.Floors[i].ID, rooms[i]
		}
	}
}

// results puts what was recorded in the order of places, for a report.
func (w *walkPage) results() {
	at := make(map[string]int)
	for _, c := range w.Checks {
		label := strings.Join(c.Path, " › ")
		i, ok := at[label]
		if !ok {
			i = len(w.Results)
			at[label] = i
			w.Results = append(w.Results, walkFloor{Label: label})
		}
		w.Results[i].Checks = append(w.Results[i].Checks, c)
	}
	slices.SortFunc(w.Results, func(a, b walkFloor) int { return natural(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
}

func (p *Pages) walkRoom(b *branch, checks []*web.Check) walkRoom {
	r := walkRoom{
		ID: b.Asset.ID, Label: b.Asset.Label(), Kind: b.Asset.Kind.String(), Checked: len(checks), Quality: b.Quality.String(),
		Answer: answer(&b.Snapshot, gateway.Occupied, "occupied", "vacant"), People: value(&b.Snapshot, gateway.People), CountsPeople: b.Has.Has(gateway.People),
	}
	if register, ok := p.Locate(b.Asset); ok {
		r.Register = &register
	}
	if len(checks) > 0 {
		r.Last = checks[len(checks)-1]
		r.Class = map[string]string{web.Agrees: "agrees", web.Differs: "differs"}[r.Last.Verdict]
		if r.Class == "" {
			r.Class = "unknown"
		}
	}
	return r
}

// back returns to the floor and the room that somebody was at.
func back(w http.ResponseWriter, r *http.Request) {
	to := url.URL{Path: "/walks/" + r.PathValue("walk"), Fragment: "room-" + r.PostFormValue("asset")}
	to.RawQuery = url.Values{"floor": {r.PostFormValue("floor")}}.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

func (p *Pages) check(w http.ResponseWriter, r *http.Request) {
	if !p.parse(w, r) {
		return
	}
	order := web.CheckOrder{
		Asset: r.PostFormValue("asset"), Expected: r.PostFormValue("expected"), Note: strings.TrimSpace(r.PostFormValue("note")),
		Initials: strings.TrimSpace(r.PostFormValue("initials")),
	}
	var err error
	if text := strings.TrimSpace(r.PostFormValue("people")); text != "" {
		n, bad := strconv.Atoi(text)
		if order.People = &n; bad != nil {
			err = web.BadOrder("the number of people is none: use digits only")
		}
	}
	if err == nil {
		_, err = p.Walks.Check(r.Context(), r.PathValue("walk"), order)
	}
	if err != nil {
		p.failed(w, r, err)
		return
	}
	back(w, r)
}

func (p *Pages) undo(w http.ResponseWriter, r *http.Request) {
	if !p.parse(w, r) {
		return
	}
	if err := p.Walks.Undo(r.Context(), r.PathValue("walk"), gateway.AssetID(r.PostFormValue("asset"))); err != nil {
		p.failed(w, r, err)
		return
	}
	back(w, r)
}

func (p *Pages) endWalk(w http.ResponseWriter, r *http.Request) {
	p.closeWalk(w, r, p.Walks.End, "/walks/"+url.PathEscape(r.PathValue("walk"))+"?done=ended")
}

func (p *Pages) deleteWalk(w http.ResponseWriter, r *http.Request) {
	if !p.parse(w, r) {
		return
	}
	if r.PostFormValue("sure") == "" {
		p.failed(w, r, web.BadOrder("nothing was deleted: tick that you have saved what you need of it"))
		return
	}
	p.closeWalk(w, r, p.Walks.Delete, "/walks?done=deleted")
}

func (p *Pages) closeWalk(w http.ResponseWriter, r *http.Request, do func(context.Context, string) error, to string) {
	if err := do(r.Context(), r.PathValue("walk")); err != nil {
		p.failed(w, r, err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
