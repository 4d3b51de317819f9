package main

import (
	"context"
	"fmt"
	"strings"

	"homeward/cmd/homeward/cli"
	"homeward/openwrt/ddnsscripts"
	"homeward/openwrt/inadyn"
	"homeward/openwrt/uci"
)

func importCommand() cli.Command {
	return cli.Command{
		Name:  "import",
		Args:  "[ddns|inadyn]",
		About: "reads uci export ddns, or an inadyn.conf, on stdin and writes our UCI configuration on stdout",
		Long: `
What ddns-scripts or inadyn have and homeward cannot do stands there as a
comment.`,
		Names: true,
		Run:   runImport,
	}
}

func runImport(_ context.Context, c cli.Call) int {
	src, err := readUCI(c.Stdin)
	if err != nil {
		fmt.Fprintln(c.Stderr, "homeward import:", err)
		return cli.ExitUsage
	}
	switch strings.Join(c.Names, " ") {
	case "", "ddns":
	case "inadyn":
		text, fault := inadyn.Import(src)
		if fault != nil {
			fmt.Fprintf(c.Stderr, "inadyn.conf:%d: %s\n", fault.Line, fault.What)
			return cli.ExitUsage
		}
		return writeAll(c.Stdout, c.Stderr, []byte(text))
	default:
		fmt.Fprintln(c.Stderr, "homeward import: write ddns, which is the default, or inadyn")
		return cli.ExitUsage
	}
	text, fault := ddnsscripts.Import(src)
	if fault != nil {
		uci.File{Name: "uci export ddns"}.Print(c.Stderr, "", []uci.Fault{*fault})
		if _, other := inadyn.Import(src); other == nil && strings.Contains(string(src), "{") {
			fmt.Fprintln(c.Stderr, "this is an inadyn.conf: homeward import inadyn")
		}
		return cli.ExitUsage
	}
	return writeAll(c.Stdout, c.Stderr, []byte(text))
}
