package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/store"
	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

func checkCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "check", Short: "Check the configuration, and what it needs on this machine", Args: cobra.NoArgs,
		Long: `Check the configuration and, without starting anything, what it needs on this machine:
files, certificates, the right to open its ports, the state directory. Everything that is
wrong is listed at once.`,
		RunE: func(c *cobra.Command, _ []string) error {
			settings, err := config.Load(path)
			if err != nil {
				return err
			}
			settings.Warnings = append(settings.Warnings, warnOfTags(c.Context(), settings)...)
			printWarnings(c.ErrOrStderr(), settings)
			if problems := checkMachine(c.Context(), settings); len(problems) > 0 {
				return problems
			}
			if _, err = fmt.Fprintf(c.OutOrStdout(), "%s is in order\n", path); err != nil {
				return err
			}
			if err := printCertificate(c.Context(), c.OutOrStdout(), settings); err != nil {
				return err
			}
			if settings.Butlr.Polls() {
				fmt.Fprintln(c.OutOrStdout(), pullWords(settings))
			}
			return printFreshness(c, settings)
		},
	}
	configFlag(c, &path)
	return c
}

// printFreshness says what the silence of each site means that is known already.
func printFreshness(c *cobra.Command, settings *config.Config) error {
	saved, _, err := store.Read(c.Context(), string(settings.Gateway.StateDir))
	if err != nil {
		return nil // no gateway has run yet: what is wrong with a state was said
	}
	clock := newClock()
	state, err := gateway.NewState(rulesOf(settings), saved, clock())
	if err != nil {
		return err
	}
	for _, s := range state.Sites(clock()) {
		site := web.SiteOf(&s)
		if _, err := fmt.Fprintf(c.OutOrStdout(), "site %s: %s\n", printable(s.Name), heartbeatWords(&site)); err != nil {
			return err
		}
	}
	return nil
}

// checkMachine finds what the configuration needs and this machine does not give.
func checkMachine(ctx context.Context, c *config.Config) config.Problems {
	state := checkStateDir(c)
	if len(state) == 0 {
		state = checkNumbers(ctx, c)
	}
	found := slices.Concat(state, checkCertificates(c), checkPasswords(c), checkPorts(ctx, c), checkSerialPorts(c))
	slices.SortStableFunc(found, func(a, b config.Problem) int { return cmp.Compare(place(a), place(b)) })
	return found
}

// place is where a problem stands in the list: in the order of the file, those without a line last.
func place(p config.Problem) int {
	if p.Line == 0 {
		return math.MaxInt
	}
	return p.Line
}

func checkCertificates(c *config.Config) (found config.Problems) {
	read := func(key string, file config.Path) []byte {
		text, err := os.ReadFile(string(file))
		if err != nil {
			found = append(found, c.Problem(key, "cannot be read: "+cause(err), "name a file that exists, and that the gateway's user may read"))
		}
		return text
	}
	pair := func(certKey string, cert config.Path, keyKey string, key config.Path) {
		if cert == "" || key == "" {
			return
		}
		certText, keyText := read(certKey, cert), read(keyKey, key)
		if certText == nil || keyText == nil {
			return
		}
		if _, err := tls.X509KeyPair(certText, keyText); err != nil {
			name := keyKey[strings.LastIndexByte(keyKey, '.')+1:]
			found = append(found, c.Problem(certKey, "and "+name+" cannot be used: "+err.Error(), "the two must be PEM files, and belong together"))
		}
	}
	authority := func(key string, file config.Path) {
		if file == "" {
			return
		}
		if text := read(key, file); text != nil && !x509.NewCertPool().AppendCertsFromPEM(text) {
			found = append(found, c.Problem(key, "has no certificate in it", "it must be a PEM file with the certificates to trust"))
		}
	}
	pair("webhook.tls_cert", c.Webhook.TLSCert, "webhook.tls_key", c.Webhook.TLSKey)
	authority("webhook.acme_ca_file", c.Webhook.ACMECAFile)
	pair("web.tls_cert", c.Web.TLSCert, "web.tls_key", c.Web.TLSKey)
	pair("mqtt.embedded.tls_cert", c.MQTT.Embedded.TLSCert, "mqtt.embedded.tls_key", c.MQTT.Embedded.TLSKey)
	for section, b := range brokersOf(c) {
		pair(section+".cert_file", b.CertFile, section+".key_file", b.KeyFile)
		authority(section+".ca_file", b.CAFile)
	}
	if t := &c.Modbus.TLS; t.Listen != "" {
		pair("modbus.tls.cert", t.Cert, "modbus.tls.key", t.Key)
		authority("modbus.tls.client_ca", t.ClientCA)
	}
	return found
}

// cause returns an error without the path, where the path is said already.
func cause(err error) string {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		err = of.Err
	}
	return err.Error()
}

