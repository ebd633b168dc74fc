package gateway

import (
	"context"
	"errors"
)

// ErrJournalLost says that what was stored before can no longer be relied on: it is to be stored anew, all of it.
var ErrJournalLost = errors.New("what was stored is damaged")

// Journal makes what changed durable.
type Journal interface {
	// Commit stores the whole batch or, when it returns an error, leaves the caller free to try another
	// one later. It returns only when the batch would survive a power cut. The batch is valid until it
	// returns. It is called by one goroutine at a time. After an error that wraps ErrJournalLost the next
	// batch is a whole one.
	Commit(ctx context.Context, b *Batch) error
}

// Sink shows readings to somebody: a controller, a broker, a page.
type Sink interface {
	// Publish takes what changed, in order, from one goroutine. It must not block and must not fail:
	// a sink that delivers over a network keeps the newest reading of each point and delivers at its
	// own pace. The update's slices are valid only until Publish returns; the assets in them may be kept.
	Publish(u *Update)
}
