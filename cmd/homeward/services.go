package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/settings"
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
			fmt.Fprintf(c.Stderr, "homeward services: no service %q: homeward services lists them\n", c.Names[0])
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
	for _, s := range all {
		table.Add(s.Name, strings.Join(s.Publishes, " "), strings.Join(s.Needs, ", "))
	}
	fmt.Fprint(c.Stdout, table.String())
	return cli.ExitOK
}
