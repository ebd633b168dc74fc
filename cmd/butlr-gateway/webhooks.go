package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"butlr-gateway/config"
)

func webhooksCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "webhooks", Short: "See and settle what Butlr sends, and to whom",
	}
	c.AddCommand(webhooksListCommand(), webhooksRegisterCommand(), webhooksUpdateCommand(), webhooksDeleteCommand())
	return c
}

const aboutSubscriptions = `The subscription of this gateway is the one whose name carries the gateway's id. Butlr sends an event type
to one subscriber only, whoever that is. No secret is printed, neither of this gateway nor of anybody else.
`

func webhooksListCommand() *cobra.Command {
	var o subscriptionOptions
	c := &cobra.Command{
		Use: "list", Short: "List all subscriptions that Butlr has", Args: cobra.NoArgs,
		Long: "List all subscriptions that Butlr has for the organisation: which events go where.\n\n" + aboutSubscriptions,
		RunE: func(c *cobra.Command, _ []string) error { return o.list(c) },
	}
	o.flags(c)
	return c
}

func webhooksRegisterCommand() *cobra.Command {
	var o subscriptionOptions
	c := &cobra.Command{
		Use: "register", Short: "Have Butlr send its events to this gateway", Args: cobra.NoArgs,
		Long: `Have Butlr send the events of [butlr] to its public_url, with the secrets of [webhook]. Without --yes it is
shown what would change, and nothing is changed. Where everything is as it should be, nothing is.

` + aboutSubscriptions + `An event type that goes to somebody else stops everything, unless --take-over says that they lose it: their
subscription goes on with the rest, and is deleted where nothing is left. The exit code is 1 where it stops.`,
		Example: `  butlr-gateway webhooks register
  butlr-gateway webhooks register --yes
  butlr-gateway webhooks register --yes --take-over`,
		RunE: func(c *cobra.Command, _ []string) error { return o.register(c) },
	}
	o.flags(c)
	o.applyFlag(c)
	c.Flags().BoolVar(&o.takeOver, "take-over", false, "take event types from others who are subscribed to them")
	return c
}

func webhooksUpdateCommand() *cobra.Command {
	var o subscriptionOptions
	c := &cobra.Command{
		Use: "update", Short: "Change the subscription to what the configuration says now", Args: cobra.NoArgs,
		Long: `Change the subscription of this gateway to what the configuration says now, as "webhooks register" does; but
where there is none, none is made, and the exit code is 1. Without --yes it is shown what would change.

` + aboutSubscriptions,
		RunE: func(c *cobra.Command, _ []string) error { return o.update(c) },
	}
	o.flags(c)
	o.applyFlag(c)
	return c
}

func webhooksDeleteCommand() *cobra.Command {
	var o subscriptionOptions
	c := &cobra.Command{
		Use: "delete", Short: "End the subscription of this gateway", Args: cobra.NoArgs,
		Long: `End the subscription of this gateway: Butlr sends it nothing any more, and its readings become stale. Without
--yes it is shown what would be deleted. Subscriptions of others are left alone.

` + aboutSubscriptions,
		RunE: func(c *cobra.Command, _ []string) error { return o.end(c) },
	}
	o.flags(c)
	o.applyFlag(c)
	return c
}

// subscriptionOptions is what the commands about subscriptions are told.
type subscriptionOptions struct {
	config   string
	asJSON   bool
	yes      bool
	takeOver bool
}

func (o *subscriptionOptions) flags(c *cobra.Command) {
	configFlag(c, &o.config)
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
}

func (o *subscriptionOptions) applyFlag(c *cobra.Command) {
	c.Flags().BoolVar(&o.yes, "yes", false, "do what is shown")
}

// load reads the configuration; where something is to be subscribed to, it must say what.
func (o *subscriptionOptions) load(subscribes bool) (*config.Config, error) {
	settings, err := config.Load(o.config)
	if err != nil {
		return nil, err
	}
	if subscribes && settings.Butlr.On() && settings.Butlr.PublicURL == "" {
		return nil, config.Problems{settings.Problem("butlr.public_url", "is missing: where should Butlr send to?",
			`write the address at which the internet reaches the webhook, as in public_url = "https://bms.example.org`+settings.Webhook.Path+`"`)}
	}
	return settings, nil
}

// commandLog is the log of a command: who waits wants to know what for.
func commandLog(c *cobra.Command) *slog.Logger {
	return slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}
