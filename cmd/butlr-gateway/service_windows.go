package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	osservice "github.com/kardianos/service"
	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"butlr-gateway/config"
)

const whereItSaysWhy = `the event viewer says why, under Windows Logs, Application, source butlr-gateway`

// serviceFlag adds the option with which Windows starts the program.
func serviceFlag(c *cobra.Command) func() bool {
	var asked bool
	c.Flags().BoolVar(&asked, "service", false, "run as a service of Windows")
	_ = c.Flags().MarkHidden("service") // it exists
	return func() bool { return asked }
}

func hasManager() error { return nil }

// packagedKey is where the package notes that the service is its.
const packagedKey = `SOFTWARE\butlr-gateway`

// packaged tells where the package has put the program, "" without a package.
func packaged() string {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, packagedKey, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer func() { _ = key.Close() }()
	where, _, err := key.GetStringValue("InstallDir")
	if err != nil {
		return ""
	}
	return where
}

func mayInstall() error {
	if where := packaged(); where != "" {
		return fmt.Errorf(`a package has installed the service already (in %s), and upgrades it: use "butlr-gateway service start"`, where)
	}
	return asAdministrator("installing")
}

func mayUninstall() error {
	if where := packaged(); where != "" {
		return fmt.Errorf("the service belongs to a package (in %s): remove that, in Settings, Apps, Installed apps, Butlr gateway", where)
	}
	return asAdministrator("taking away")
}

// asAdministrator tells why this user may not do something to services.
func asAdministrator(doing string) error {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CREATE_SERVICE)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return fmt.Errorf("%s the service needs an administrator: use a command prompt that was started as one", doing)
	}
	if err != nil {
		return fmt.Errorf("asking Windows for its services: %w", err)
	}
	return windows.CloseServiceHandle(manager)
}

// reachable tells why the service would not find a file: users' own folders are closed to it, and the drives that they
// have connected are not there for it.
func reachable(path string) error {
	users, err := windows.KnownFolderPath(windows.FOLDERID_UserProfiles, 0)
	if err == nil && strings.HasPrefix(strings.ToLower(path), strings.ToLower(users)+`\`) {
		return fmt.Errorf(`%s cannot be used: the service does not see what lies below %s; put the program into C:\Program Files\butlr-gateway, and the configuration into %s`,
			path, users, filepath.Dir(config.DefaultFile()))
	}
	volume := filepath.VolumeName(path)
	if strings.HasPrefix(volume, `\\`) || driveType(volume) == windows.DRIVE_REMOTE {
		return fmt.Errorf("%s cannot be used: the service does not see drives of the network; name a place on this machine", path)
	}
	return nil
}

func driveType(volume string) uint32 {
	root, err := windows.UTF16PtrFromString(volume + `\`)
	if err != nil {
		return windows.DRIVE_UNKNOWN
	}
	return windows.GetDriveType(root)
}

// recovery is what Windows does when the service fails, and after how long the count begins anew.
var recovery = []mgr.RecoveryAction{
	{Type: mgr.ServiceRestart, Delay: 5 * time.Second},
	{Type: mgr.ServiceRestart, Delay: 30 * time.Second},
	{Type: mgr.ServiceRestart, Delay: 60 * time.Second}, // and from then on
}

const recoveryReset = 24 * time.Hour

// serviceAccount runs the service. It has no rights on this machine, and none in the network: every port can be bound
// without any here, and the folders let it in by name.
const serviceAccount = `NT AUTHORITY\LocalService`

// installOn protects the folders, and hands the service to Windows.
func installOn(program, path, stateDir string) error {
	if err := protectFolders(path, stateDir); err != nil {
		return err
	}
	s, err := theService(osservice.Config{
		Executable: program, Arguments: []string{"run", "--service", "--config", path}, UserName: serviceAccount,
	})
	if err != nil {
		return err
	}
	if err := s.Install(); err != nil {
		return fmt.Errorf("installing the service: %w", err)
	}
	if err := restartOnFailure(); err != nil {
		return errors.Join(err, s.Uninstall())
	}
	return nil
}

// restartOnFailure has Windows start the service again, also when it ended with an error rather than crashed.
func restartOnFailure() error {
	err := withService(windows.SERVICE_ALL_ACCESS, func(s *mgr.Service) error {
		if err := s.SetRecoveryActions(recovery, uint32(recoveryReset.Seconds())); err != nil {
			return err
		}
		return s.SetRecoveryActionsOnNonCrashFailures(true)
	})
	if err != nil && !errors.Is(err, windows.ERROR_INVALID_LEVEL) { // which is what wine says: it never starts one again
		return fmt.Errorf("telling Windows to start the service again when it fails: %w", err)
	}
	return nil
}

// withService opens the service with the rights that are needed.
func withService(rights uint32, do func(*mgr.Service) error) error {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseServiceHandle(manager) }()
	name, err := windows.UTF16PtrFromString(serviceName)
	if err != nil {
		return err
	}
	handle, err := windows.OpenService(manager, name, rights)
	if err != nil {
		return err
	}
	s := &mgr.Service{Name: serviceName, Handle: handle}
	return errors.Join(do(s), s.Close())
}

// serviceState asks Windows how the service is.
func serviceState() (state serviceCondition, more string, err error) {
	err = withService(windows.SERVICE_QUERY_STATUS, func(s *mgr.Service) error {
		of, err := s.Query()
		switch {
		case err != nil:
			return err
		case of.State != svc.Stopped:
			state = serviceRunning
		case of.Win32ExitCode != 0 && windows.Errno(of.Win32ExitCode) != windows.ERROR_SERVICE_NEVER_STARTED:
			state = serviceFailed
		default:
			state = serviceStopped
		}
		return nil
	})
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return serviceMissing, "", nil
	}
	if err != nil {
		err = fmt.Errorf("asking Windows for the service: %w", err)
	}
	return state, "", err
}

// serviceCommandsHere adds what the package runs: see packaging/windows.
func serviceCommandsHere() []*cobra.Command { return []*cobra.Command{servicePrepareCommand()} }

func servicePrepareCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "prepare", Short: "Protect the folders of a service that a package has installed", Args: cobra.NoArgs, Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			// An upgrade meets configurations that are wrong; they are for the service to complain about.
			stateDir := string(config.Default().Gateway.StateDir)
			if settings, err := config.LoadWithoutSecrets(path); err == nil {
				stateDir = string(settings.Gateway.StateDir)
			}
			if mayBeGiven(stateDir) != nil {
				stateDir = ""
			}
			return errors.Join(protectFolders(path, stateDir), restartOnFailure())
		},
	}
	configFlag(c, &path)
	return c
}
