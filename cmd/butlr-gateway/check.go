package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/store"
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
			printWarnings(c.ErrOrStderr(), settings)
			if problems := checkMachine(c.Context(), settings); len(problems) > 0 {
				return problems
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s is in order\n", path)
			return err
		},
	}
	configFlag(c, &path)
	return c
}

// checkMachine finds what the configuration needs and this machine does not give.
func checkMachine(ctx context.Context, c *config.Config) config.Problems {
	var found config.Problems
	if c.Webhook.Listen == "" {
		found = append(found, c.Problem("webhook.listen", "is not set, so that no event could arrive", "set it, for example to \":8443\""))
	}
	for _, check := range []func(*config.Config) config.Problems{checkCertificates, checkPorts, checkStateDir} {
		found = append(found, check(c)...)
	}
	return append(found, checkNumbers(ctx, c)...)
}

func checkCertificates(c *config.Config) (found config.Problems) {
	pair := func(certKey string, cert, key config.Path) {
		if cert == "" || key == "" {
			return
		}
		if _, err := tls.LoadX509KeyPair(string(cert), string(key)); err != nil {
			found = append(found, c.Problem(certKey, "cannot be used: "+err.Error(), "both files must be PEM, belong together, and be readable by the gateway"))
		}
	}
	pair("webhook.tls_cert", c.Webhook.TLSCert, c.Webhook.TLSKey)
	pair("mqtt.cert_file", c.MQTT.CertFile, c.MQTT.KeyFile)
	if c.MQTT.CAFile != "" {
		text, err := os.ReadFile(string(c.MQTT.CAFile))
		if err == nil && !x509.NewCertPool().AppendCertsFromPEM(text) {
			err = errors.New("there is no certificate in it")
		}
		if err != nil {
			found = append(found, c.Problem("mqtt.ca_file", "cannot be used: "+err.Error(), "it must hold certificates in PEM, and be readable by the gateway"))
		}
	}
	return found
}

// checkPorts tells which ports this user may not open. One that is taken is no problem: the gateway
// itself may have it.
func checkPorts(c *config.Config) (found config.Problems) {
	for _, port := range []struct {
		key    string
		listen config.Listen
	}{{"webhook.listen", c.Webhook.Listen}, {"modbus.listen", c.Modbus.Listen}, {"web.listen", c.Web.Listen}} {
		if port.listen == "" {
			continue
		}
		l, err := net.Listen("tcp", string(port.listen))
		switch {
		case err == nil:
			_ = l.Close()
		case errors.Is(err, syscall.EADDRINUSE):
		case errors.Is(err, fs.ErrPermission):
			found = append(found, c.Problem(port.key, "cannot be opened by this user", "check as the gateway's user; ports below 1024 need a right that the service has"))
		default:
			found = append(found, c.Problem(port.key, "cannot be opened: "+err.Error(), "use an address of this machine, or none for all of them: \":502\""))
		}
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
				return config.Problems{c.Problem("gateway.state_dir", "cannot be written to: "+err.Error(), "check as the gateway's user, or give that user the directory")}
			}
			return nil
		case err == nil:
			return config.Problems{c.Problem("gateway.state_dir", dir+" is no directory", "name another one")}
		case !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir):
			return config.Problems{c.Problem("gateway.state_dir", "cannot be used: "+err.Error(), "name another one")}
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
	if _, err := gateway.NewState(c.Rules(), saved); err != nil {
		return config.Problems{c.Problem("assets", err.Error(), "\"butlr-gateway points list\" shows the numbers in use")}
	}
	return nil
}
