package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/gateway"
)

// version is set by the build of a release.
var version string

// programVersion tells which program this is: the release, or the revision that it was built from.
func programVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

// programBuilt tells when this program was made, as far as it knows: when the revision was committed that
// it was built from. A build does not stamp its own time into it, so that equal sources give equal programs.
func programBuilt() gateway.Timestamp {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return 0
	}
	return builtAt(info.Settings)
}

func builtAt(settings []debug.BuildSetting) gateway.Timestamp {
	for _, s := range settings {
		if s.Key != "vcs.time" {
			continue
		}
		if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
			return gateway.TimestampOf(at)
		}
	}
	return 0
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Tell which program this is", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "butlr-gateway %s %s/%s %s\n", programVersion(), runtime.GOOS, runtime.GOARCH, runtime.Version())
			return err
		},
	}
}
