package web

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// Status is what the gateway says of itself, as JSON under /api/v1/status.
type Status struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	GatewayID string            `json:"gateway_id"`
	Healthy   bool              `json:"healthy"` // it answers, and it can store what it is sent
	Uptime    float64           `json:"uptime_seconds"`
	Boots     int               `json:"boots"`
	Listeners []Listener        `json:"listeners"`
	Assets    int               `json:"assets"`
	Qualities map[string]int    `json:"qualities"`
	Accepted  uint64            `json:"events_accepted"`
	Refused   uint64            `json:"events_refused"`
	Unhandled uint64            `json:"events_without_effect"` // of types that have none
	Idle      Idle              `json:"accepted_without_effect"`
	Reasons   map[string]uint64 `json:"refused_by_reason"`
	Newest    []Refused         `json:"newest_refused"`
	Alarms    []Alarm           `json:"alarms"`

	Overrides  int    `json:"overrides"`   // in force
	SitesLost  int    `json:"sites_lost"`  // sites whose silence means that their feed is dead
	SiteLost   string `json:"site_lost"`   // the name of one of them
	ClockDoubt string `json:"clock_doubt"` // why this machine's clock is not trusted; "" when it is
	Sites      []Site `json:"sites"`       // what the silence of each means

	Push    []PushTarget   `json:"push"`           // controllers that are written to, by name
	Clients []ModbusClient `json:"modbus_clients"` // who reads registers, the one seen last first

	Devices      *Devices      `json:"devices"` // null where Butlr is not asked how they are
	Disk         *Disk         `json:"disk"`    // with the history; null while it cannot be measured
	Brokers      []Broker      `json:"brokers"`
	Certificates []Certificate `json:"certificates"`
	Asked        *Asked        `json:"asked"` // of Butlr's API; null where nothing is
}

// Idle counts accepted events that changed nothing of what is shown now.
type Idle struct {
	Duplicates uint64 `json:"duplicates"` // known already
	Superseded uint64 `json:"superseded"` // of a moment of which another event is believed
	Late       uint64 `json:"late"`       // older than the newest of their feed
}

// Listener is an address that the gateway serves, or a broker that it publishes to.
type Listener struct {
	What    string `json:"what"`
	Address string `json:"address"`
}

// Alarm is one alarm in force.
type Alarm struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Refused is one event that was refused.
type Refused struct {
	Arrived time.Time `json:"arrived"`
	Reason  string    `json:"reason"`
	Why     string    `json:"why"` // the reason as a sentence, with a way out
	Type    string    `json:"type"`
	Place   string    `json:"place"` // its id
	Name    string    `json:"name"`  // of the place
	At      Moment    `json:"at"`    // when it says that it was sensed
	Value   string    `json:"value"`
	Content string    `json:"content"` // its first 1 KB, as it was sent
}

// newestRefused is how many refused events a status shows.
const newestRefused = 20

// Viewer lets somebody look at the state between two batches; *[gateway.Hub] is one.
type Viewer interface {
	View(ctx context.Context, look func(*gateway.State)) error
}

// Reporter makes a status.
type Reporter struct {
	Name, Version, GatewayID string
	Boots                    int
	Start                    gateway.Instant
	Clock                    gateway.Clock
	Alarms                   *gateway.Alarms
	Board                    *Board
	Listeners                func() []Listener
	Push                     func() []PushTarget
	Clients                  func() []ModbusClient
	Hub                      Viewer
	Sources                  Sources
}

// Status asks the hub. An error says that the hub did not answer before ctx ended: the gateway is not
// well.
func (r *Reporter) Status(ctx context.Context) (*Status, error) {
	s := &Status{
		Name: r.Name, Version: r.Version, GatewayID: r.GatewayID, Boots: r.Boots,
		Uptime:    (r.Clock().Mono - r.Start.Mono).Seconds(),
		Reasons:   make(map[string]uint64),
		Listeners: r.Listeners(), Push: r.Push(), Clients: r.Clients(), Newest: []Refused{}, Alarms: []Alarm{}, Sites: []Site{},
		Overrides: r.Board.Overrides(),
		Brokers:   []Broker{}, Certificates: []Certificate{},
	}
	if err := r.Hub.View(ctx, func(state *gateway.State) { s.look(state, r.Clock()) }); err != nil {
		return nil, err
	}
	sum := r.Board.Summary()
	s.count(&sum)
	s.measure(ctx, &r.Sources)
	s.Healthy = true
	for alarm, why := range r.Alarms.Each {
		s.Alarms = append(s.Alarms, Alarm{alarm.String(), why})
		s.Healthy = s.Healthy && alarm != gateway.JournalFailing
	}
	return s, nil
}

// measure asks what the other adapters know of themselves. A disk that cannot be measured is no reason not to be well:
// the journal notices what matters.
func (s *Status) measure(ctx context.Context, from *Sources) {
	if from.Brokers != nil {
		s.Brokers = append(s.Brokers, from.Brokers()...)
	}
	if from.Certificates != nil {
		s.Certificates = append(s.Certificates, from.Certificates()...)
	}
	if from.Asked != nil {
		s.Asked = from.Asked()
	}
	if from.Disk == nil {
		return
	}
	if disk, err := from.Disk(ctx); err == nil {
		s.Disk = disk
	}
}

// count takes over the counts as they were last published.
func (s *Status) count(sum *gateway.Summary) {
	s.Assets, s.Accepted, s.Refused, s.Unhandled = sum.Assets, sum.Accepted, sum.Refused, sum.Unhandled
	s.Idle = Idle{sum.Duplicates, sum.Superseded, sum.Late}
	s.Qualities = qualitiesOf(&sum.Qualities)
	s.SitesLost, s.SiteLost, s.ClockDoubt = sum.SitesLost, sum.SiteLost, sum.ClockDoubt
}

func (s *Status) look(state *gateway.State, now gateway.Instant) {
	for _, site := range state.Sites(now) {
		s.Sites = append(s.Sites, SiteOf(&site))
	}
	s.tellDevices(state)
	counts, newest := state.Refusals()
	for reason, n := range counts {
		if n > 0 {
			s.Reasons[gateway.Refusal(reason).String()] = n
		}
	}
	for _, e := range newest[max(0, len(newest)-newestRefused):] {
		s.Newest = append(s.Newest, Refused{
			Arrived: e.Arrived.Time(), Reason: e.Reason.String(), Why: e.Why, Type: e.Type.String(), Place: string(e.Place), Name: e.Name,
			At: Moment(e.At), Value: refusedValue(&e), Content: e.Content,
		})
	}
}

// longestValue is how much is shown of a value that is none.
const longestValue = 80 // bytes

// refusedValue says what an event would have told; where that is what is wrong, as it was sent.
func refusedValue(e *gateway.RefusedEvent) string {
	switch e.Reason {
	case gateway.CountNotANumber, gateway.CountNegative, gateway.CountTooLarge, gateway.WrongShape:
		var sent struct {
			Data json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal([]byte(e.Content), &sent); err != nil || len(sent.Data) == 0 {
			return ""
		}
		return "data " + strings.ToValidUTF8(string(sent.Data[:min(len(sent.Data), longestValue)]), "")
	}
	switch e.Type {
	case gateway.Occupancy, gateway.OccupancyMinute:
		return PeopleText(int64(e.People))
	case gateway.Traffic:
		return strconv.Itoa(e.In) + " in, " + strconv.Itoa(e.Out) + " out"
	}
	return ""
}

// PeopleText says how many people there are, as a sentence has it: 1 person, 2 people.
func PeopleText(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return strconv.FormatInt(n, 10) + " people"
}
