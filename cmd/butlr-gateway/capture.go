package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/config"
)

// captureOrder is what a command asks of the recorder.
type captureOrder struct {
	On      bool  `json:"on"`
	Seconds int64 `json:"seconds"`
}

func captureCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "capture", Short: "Record what Butlr sends, for a while",
		Long: `Record every accepted body in a file, to be posted again by "simulate --replay".

Bodies are recorded as they came, with the time of their arrival, below "capture" in the state
directory: four files of at most 64 MiB, the newest is capture.jsonl. The secret is in none of them,
and where sensors saw people is left out. Room names and people counts are in them: treat them so.`,
	}
	c.AddCommand(captureOnCommand(), captureOffCommand())
	return c
}

func captureOnCommand() *cobra.Command {
	var path string
	lasting := lifetime(time.Hour)
	c := &cobra.Command{
		Use: "on [--for D]", Short: "Record from now on", Args: cobra.NoArgs,
		Long: `Record from now on. It ends by itself, also when the gateway is restarted. Given again, it goes
on for so long from then.`,
		Example: `  butlr-gateway capture on --for 20m`,
		RunE: func(c *cobra.Command, _ []string) error {
			return orderCapture(c, path, captureOrder{On: true, Seconds: int64(time.Duration(lasting) / time.Second)})
		},
	}
	configFlag(c, &path)
	c.Flags().Var(&lasting, "for", "how long: such as 20m, 1h or 2d, at most 7d")
	return c
}

func captureOffCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "off", Short: "Record no more", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return orderCapture(c, path, captureOrder{}) },
	}
	configFlag(c, &path)
	return c
}

// orderCapture has the gateway that runs carry out an order, and tells what it answers.
func orderCapture(c *cobra.Command, path string, order captureOrder) error {
	settings, err := config.LoadWithoutSecrets(path)
	if err != nil {
		return err
	}
	told, err := sendOrder[captureTold](c.Context(), remote{string(settings.Gateway.StateDir)}, "capture", orderPatience, order)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	switch {
	case told.On:
		_, err = fmt.Fprintf(out, "recording until %s in %s\n", localTime(told.Until), printable(told.Path))
		return err
	case told.Path == "":
		_, err = fmt.Fprintln(out, "nothing is recorded")
		return err
	}
	fmt.Fprintf(out, "nothing is recorded any more; %d bodies are in %s\n", told.Bodies, printable(told.Path))
	if told.Missed > 0 {
		fmt.Fprintf(out, "%d more are missing, because the disk was too slow\n", told.Missed)
	}
	if told.Why != "" {
		return errors.New("the recording had ended before its time: " + printable(told.Why))
	}
	return nil
}
