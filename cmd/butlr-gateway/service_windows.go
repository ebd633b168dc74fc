package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	osservice "github.com/kardianos/service"
	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"

	"butlr-gateway/packaging"
)

const whereItSaysWhy = `the event viewer says why, under Windows Logs, Application, source butlr-gateway`

// serviceFlag adds the option with which Windows starts the program.
func serviceFlag(c *cobra.Command) func() bool {
	var asked bool
	c.Flags().BoolVar(&asked, "service", false, "run as a service of Windows")
	_ = c.Flags().MarkHidden("service") // it exists
	return func() bool { return asked }
}

func hasManager() error   { return nil }
func mayInstall() error   { return asAdministrator("installing") }
func mayUninstall() error { return asAdministrator("taking away") }

func asAdministrator(doing string) error {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return fmt.Errorf("%s the service needs an administrator: use a command prompt that was started as one", doing)
	}
	return nil
}

// reachable tells why the service would not find a file. A user's own folder is closed to it, which no name tells.
func reachable(string) error { return nil }

// placeConfig writes the example where there is no configuration yet, and tells whether it did.
func placeConfig(path string) (fresh bool, err error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := protectedDirectory(filepath.Dir(path)); err != nil {
		return false, err
	}
	if err := os.WriteFile(path, packaging.Config, 0o600); err != nil {
		return false, fmt.Errorf("writing the example configuration: %w", err)
	}
	return true, nil
}

// protection lets the system, administrators and the service's account at what is in a directory, and nobody
// else, whatever the directory above says.
const protection = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;LS)"

// protectedDirectory makes a directory that only the service and administrators may look into.
func protectedDirectory(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making %s: %w", dir, err)
	}
	of, err := windows.SecurityDescriptorFromString(protection)
	if err != nil {
		return fmt.Errorf("protecting %s: %w", dir, err)
	}
	list, _, err := of.DACL()
	if err == nil {
		err = windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT,
			windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
	}
	if err != nil {
		return fmt.Errorf("protecting %s: %w", dir, err)
	}
	return nil
}

// recovery is what Windows does when the service fails, and after how long the count begins anew.
var recovery = []mgr.RecoveryAction{
	{Type: mgr.ServiceRestart, Delay: 5 * time.Second},
	{Type: mgr.ServiceRestart, Delay: 30 * time.Second},
	{Type: mgr.ServiceRestart, Delay: 60 * time.Second}, // and from then on
}

const recoveryReset = 24 * time.Hour

// installOn protects the state directory, and hands the service to Windows. It runs as an account without rights.
func installOn(program, path, stateDir string) error {
	if err := protectedDirectory(stateDir); err != nil {
		return err
	}
	s, err := theService(osservice.Config{
		Executable: program, Arguments: []string{"run", "--service", "--config", path}, UserName: `NT AUTHORITY\LocalService`,
	})
	if err != nil {
		return err
	}
	if err := s.Install(); err != nil {
		return fmt.Errorf("installing the service: %w", err)
	}
	if err := restartOnFailure(); err != nil {
		return errors.Join(fmt.Errorf("telling Windows to start the service again when it fails: %w", err), s.Uninstall())
	}
	return nil
}

// restartOnFailure has Windows start the service again, also when it ended with an error rather than crashed.
func restartOnFailure() error {
	return withService(windows.SERVICE_ALL_ACCESS, func(s *mgr.Service) error {
		if err := s.SetRecoveryActions(recovery, uint32(recoveryReset.Seconds())); err != nil {
			return err
		}
		return s.SetRecoveryActionsOnNonCrashFailures(true)
	})
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

// runAsService runs the gateway for Windows, which started the program and tells it when to stop.
func runAsService(path string) error {
	events, err := eventlog.Open(serviceName)
	if err != nil {
		return fmt.Errorf("opening the event log: %w", err)
	}
	s := &windowsService{path: path, events: events}
	return errors.Join(svc.Run(serviceName, s), events.Close())
}

// windowsService is the gateway as Windows sees it.
type windowsService struct {
	path   string
	events *eventlog.Log
}

const (
	startHint = 3 * time.Minute // with a large state
	stopTurn  = time.Second     // between two signs of life while stopping
	stopHint  = 5 * time.Second
)

// Execute runs the gateway: see [svc.Handler]. An end that nobody asked for is a failure, after which Windows acts.
func (w *windowsService) Execute(_ []string, requests <-chan svc.ChangeRequest, changes chan<- svc.Status) (own bool, code uint32) {
	changes <- svc.Status{State: svc.StartPending, WaitHint: uint32(startHint.Milliseconds())}
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	serving, ended := make(chan struct{}, 1), make(chan error, 1)
	h := host{logs: eventLogs{w.events}, manager: manager{tell: func(state string) error {
		if state == stateReady {
			serving <- struct{}{}
		}
		return nil
	}}, hangups: make(chan os.Signal, 1)}
	go func() { ended <- runOn(ctx, w.path, h) }()
	for {
		select {
		case <-serving:
			changes <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown | svc.AcceptParamChange}
		case err := <-ended:
			return w.tellEnd(err)
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				changes <- r.CurrentStatus
			case svc.ParamChange:
				select {
				case h.hangups <- os.Interrupt: // any will do
				default: // one is waiting already
				}
				changes <- r.CurrentStatus
			case svc.Stop, svc.Shutdown:
				stop(errors.New("Windows asked for it"))
				return w.tellEnd(awaitEnd(ended, changes))
			}
		}
	}
}

// awaitEnd gives Windows signs of life until the gateway has stopped.
func awaitEnd(ended <-chan error, changes chan<- svc.Status) error {
	turn := time.NewTicker(stopTurn)
	defer turn.Stop()
	for checkpoint := uint32(1); ; checkpoint++ {
		changes <- svc.Status{State: svc.StopPending, CheckPoint: checkpoint, WaitHint: uint32(stopHint.Milliseconds())}
		select {
		case err := <-ended:
			return err
		case <-turn.C:
		}
	}
}

// tellEnd says in the event log why the gateway ended, and returns what Windows is told.
func (w *windowsService) tellEnd(err error) (own bool, code uint32) {
	if err == nil {
		return false, 0
	}
	_ = w.events.Error(eventOfEnd, err.Error()) // there is nobody else to tell
	return true, exitFailed
}
