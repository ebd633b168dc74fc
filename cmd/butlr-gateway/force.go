package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// assetGrammar is how every command that names an asset explains it.
const assetGrammar = `ASSET is Butlr's id, "custom:" and your own id in Butlr, or "group:" and a group's key.`

// whoDoesIt is how every command that changes something explains where.
const whoDoesIt = `The gateway that runs does it; without one it is stored, and the next start finds it.`

// notBefore is how those of them explain that they need assets.
const notBefore = ` Before its
first start there is no asset yet, and nowhere to store it.`

func forceCommand() *cobra.Command {
	var path, reason string
	lasting := lifetime(gateway.DefaultOverride)
	c := &cobra.Command{
		Use:   "force ASSET occupied|vacant|MEASURE=VALUE [--for D] [--reason TEXT]",
		Short: "Force an answer for a while, whatever the events say",
		Long: `Force an answer of an asset for a while, whatever the events say. It ends by itself.

occupied and vacant force all three outputs. MEASURE is occupied (all three), lighting, hvac or
ventilation, with occupied, vacant, 1 or 0; or people, with a number. Forcing it again replaces
what was forced; everything else stays as the events have it.

` + assetGrammar + "\n" + whoDoesIt + notBefore,
		Example: `  butlr-gateway force room_3jsO3M1KzCEuPDimYj0iZrqyaiW occupied --for 2h --reason "fire drill"
  butlr-gateway force custom:MH-3.12 lighting=vacant
  butlr-gateway force group:ahu-3 people=40 --for 7d`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("give an ASSET, and what to force it to: occupied, vacant or MEASURE=VALUE")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			target, value, err := parseForce(args[1])
			if err == nil {
				err = checkAsset(args[0])
			}
			if err == nil && len(reason) > web.LongestReason {
				err = fmt.Errorf("--reason is too long: at most %d bytes", web.LongestReason)
			}
			if err != nil {
				return usageError{c.CommandPath(), err}
			}
			order := web.ForceOrder{
				Asset: args[0], Target: target.String(), Value: &value, For: time.Duration(lasting).String(),
				Reason: reason, Author: operator(),
			}
			return giveOrder(c, path, func(ctx context.Context, settings *config.Config, at desk) (string, error) {
				forced, err := at.Force(ctx, order)
				if err != nil {
					return "", err
				}
				said := printable(string(forced.Asset)) + ": " + printable(forced.Override.Sentence(settings.Gateway.Timezone))
				return said + listOverrides("also in force", forced.Beside, settings.Gateway.Timezone), nil
			})
		},
	}
	configFlag(c, &path)
	c.Flags().Var(&lasting, "for", "how long: such as 90m, 2h or 7d, at most 30d")
	c.Flags().StringVar(&reason, "reason", "", "why: a `text` for whoever sees it")
	return c
}

func releaseCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "release ASSET [MEASURE]", Short: "End what was forced",
		Long: `End what was forced of an asset, by whomever: everything, or of one MEASURE, which is occupied
(all three outputs together), lighting, hvac, ventilation or people.

` + assetGrammar + "\n" + whoDoesIt + notBefore,
		Example: `  butlr-gateway release custom:MH-3.12
  butlr-gateway release group:ahu-3 people`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return errors.New("give an ASSET, and a MEASURE if not everything is to be released")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			order := web.ReleaseOrder{Asset: args[0], Author: operator()}
			err := checkAsset(args[0])
			if len(args) == 2 && err == nil {
				order.Target = args[1]
				_, err = parseTarget(args[1])
			}
			if err != nil {
				return usageError{c.CommandPath(), err}
			}
			return giveOrder(c, path, func(ctx context.Context, settings *config.Config, at desk) (string, error) {
				released, err := at.Release(ctx, order)
				if err != nil {
					return "", err
				}
				return printable(string(released.Asset)) + ": " + releasedWords(released, order.Target, settings.Gateway.Timezone), nil
			})
		},
	}
	configFlag(c, &path)
	return c
}

// releasedWords says what a release ended, and what is still forced.
func releasedWords(r *web.Released, target string, place *time.Location) string {
	if len(r.Ended) > 0 {
		said := "released; " + counted(len(r.Ended), "override") + " ended" + listOverrides("", r.Ended, place)
		return said + listOverrides("still in force", r.Still, place)
	}
	all := slices.IndexFunc(r.Still, func(o web.Override) bool { return o.Target == gateway.TargetOutputs.String() })
	single := target != "" && target != gateway.TargetOutputs.String() && target != gateway.TargetPeople.String()
	if all >= 0 && single {
		return target + " is forced with all three outputs, and not by itself: \"butlr-gateway release " + string(r.Asset) + " occupied\" ends that" +
			listOverrides("still in force", r.Still, place)
	}
	if target != "" {
		return "nothing was forced of " + target + " by itself" + listOverrides("still in force", r.Still, place)
	}
	return "nothing was forced"
}

// listOverrides says each override on a line of its own.
func listOverrides(heading string, overrides []web.Override, place *time.Location) string {
	text := ""
	for i := range overrides {
		text += "\n  "
		if heading != "" {
			text += heading + ": "
		}
		text += printable(overrides[i].Sentence(place))
	}
	return text
}

func estimateCommand() *cobra.Command {
	c := &cobra.Command{Use: "estimate", Short: "Correct what traffic makes the gateway believe"}
	c.AddCommand(estimateResetCommand())
	return c
}

func estimateResetCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "reset ASSET", Short: "Begin an asset's traffic estimate anew: nobody is there now",
		Long: `Begin an asset's traffic estimate anew, as midnight does: nobody is there now. The totals of who went
in and out stay as they are.

` + assetGrammar + "\n" + whoDoesIt + notBefore,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("give an ASSET")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkAsset(args[0]); err != nil {
				return usageError{c.CommandPath(), err}
			}
			return giveOrder(c, path, func(ctx context.Context, _ *config.Config, at desk) (string, error) {
				reset, err := at.ResetEstimate(ctx, web.ResetOrder{Asset: args[0], Author: operator()})
				if err != nil {
					return "", err
				}
				return printable(string(reset.Asset)) + ": the traffic estimate begins anew with nobody there", nil
			})
		},
	}
	configFlag(c, &path)
	return c
}

// giveOrder gives an order at the desk, and prints what says what was done, fit for a terminal.
func giveOrder(c *cobra.Command, path string, give func(context.Context, *config.Config, desk) (string, error)) error {
	settings, err := config.LoadWithoutSecrets(path)
	if err != nil {
		return err
	}
	var done string
	log := slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
	alone, err := atDesk(c.Context(), settings, toChange, log, func(at desk) (err error) {
		done, err = give(c.Context(), settings, at)
		return err
	})
	if err != nil {
		return err
	}
	if alone {
		fmt.Fprintf(c.ErrOrStderr(), "No gateway runs on the state directory %s: this is stored, and the next start finds it.\n", settings.Gateway.StateDir)
	}
	_, err = fmt.Fprintln(c.OutOrStdout(), done)
	return err
}
