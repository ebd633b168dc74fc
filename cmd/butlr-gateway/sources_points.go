package main

import (
	"context"
	"fmt"
	"io"

	"butlr-gateway/adapters/modbus/pointlist"
	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// largestUpload is how much of a list the page takes; the command takes more.
const largestUpload = 16 << 20 // bytes

// livePoints is the list of points of the gateway that runs: what "points export", "plan" and "import" are to a state
// directory.
type livePoints struct{ service *service }

var _ web.Points = livePoints{}

// Export writes the list. The gateway goes on meanwhile: the list is of the moment at which it was begun.
func (p livePoints) Export(ctx context.Context, w io.Writer, format string, columns bool) error {
	f, err := pointlist.ParseFormat(format)
	if err != nil {
		return web.BadOrder(err.Error())
	}
	s := p.service
	var list pointlist.List
	if err := s.hub.View(ctx, func(state *gateway.State) { list = listOf(state, s.store.Identity().GatewayID, mapOptions(s.config)) }); err != nil {
		return err
	}
	list.Columns = columns
	return list.Write(w, f)
}

// wish reads a list that somebody sent, and says what it wants of the ledger as it is.
func (p livePoints) wish(ctx context.Context, file []byte, look func(*gateway.State, *gateway.Wish)) (*pointlist.Contents, *gateway.Wish, error) {
	if len(file) > largestUpload {
		return nil, nil, web.BadOrder(fmt.Sprintf("the list has more than %d MiB: import it with \"butlr-gateway points import FILE\"", largestUpload>>20))
	}
	s := p.service
	contents, err := pointlist.ReadBytes("the list", file, mapOptions(s.config))
	if err != nil {
		return nil, nil, web.BadOrder(err.Error())
	}
	var wish gateway.Wish
	var foreign error
	err = s.hub.View(ctx, func(state *gateway.State) {
		if wish, foreign = wishOfList(s.choices.Load().config, contents, s.store.Identity().GatewayID, len(state.Assets()) == 0); foreign == nil {
			look(state, &wish)
		}
	})
	if foreign != nil {
		return nil, nil, web.BadOrder(fmt.Sprintf("the list %v, use \"butlr-gateway points import FILE --adopt\", so that it takes over its id too", foreign))
	}
	return contents, &wish, err
}

// Propose tells what a list would change.
func (p livePoints) Propose(ctx context.Context, file []byte) (*web.Proposal, error) {
	var plan *gateway.Plan
	contents, wish, err := p.wish(ctx, file, func(state *gateway.State, wish *gateway.Wish) { plan = state.Plan(wish) })
	if err != nil {
		return nil, err
	}
	out := &web.Proposal{
		Changes: web.RearrangedOf(plan).Changes, Conflicts: []string{}, Notes: append(append([]string{}, contents.Notes...), plan.Notes...),
		Moves: plan.Moves(), Gateway: contents.Gateway, Nothing: plan.Empty() && wish.Gateway == "",
	}
	for i := range plan.Conflicts {
		out.Conflicts = append(out.Conflicts, plan.Conflicts[i].Sentence())
	}
	if wish.Gateway != "" {
		out.Notes = append(out.Notes, "the gateway's id would be "+wish.Gateway+" from its next start on")
	}
	return out, nil
}

// Import does what a list wants, by the desk as the command does.
func (p livePoints) Import(ctx context.Context, file []byte, allowMoves bool, author string) (*web.Rearranged, error) {
	_, wish, err := p.wish(ctx, file, func(*gateway.State, *gateway.Wish) {})
	if err != nil {
		return nil, err
	}
	return p.service.desk().Rearrange(ctx, orderOf(wish, allowMoves, author))
}
