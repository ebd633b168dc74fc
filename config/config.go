package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// Config is one gateway.toml. What the file does not say has its default.
type Config struct {
	Gateway Gateway                   `toml:"gateway"`
	Webhook Webhook                   `toml:"webhook"`
	Forward map[string]Forward        `toml:"forward"` // by name
	MQTT    MQTT                      `toml:"mqtt"`
	Brokers map[string]Publishing     `toml:"brokers"` // by name, beside the one of MQTT
	Modbus  Modbus                    `toml:"modbus"`
	Push    map[string]Push           `toml:"push"` // by name
	Web     Web                       `toml:"web"`
	Butlr   Butlr                     `toml:"butlr"`
	State   State                     `toml:"state"`
	Classes map[string]Class          `toml:"class"` // by the kinds' names
	Sites   map[gateway.AssetID]Site  `toml:"sites"`
	Assets  map[gateway.AssetID]Asset `toml:"assets"`
	Groups  map[string]Group          `toml:"groups"`

	// Warnings are about what is allowed but unwise.
	Warnings Problems `toml:"-"`

	file *document
}

// Gateway is about the program as a whole.
type Gateway struct {
	Name     string         `toml:"name"` // for people; [Load] puts the host's name where the file says nothing
	StateDir Path           `toml:"state_dir"`
	Timezone *time.Location `toml:"timezone"`
	LogLevel slog.Level     `toml:"log_level"`
	LogFile  Path           `toml:"log_file"` // "" is what the service manager keeps
}

// Webhook is where Butlr's events arrive.
type Webhook struct {
	Listen           Listen            `toml:"listen"`
	Path             string            `toml:"path"`
	TLSCert          Path              `toml:"tls_cert"`
	TLSKey           Path              `toml:"tls_key"`
	ACMEDomain       string            `toml:"acme_domain"` // "" is no ACME
	ACMEHTTP         Listen            `toml:"acme_http"`   // "" answers on the webhook's own port only
	ACMEEmail        string            `toml:"acme_email"`
	ACMEDirectory    WebURL            `toml:"acme_directory"`
	ACMECAFile       Path              `toml:"acme_ca_file"`
	HeaderName       string            `toml:"header_name"`
	HeaderValue      Secret            `toml:"header_value"`
	HeaderValueNext  Secret            `toml:"header_value_next"`
	Username         string            `toml:"username"`
	Password         Secret            `toml:"password"`
	Organisations    []gateway.AssetID `toml:"organisations"`
	Sites            []gateway.AssetID `toml:"sites"`
	Buildings        []gateway.AssetID `toml:"buildings"`
	MaxUnknownAssets int               `toml:"max_unknown_assets"` // 0 is no limit
	MaxConnections   int               `toml:"max_connections"`
	TrustedProxies   []netip.Prefix    `toml:"trusted_proxies"`
}

// Web is the page for people.
type Web struct {
	Listen         Listen   `toml:"listen"`   // "" is off
	Password       Secret   `toml:"password"` // of operators: plain, or as a hash of argon2id
	ViewerPassword Secret   `toml:"viewer_password"`
	TLSCert        Path     `toml:"tls_cert"`
	TLSKey         Path     `toml:"tls_key"`
	Hosts          []string `toml:"hosts"` // by which browsers may call the page
	HistoryMax     Size     `toml:"history_max"`
}

// State is how events become readings, for every asset.
type State struct {
	Settings  gateway.Patch `toml:"-"`
	Horizon   time.Duration `toml:"horizon"`
	MaxIDs    int           `toml:"max_ids"`
	MaxFuture time.Duration `toml:"max_future"`
}

// Class is what the operator says of all assets of one kind. Its keys, as the other keys of settings, are
// those of [Sections] that it shares with [State].
type Class struct {
	Settings gateway.Patch `toml:"-"`
}

// Site is what the operator says of one site and everything in it.
type Site struct {
	Timezone *time.Location `toml:"timezone"` // nil is that of Gateway
	Hours    *gateway.Hours `toml:"hours"`    // nil is not known
	Settings gateway.Patch  `toml:"-"`
}

// Asset is what the operator says of one asset.
type Asset struct {
	Name     string         `toml:"name"`
	Capacity int            `toml:"capacity"` // people; 0 is not known
	Index    gateway.Number `toml:"index"`    // gateway.NoNumber leaves it to the gateway
	Settings gateway.Patch  `toml:"-"`
}

