package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/settings"
	shipped "homeward/openwrt/services"
)

func servicesCommand() cli.Command {
	return cli.Command{
		Name:  "services",
		Args:  "[NAME]",
		About: "lists the services it knows by name, or shows one: what it needs, what it can publish",
		Names: true,
		Flags: []cli.Flag{cli.JSONFlag},
		Run:   runServices,
	}
}

func runServices(_ context.Context, c cli.Call) int {
	all := settings.Services()
	if len(c.Names) > 1 {
		fmt.Fprintln(c.Stderr, "homeward services: write one name, or none for the list")
		return cli.ExitUsage
	}
	if len(c.Names) == 1 {
		i := slices.IndexFunc(all, func(s settings.Service) bool { return s.Name == c.Names[0] })
		if i < 0 {
			fmt.Fprintln(c.Stderr, "homeward services: "+noService(c.Names[0]))
			return cli.ExitUsage
		}
		all = all[i : i+1]
	}
	if c.Has("--json") {
		text, _ := json.Marshal(map[string][]settings.Service{"services": all}) // plain data
		fmt.Fprintf(c.Stdout, "%s\n", text)
		return cli.ExitOK
	}
	var table cli.Columns
	if len(c.Names) == 1 {
		fmt.Fprint(c.Stdout, serviceDetails(all[0]))
		return cli.ExitOK
	}
	for _, s := range all {
		table.Add(s.Name, strings.Join(s.Publishes, " "), strings.Join(s.Needs, ", "))
	}
	fmt.Fprint(c.Stdout, table.String())
	return cli.ExitOK
}

// noService says why there is no service of a name.
func noService(name string) string {
	instead, why := shipped.ForScript(name)
	switch {
	case why != "":
		return fmt.Sprintf("%q cannot be updated: %s", name, why)
	case instead != "":
		return fmt.Sprintf("no service %q: that script's service is %s here", name, instead)
	}
	if near := settings.NearestService(name); near != "" {
		return fmt.Sprintf("no service %q: did you mean %s?", name, near)
	}
	return fmt.Sprintf("no service %q: homeward services lists them", name)
}

// serviceDetails shows one service.
func serviceDetails(s settings.Service) string {
	var table cli.Columns
	table.Add(s.Name)
	add := func(name, text string) {
		if text != "" {
			table.Add("  "+name, text)
		}
	}
	add("publishes", strings.Join(s.Publishes, " "))
	add("needs", strings.Join(s.Needs, ", "))
	add("username", s.Username)
	add("secret", s.Secret)
	add("limits", limitWords(s.Limit10s, s.Limit24h))
	add("asks", strings.Join(s.Hosts, " "))
	add("care", s.Warning)
	add("file", s.File)
	return table.String()
}

// limitWords tells the limits of a service; 0 is none.
func limitWords(short, day int) string {
	var words []string
	if short > 0 {
		words = append(words, fmt.Sprint(short, " in 10 seconds"))
	}
	if day > 0 {
		words = append(words, fmt.Sprint(day, " in 24 hours"))
	}
	if words == nil {
		return "none"
	}
	return strings.Join(words, ", ")
}
