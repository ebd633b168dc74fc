package config

import "butlr-gateway/gateway"

// Rules returns the rules that the state obeys.
func (c *Config) Rules() gateway.Rules {
	rules := gateway.DefaultRules()
	rules.State = resolved(c.State.Settings)
	rules.Location = c.Gateway.Timezone
	rules.MaxFuture = c.State.MaxFuture
	rules.Horizon = c.State.Horizon
	rules.MaxIDs = c.State.MaxIDs
	rules.Organisations = c.Webhook.Organisations
	rules.OnlySites = c.Webhook.Sites
	rules.Buildings = c.Webhook.Buildings
	rules.Health = c.Butlr.Health
	rules.Polled = c.Butlr.Polls()
	rules.MaxUnknownAssets = c.Webhook.MaxUnknownAssets

	rules.Classes = make(map[gateway.Kind]gateway.Patch, len(c.Classes))
	for name, class := range c.Classes {
		rules.Classes[gateway.ParseKind(name)] = class.Settings
	}
	rules.Sites = make(map[gateway.AssetID]gateway.SiteRule, len(c.Sites))
	for id, s := range c.Sites {
		rules.Sites[id] = gateway.SiteRule{Location: s.Timezone, Hours: s.Hours, State: s.Settings}
	}
	rules.Assets = make(map[gateway.AssetID]gateway.AssetRule, len(c.Assets))
	for id, a := range c.Assets {
		rules.Assets[id] = gateway.AssetRule{Name: a.Name, Capacity: a.Capacity, Index: a.Index, State: a.Settings}
	}
	rules.Groups = make(map[string]gateway.GroupRule, len(c.Groups))
	for key, g := range c.Groups {
		members := make([]string, len(g.Members))
		for i, m := range g.Members {
			members[i] = string(m)
		}
		rules.Groups[key] = gateway.GroupRule{
			Name: g.Name, Members: members, Capacity: g.Capacity, Index: g.Index, State: g.Settings,
		}
	}
	return rules
}

// resolved returns the settings in force where these sections speak, the one that counts least first.
func resolved(sections ...gateway.Patch) gateway.Settings {
	s := gateway.DefaultSettings()
	for _, changes := range sections {
		for _, change := range changes {
			change(&s)
		}
	}
	return s
}