// Group is what the operator makes one asset of several.
type Group struct {
	Name     string         `toml:"name"`
	Members  []Member       `toml:"members"`
	Capacity int            `toml:"capacity"` // people; 0 is the sum of what is known of its members
	Index    gateway.Number `toml:"index"`    // gateway.NoNumber leaves it to the gateway
	Settings gateway.Patch  `toml:"-"`
}

// Member names what belongs to a group: Butlr's id, "custom:ID" or "group:KEY".
type Member string

// Default returns what an empty file means.
func Default() *Config {
	rules := gateway.DefaultRules()
	return &Config{
		Gateway: Gateway{StateDir: defaultStateDir(), Timezone: time.UTC, LogLevel: slog.LevelInfo},
		Webhook: Webhook{
			Path:             "/webhooks/butlr",
			ACMEDirectory:    LetsEncrypt,
			MaxUnknownAssets: rules.MaxUnknownAssets,
			MaxConnections:   256,
		},
		Forward: map[string]Forward{},
		Web:     Web{HistoryMax: 2 << 30},
		MQTT:    MQTT{Publishing: defaultPublishing(), Embedded: Embedded{Listen: "127.0.0.1:1883"}},
		Brokers: map[string]Publishing{},
		Modbus: Modbus{
			UnitID:         1,
			WordOrder:      HighWordFirst,
			Unmapped:       UnmappedException,
			MaxConnections: 64,
			MaxPerAddress:  8,
			IdleTimeout:    5 * time.Minute,
			Serial:         ModbusSerial{Baud: 19200, Parity: EvenParity, StopBits: 1},
			Write:          ModbusWrite{Expiry: 15 * time.Minute},
		},
		Butlr:   defaultButlr(),
		Push:    map[string]Push{},
		State:   State{Horizon: rules.Horizon, MaxIDs: rules.MaxIDs, MaxFuture: rules.MaxFuture},
		Classes: map[string]Class{},
		Sites:   map[gateway.AssetID]Site{},
		Assets:  map[gateway.AssetID]Asset{},
		Groups:  map[string]Group{},
	}
}

// Load reads the configuration in the file at path, on this machine. What is wrong in the file is an
// error of type [Problems].
func Load(path string) (*Config, error) { return load(path, ThisMachine()) }

// standIn is a text that every secret may be. Each name has its own, because some must differ.
func standIn(name string) string { return fmt.Sprintf("0123456789abcdefghijklmn%x", name) }

// LoadWithoutSecrets reads the configuration for a command that needs none of its secrets, which may be
// out of its reach: those in variables and files are taken to be there, and are something else.
func LoadWithoutSecrets(path string) (*Config, error) {
	return load(path, Machine{
		Variable: func(name string) (string, bool) { return standIn(name), true },
		File:     func(path string) ([]byte, fs.FileMode, error) { return []byte(standIn(path)), 0o600, nil },
	})
}

// missing is a file that is not there.
type missing string

func (m missing) Error() string { return "there is no " + string(m) }
func (m missing) Unwrap() error { return fs.ErrNotExist }

func load(path string, machine Machine) (*Config, error) {
	text, mode, err := ThisMachine().File(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the configuration: %w; \"--config\" tells where it is, and \"butlr-gateway run --begin\" begins with an example", missing(path))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w; \"--config\" tells where it is", err)
	}
	c, err := Parse(path, text, machine)
	if err != nil {
		return nil, err
	}
	if openToOthers(mode) {
		c.file.warnOfSecrets(closing(path))
		c.Warnings = c.file.sortedWarnings()
	}
	if c.Gateway.Name == "" {
		c.Gateway.Name, _ = os.Hostname() // only for people: without one the gateway has no name
	}
	return c, nil
}

// Parse reads a configuration from text; file is the name that its problems bear. The error is of type
// [Problems] and has everything that is wrong.
func Parse(file string, text []byte, machine Machine) (*Config, error) {
	c := Default()
	c.file = newDocument(file, text, machine)
	if c.file.read(c) {
		c.file.check(c)
	}
	if problems := c.file.sortedProblems(); len(problems) > 0 {
		return nil, problems
	}
	c.Warnings = c.file.sortedWarnings()
	return c, nil
}

// Problem returns what somebody else found wrong with a key, such as a certificate that cannot be
// used, with the line and the value that the file has for it. The configuration must come from [Parse]
// or [Load].
func (c *Config) Problem(key, message, hint string) Problem {
	return c.ProblemOf(strings.Split(key, "."), message, hint)
}

// ProblemOf is the same of a key whose parts may have dots in them.
func (c *Config) ProblemOf(key []string, message, hint string) Problem {
	return c.file.problem(key, fault{message: message, hint: hint})
}
