package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	osservice "github.com/kardianos/service"
	"github.com/spf13/cobra"

	"butlr-gateway/config"
)

// serviceName is what the operating system's service manager calls the gateway.
const serviceName = "butlr-gateway"

func serviceCommand() *cobra.Command {
	c := &cobra.Command{Use: "service", Short: "Have this machine run the gateway from its start on"}
	c.AddCommand(serviceInstallCommand(), serviceUninstallCommand(),
		serviceControlCommand("start", "Start the service", "started", startService),
		serviceControlCommand("stop", "Stop the service until the machine's next start", "stopped", stopService),
		serviceControlCommand("restart", "Stop the service and start it again", "restarted", restartService),
		serviceStatusCommand())
	c.AddCommand(serviceCommandsHere()...)
	return c
}

func serviceUninstallCommand() *cobra.Command {
	return &cobra.Command{
		Use: "uninstall", Short: "Stop the service and take it away", Args: cobra.NoArgs,
		Long: `Stop the service and take it away. The configuration, the state and the program stay.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := mayUninstall(); err != nil {
				return err
			}
			s, err := theService(osservice.Config{})
			if err != nil {
				return err
			}
			switch state, _, err := serviceState(); {
			case err != nil:
				return err
			case state == serviceMissing:
				return errNotInstalled
			case state != serviceStopped:
				if err := stopService(s); err != nil {
					return fmt.Errorf("stopping the service: %w", err)
				}
			}
			if err := s.Uninstall(); err != nil {
				return fmt.Errorf("taking the service away: %w", err)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "The service is gone. The configuration, the state and the program are still there.")
			return err
		},
	}
}

func serviceControlCommand(name, short, done string, do func(osservice.Service) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := theService(osservice.Config{})
			if err != nil {
				return err
			}
			if state, _, err := serviceState(); err != nil {
				return err
			} else if state == serviceMissing {
				return errNotInstalled
			}
			if err := do(s); err != nil {
				return fmt.Errorf("telling the service manager to %s the service: %w; %s", name, err, whereItSaysWhy)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "The service is %s.\n", done)
			return err
		},
	}
}

// serviceCondition is how a service is.
type serviceCondition uint8

// The conditions of a service.
const (
	serviceRunning serviceCondition = iota
	serviceFailed                   // it ended by itself, or ends again and again
	serviceStopped
	serviceMissing
)

// conditionCodes are the exit codes of "service status", which follow those of systemctl.
var conditionCodes = [...]int{serviceRunning: 0, serviceFailed: 1, serviceStopped: 3, serviceMissing: 4}

var conditionWords = [...]string{
	serviceRunning: "runs", serviceFailed: "has failed; " + whereItSaysWhy, serviceStopped: "is installed and does not run",
	serviceMissing: `is not installed ("service install" does it)`,
}

func serviceStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Tell whether the service runs", Args: cobra.NoArgs,
		Long: `Tell whether the service runs. The exit code is 0 while it does, 1 when it has failed or ends again
and again, 3 when it is stopped, and 4 when it is not installed. How a gateway that runs is doing
is what "health" tells.`,
		RunE: func(c *cobra.Command, _ []string) error {
			state, more, err := serviceState()
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(c.OutOrStdout(), "The service %s%s.\n", conditionWords[state], more); err != nil {
				return err
			}
			if code := conditionCodes[state]; code != 0 {
				return exitWith(code)
			}
			return nil
		},
	}
}

// exitWith ends the program with that code; what there is to say was said.
type exitWith int

func (e exitWith) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

var errNotInstalled = errors.New(`the service is not installed: "butlr-gateway service install" does it`)

// theService returns the service as the operating system knows it, with what c adds to its name. It needs a
// service manager.
func theService(c osservice.Config) (osservice.Service, error) {
	if err := hasManager(); err != nil {
		return nil, err
	}
	c.Name, c.DisplayName = serviceName, "Butlr gateway"
	c.Description = "Butlr's people counting as Modbus registers and MQTT topics"
	s, err := osservice.New(unused{}, &c)
	if err != nil {
		return nil, fmt.Errorf("finding the service manager: %w", err)
	}
	return s, nil
}

// unused is the program that the library would run: ours runs itself, and is told by signals or by Windows.
type unused struct{}

func (unused) Start(osservice.Service) error { return nil }
func (unused) Stop(osservice.Service) error  { return nil }

// host is what runs the gateway: where its log goes, and who wants to be told how it is.
type host struct {
	logs    logs
	manager manager
	hangups chan os.Signal // each has the configuration read anew
}

// runOn loads the configuration and runs the gateway until ctx ends.
func runOn(ctx context.Context, path string, h host) error {
	settings, err := config.Load(path)
	if err != nil {
		return err
	}
	return runGateway(ctx, path, settings, h)
}
