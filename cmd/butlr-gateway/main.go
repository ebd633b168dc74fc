// Command butlr-gateway turns Butlr's webhooks into Modbus registers and MQTT topics.
//
// main.go is the way in: signals, the list of commands, the exit code. Each command has a file of its
// own. Only wire.go maps the configuration to the options of the parts, and serve.go alone opens them,
// in order, and closes them in reverse.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	_ "time/tzdata" // Windows and empty containers have no time zones

	"github.com/spf13/cobra"

	"butlr-gateway/config"
)

// Exit codes, the same for every command.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run carries out one command and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if problems, ok := errors.AsType[config.Problems](err); ok {
		fmt.Fprintln(stderr, forJournal(stderr, problems.Error()))
		return exitFailed
	}
	if code, ok := errors.AsType[exitWith](err); ok {
		return int(code)
	}
	fmt.Fprintln(stderr, forJournal(stderr, fmt.Sprintf("butlr-gateway: %v", err)))
	if usage, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(stderr, "See \"%s --help\".\n", usage.command)
		return exitUsage
	}
	return exitFailed
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "butlr-gateway",
		Short: "Butlr's people counting as Modbus registers and MQTT topics",
		Long: `butlr-gateway receives Butlr's webhooks and turns them into Modbus registers and MQTT
topics, so that heating, ventilation and lighting follow the people in a building.

Try "butlr-gateway demo": a simulated building, and no other software needed.`,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		runCommand(), checkCommand(), demoCommand(), simulateCommand(), pointsCommand(), readCommand(),
		forceCommand(), releaseCommand(), estimateCommand(), stateCommand(), healthCommand(),
		serviceCommand(), pathsCommand(), logLevelCommand(), supportBundleCommand(), reloadCommand(), passwordCommand(),
		webhooksCommand(), assetsCommand(), captureCommand(), versionCommand(),
	)
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	checkArguments(root)
	return root
}

// usageError is a command line that cannot be understood.
type usageError struct {
	command string
	err     error
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// flagError says what is wrong with an option. Where a command is missing or is none, that is to blame.
func flagError(c *cobra.Command, err error) error {
	switch before := c.Flags().Args(); {
	case c.HasSubCommands() && len(before) > 0:
		return unknownCommand(c, before)
	case c.HasSubCommands() && c.HasParent():
		return usageError{c.CommandPath(), fmt.Errorf("give a command before the options: %s", strings.Join(commandsOf(c), ", "))}
	}
	return usageError{c.CommandPath(), plainFlagError(err)}
}

// plainFlagError says what is wrong with an option's value in words of the operator's.
func plainFlagError(err error) error {
	if number, ok := errors.AsType[*strconv.NumError](err); ok {
		return errors.New(strings.Replace(err.Error(), number.Error(), number.Err.Error(), 1))
	}
	return err
}

// checkArguments makes a command's complaints about its arguments usage errors. A command that only
// has others below it explains them, and refuses what is none of them.
func checkArguments(c *cobra.Command) {
	if !c.Runnable() {
		c.Args = unknownCommand
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError{c.CommandPath(), err}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		checkArguments(sub)
	}
}

// unknownCommand refuses a word that is no command, and says which one was perhaps meant.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("there is no command %q", args[0])
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		message += "; did you mean " + strings.Join(near, " or ") + "?"
	} else if c.HasParent() {
		message += " below " + c.Name() + ": there is " + strings.Join(commandsOf(c), ", ")
	}
	return usageError{c.CommandPath(), errors.New(message)}
}

// commandsOf lists the commands below one.
func commandsOf(c *cobra.Command) (names []string) {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return names
}

// helpCommand explains a command, as the command's own --help does.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Explain a command",
		RunE: func(c *cobra.Command, args []string) error {
			explained, rest, err := c.Root().Find(args)
			if err != nil {
				return err
			}
			if err := unknownCommand(explained, rest); err != nil {
				return err
			}
			explained.InitDefaultHelpFlag()
			return explained.Help()
		},
	}
}

// configFlag gives a command the option --config.
func configFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "config", config.DefaultFile(), "the configuration `file`")
}
