package web

import (
	"context"
	"fmt"

	"butlr-gateway/adapters/web/access"
)

// signed has an order carried out in the name of whoever asks. An order in another name is refused: the audit is
// to say who it was. A visitor without a name may give one in the order.
func signed[Order, Answer any](do func(context.Context, Order) (Answer, error), author func(*Order) *string) func(context.Context, Order) (Answer, error) {
	return func(ctx context.Context, o Order) (answer Answer, err error) {
		name, given := access.Of(ctx).Name, author(&o)
		if name != "" && *given != "" && *given != name {
			return answer, BadOrder(fmt.Sprintf("the author is %q, who asks, and not %q: leave it out", name, *given))
		}
		if name != "" {
			*given = name
		}
		return do(ctx, o)
	}
}
