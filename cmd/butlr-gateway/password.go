package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"butlr-gateway/adapters/web/access"
	"butlr-gateway/config"
)

func passwordCommand() *cobra.Command {
	return &cobra.Command{
		Use: "password", Short: "Make a hash of a password, for [web] in the configuration", Args: cobra.NoArgs,
		Long: `Ask for a password twice, and print its hash (argon2id): what [web] password and
viewer_password take in place of the password itself. From the hash nobody learns the
password but by guessing.

Where the input is no terminal the password is its first line.`,
		RunE: func(c *cobra.Command, _ []string) error {
			password, err := readPassword(c.Context(), c.InOrStdin(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			if bad := config.PasswordWeakness(password); bad != "" {
				return fmt.Errorf("the password %s; \"openssl rand -base64 12\" makes one", bad)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), access.NewHash(password))
			return err
		},
	}
}

// readPassword asks for a password, and shows nothing of it.
func readPassword(ctx context.Context, in io.Reader, prompts io.Writer) (string, error) {
	terminal, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(in, 4<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	first, err := askHidden(ctx, terminal, prompts, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := askHidden(ctx, terminal, prompts, "Once more: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two passwords differ: try again")
	}
	return first, nil
}

// askHidden reads a line that is not shown. Who interrupts it has a terminal again that shows what they type.
func askHidden(ctx context.Context, terminal *os.File, prompts io.Writer, prompt string) (string, error) {
	before, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		return "", fmt.Errorf("asking for the password: %w", err)
	}
	fmt.Fprint(prompts, prompt)
	defer fmt.Fprintln(prompts) // the line that was typed did not end on the screen
	type answer struct {
		text []byte
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(int(terminal.Fd()))
		read <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", errors.Join(errors.New("interrupted"), term.Restore(int(terminal.Fd()), before))
	case a := <-read:
		if a.err != nil {
			return "", fmt.Errorf("reading the password: %w", a.err)
		}
		return string(a.text), nil
	}
}

// checkPasswords finds what only trying a password of the page shows: a hash that cannot be used, or that is
// of the other password.
func checkPasswords(c *config.Config) config.Problems {
	err := access.CheckPasswords(c.Web.Password.Reveal(), c.Web.ViewerPassword.Reveal())
	if bad, ok := errors.AsType[access.BadPassword](err); ok {
		return config.Problems{passwordProblem(c, bad)}
	}
	return nil
}

func passwordProblem(c *config.Config, bad access.BadPassword) config.Problem {
	return c.Problem("web."+bad.Key, bad.Message, bad.Hint)
}
