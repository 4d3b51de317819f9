package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"homeward/update/updatetest"
)

// apiCommand is the stories' command api: the stand-in of IPv64's API.
//
//	api start FILE...    serves it; in the files SERVER becomes its address, ca.pem is its authority
//	api next STATUS FILE the next call gets this answer, - an empty one
//	api took             prints what arrived as method, path, query and form, and forgets nothing
func apiCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: api start|next|took")
	}
	switch args[0] {
	case "start":
		api := updatetest.NewIPv64API("APIKEYapikeyAPIKEY")
		api.Limit10s = 0
		api.Take("taken.ipv64.net")
		api.AddDomain("home.ipv64.net", "2001:db8:1200::/64", updatetest.APIRecord{Type: "A", Content: "203.0.113.7"},
			updatetest.APIRecord{Praefix: "nas", Type: "AAAA", Content: "2001:db8:1200::1234"}, updatetest.APIRecord{Type: "TXT", Content: "v=spf1 -all"})
		api.Log(updatetest.APILog{Subdomain: "home.ipv64.net", Time: "2026-07-20 23:00:00", Header: "Update", Content: "/nic/update?key=APIKEYapikeyAPIKEY"},
			updatetest.APILog{Subdomain: "home.ipv64.net", Time: "2026-12-01 00:30:00", Header: "API", Content: "get_domains"})
		srv, err := serveAPI(api)
		ts.Check(err)
		ts.Defer(func() { srv.Close() })
		ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), srv.CA, 0o600))
		for _, f := range args[1:] {
			text := strings.ReplaceAll(ts.ReadFile(f), "SERVER", srv.URL)
			ts.Check(os.WriteFile(ts.MkAbs(f), []byte(text), 0o600))
		}
		*standInOf(ts) = api
	case "next":
		status, err := strconv.Atoi(args[1])
		ts.Check(err)
		a := updatetest.Answer{Status: status, Body: "", Header: http.Header{}}
		if args[2] != "-" {
			a.Body = ts.ReadFile(args[2])
		}
		if len(args) > 3 {
			a.Header.Set("Retry-After", args[3])
		}
		(*standInOf(ts)).Next(a)
	case "took":
		for _, r := range (*standInOf(ts)).Requests() {
			fmt.Fprintln(ts.Stdout(), r.Method, r.Path, r.Query.Encode(), r.Form.Encode(), r.By)
		}
	default:
		ts.Fatalf("no api %s", args[0])
	}
}

// serveAPI serves a stand-in on loopback.
func serveAPI(api *updatetest.IPv64API) (*updatetest.Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return updatetest.Serve(l, api, updatetest.Options{})
}

// standInKey is where a story keeps its stand-in.
type standInKey struct{}

func standInOf(ts *testscript.TestScript) **updatetest.IPv64API {
	return ts.Value(standInKey{}).(**updatetest.IPv64API)
}
