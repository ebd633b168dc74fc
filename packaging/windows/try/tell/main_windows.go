// Command tell tells the service that its parameters have changed, as "sc control butlr-gateway paramchange" does on
// Windows: wine's sc cannot.
package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

func main() {
	if err := tell(); err != nil {
		fmt.Fprintln(os.Stderr, "tell:", err)
		os.Exit(1)
	}
}

func tell() error {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString("butlr-gateway")
	if err != nil {
		return err
	}
	handle, err := windows.OpenService(manager, name, windows.SERVICE_PAUSE_CONTINUE)
	if err != nil {
		return err
	}
	_, err = (&mgr.Service{Name: "butlr-gateway", Handle: handle}).Control(svc.ParamChange)
	return err
}
