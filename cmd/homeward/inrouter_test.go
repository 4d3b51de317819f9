package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"homeward/cmd/homeward/daemon"
	"homeward/netwatch/netwatchtest"
	"homeward/update/updatetest"
)

// inRouter is the stories' program in-router: homeward in a router of its own,
// on a real kernel, with a stand-in of IPv64's API. Its address is written in
// place of SERVER into router.toml.
func inRouter() {
	if len(os.Args) > 1 && os.Args[1] == daemon.WorkerArg {
		main()
	}
	netwatchtest.Enter()
	if err := routerLine(); err != nil {
		fmt.Fprintln(os.Stderr, "in-router:", err)
		os.Exit(3)
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// routerLine makes a line with both families and the stand-in.
func routerLine() error {
	r, err := netwatchtest.New(false)
	if err != nil {
		return err
	}
	if err := r.SetIPv4(lease, gateway); err != nil {
		return err
	}
	err = r.SetIPv6(netip.MustParsePrefix("2001:db8::7/128"), delegated, netip.MustParsePrefix("2001:db8:1200::1/64"))
	if err != nil {
		return err
	}
	api := updatetest.NewIPv64API("APIKEYapikeyAPIKEY")
	api.AddDomain("home.ipv64.net", "2001:db8:1200::/64", updatetest.APIRecord{Type: "A", Content: "203.0.113.7"})
	api.AddDomain("old.ipv64.net", "2001:db8:1100::/64", updatetest.APIRecord{Praefix: "www", Type: "A", Content: "203.0.113.6"})
	srv, err := serveAPI(api)
	if err != nil {
		return err
	}
	text, err := os.ReadFile("router.toml")
	if err != nil {
		return err
	}
	if err := os.WriteFile("ca.pem", srv.CA, 0o600); err != nil {
		return err
	}
	return os.WriteFile("router.toml", []byte(strings.ReplaceAll(string(text), "SERVER", srv.URL)), 0o600)
}