// checkPorts tells which ports cannot be opened. One that is taken is no problem while a gateway runs
// on the state directory: then the gateway has it.
func checkPorts(ctx context.Context, c *config.Config) (found config.Problems) {
	ports := []struct {
		key    string
		listen config.Listen
	}{
		{"webhook.listen", c.Webhook.Listen}, {"webhook.acme_http", c.Webhook.ACMEHTTP}, {"modbus.listen", c.Modbus.Listen}, {"modbus.tls.listen", c.Modbus.TLS.Listen},
		{"modbus.rtu_over_tcp.listen", c.Modbus.RTUOverTCP.Listen}, {"web.listen", c.Web.Listen}, {"mqtt.embedded.listen", c.MQTT.Embedded.Listen},
	}
	if c.MQTT.Broker != config.EmbeddedBroker {
		ports = ports[:len(ports)-1]
	}
	for _, port := range ports {
		if port.listen == "" {
			continue
		}
		l, err := net.Listen("tcp", string(port.listen))
		switch {
		case err == nil:
			_ = l.Close()
		case errors.Is(err, errAddressInUse):
			if _, err := askStatus(ctx, string(c.Gateway.StateDir)); errors.Is(err, errNoGateway) {
				found = append(found, c.Problem(port.key, "is taken by another program", "stop that one, or choose another port"))
			}
		case errors.Is(err, errPortDenied):
			found = append(found, c.Problem(port.key, "cannot be opened by this user", checkRight))
		default:
			found = append(found, c.Problem(port.key, "cannot be opened: "+err.Error(), "use an address of this machine, or none for all of them: \":502\""))
		}
	}
	return found
}

// checkSerialPorts tells which serial ports are not there. Windows has no files for them.
func checkSerialPorts(c *config.Config) (found config.Problems) {
	ports := map[string]string{"modbus.serial.port": string(c.Modbus.Serial.Port)}
	for name, p := range c.Push {
		if p.Target.Serial() {
			ports["push."+name+".target"] = p.Target.Address()
		}
	}
	for key, path := range ports {
		if !filepath.IsAbs(path) {
			continue
		}
		port, err := os.OpenFile(path, os.O_RDWR|openAtOnce, 0)
		if err != nil {
			found = append(found, c.Problem(key, "cannot be opened: "+cause(err), "name a serial port of this machine that the gateway's user may use; mostly it must be a member of the group dialout"))
			continue
		}
		if info, err := port.Stat(); err == nil && info.Mode()&os.ModeCharDevice == 0 {
			found = append(found, c.Problem(key, "is no serial port", "name one, as in \"/dev/ttyUSB0\""))
		}
		_ = port.Close()
	}
	return found
}

// checkStateDir tells whether the state directory, or the place where it would be made, can be written.
func checkStateDir(c *config.Config) config.Problems {
	dir := string(c.Gateway.StateDir)
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && info.IsDir():
			if err := writable(dir); err != nil {
				return config.Problems{c.Problem("gateway.state_dir", "cannot be written to: "+cause(err), "check as the gateway's user, or give that user the directory")}
			}
			return nil
		case err == nil:
			return config.Problems{c.Problem("gateway.state_dir", "cannot be used: "+dir+" is a file", "name a folder, or leave the line out for the usual one")}
		case !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir):
			return config.Problems{c.Problem("gateway.state_dir", "cannot be used: "+err.Error(), "name a folder that the gateway's user may write to")}
		}
		dir = filepath.Dir(dir)
	}
}

func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// checkNumbers tells whether the pinned numbers fit what is in the state.
func checkNumbers(ctx context.Context, c *config.Config) config.Problems {
	saved, _, err := store.Read(ctx, string(c.Gateway.StateDir))
	if errors.Is(err, fs.ErrNotExist) {
		saved = &gateway.Saved{}
	} else if err != nil {
		return config.Problems{c.Problem("gateway.state_dir", "cannot be read: "+err.Error(), "run \"check\" as the gateway's user")}
	}
	rules := rulesOf(c)
	state, err := gateway.RestoreState(rules, saved, newClock()())
	if err != nil {
		return config.Problems{c.Problem("gateway.state_dir", "cannot be used: "+err.Error(), "restore it from a copy")}
	}
	var found config.Problems
	for _, unmet := range state.UnmetPins(rules.Pins()) {
		key := []string{"assets", string(unmet.Asset), "index"}
		if unmet.Asset.Kind() == gateway.Group {
			key = []string{"groups", strings.TrimPrefix(string(unmet.Asset), string(gateway.GroupID(""))), "index"}
		}
		found = append(found, c.ProblemOf(key, unmet.What, unmet.Remedy+`; see "butlr-gateway points plan"`))
	}
	return found
}
