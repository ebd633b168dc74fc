package web

import (
	"context"
	"io"

	"butlr-gateway/gateway"
)

// Sources tells what the other adapters know of an asset, and of themselves. Several may ask at once. A
// function that is nil has nothing to tell: there is no broker, no register, no history.
type Sources struct {
	Registers    func(*gateway.Asset) []RegisterValue
	Topics       func(*gateway.Asset) []string // where the asset is published, its state first
	Events       func(context.Context, gateway.AssetID) ([]SeenEvent, error)
	History      func(ctx context.Context, id gateway.AssetID, from, until gateway.Timestamp) (*History, error)
	Disk         func(context.Context) (*Disk, error)
	Brokers      func() []Broker
	Certificates func() []Certificate
	Asked        func() *Asked
	Audit        func(context.Context) ([]AuditEntry, error) // the newest first
	Points       Points
}

// Points are the ledger as a list of points.
type Points interface {
	// Export writes the list as csv, xlsx or json; columns has the addresses on the column units instead
	// of those of the blocks.
	Export(ctx context.Context, w io.Writer, format string, columns bool) error
	// Propose tells what an exported list would change, and changes nothing. Its error says what is
	// wrong with the file, and is a [BadOrder] then.
	Propose(ctx context.Context, file []byte) (*Proposal, error)
	// Import does what Propose told, all of it or nothing.
	Import(ctx context.Context, file []byte, allowMoves bool, author string) (*Rearranged, error)
}

// RegisterValue is one point of an asset as it is served at this moment.
type RegisterValue struct {
	Name        string   `json:"name"` // such as people
	Description string   `json:"description"`
	Unit        int      `json:"unit_id"`
	Address     int      `json:"address"` // 0-based
	Input       string   `json:"input"`   // references, such as 30149 and 40149
	Holding     string   `json:"holding"`
	Words       []uint16 `json:"words"` // raw, as they are on the wire
	Value       string   `json:"value"` // decoded, with its unit; "unknown" for 65535 where that means so
}

// SeenEvent is an event about an asset, and what became of it.
type SeenEvent struct {
	Arrived Moment `json:"arrived"`
	At      Moment `json:"at"` // when it says that it was sensed
	Type    string `json:"type"`
	ID      string `json:"id"`
	Value   string `json:"value"`   // such as "3 people"
	Verdict string `json:"verdict"` // accepted, duplicate, superseded, late or refused
	Why     string `json:"why"`     // of whatever was not simply accepted, as a sentence
	Origin  string `json:"origin"`  // reconciled or polled, of what Butlr was asked for; "" of what it sent
}

// History is how an asset was over some time.
type History struct {
	Before  *HistorySample  `json:"before"` // the last one before that time, null if there is none
	Samples []HistorySample `json:"samples"`
	Runs    []HistoryRun    `json:"runs"` // in which a gateway ran: outside of them nobody knows how anything was
}

// HistorySample is how the asset was from the end of a minute on, until the next sample. Null: nobody could
// tell, or the asset has no such measure.
type HistorySample struct {
	Minute      Moment `json:"minute"`
	People      *int   `json:"people"`
	Quality     string `json:"quality"`
	Lighting    *bool  `json:"lighting"`
	HVAC        *bool  `json:"hvac"`
	Ventilation *bool  `json:"ventilation"`
	Motion      *bool  `json:"motion"`
	OffDelay    bool   `json:"off_delay"` // HVAC was on because its off-delay ran
}

// HistoryRun is a time in which a gateway ran.
type HistoryRun struct {
	From  Moment `json:"from"`
	Until Moment `json:"until"`
}

// Disk is what the state directory takes, and has room for.
type Disk struct {
	Directory     string `json:"directory"`
	Free          uint64 `json:"free_bytes"`
	State         int64  `json:"state_bytes"`
	History       int64  `json:"history_bytes"`
	HistoryMax    int64  `json:"history_max_bytes"`
	HistoryOldest Moment `json:"history_oldest"` // the beginning of the oldest day that is kept
	Checked       Moment `json:"state_checked"`  // when all of the state was last read, to its last checksum, and found whole
}

// Broker is an MQTT broker that is told.
type Broker struct {
	Name      string `json:"name"`
	Address   string `json:"address"`
	Topic     string `json:"topic"`     // the root of its topics
	Connected bool   `json:"connected"` // subscribers see "online" in its status topic
	Why       string `json:"why"`       // it is not connected
	Since     Moment `json:"since"`     // of being connected, or of not being so
	Waiting   int    `json:"waiting"`   // messages that the broker has not acknowledged
	Published uint64 `json:"published"` // messages since the start
}

// Certificate is one that the gateway shows.
type Certificate struct {
	What string `json:"what"`
	Ends Moment `json:"ends"` // no time while there is none yet
	Why  string `json:"why"`  // what keeps it from being issued or renewed; "" if nothing
}

// AuditEntry is something that somebody did, or that ended by itself.
type AuditEntry struct {
	At     Moment          `json:"at"`
	What   string          `json:"what"`  // forced, released, expired, reset_estimate, rearranged, ...
	Asset  gateway.AssetID `json:"asset"` // "" where it is about more than one
	Name   string          `json:"name"`  // of the asset
	Author string          `json:"author"`
	Text   string          `json:"text"` // what exactly, as a sentence
}

// Proposal is what an imported list would change.
type Proposal struct {
	Changes   []LedgerChange `json:"changes"`
	Conflicts []string       `json:"conflicts"` // why it cannot be done
	Notes     []string       `json:"notes"`
	Moves     int            `json:"moves"`   // numbers that would come to mean another asset: to be allowed
	Gateway   string         `json:"gateway"` // whose list it is
	Nothing   bool           `json:"nothing"` // everything is so already
}
