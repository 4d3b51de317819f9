package ipv64cli

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/settings"
	"homeward/update/updatetest"
)

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	api := updatetest.NewIPv64API("APIKEYapikeyAPIKEY")
	api.Limit10s = 0
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv, err := updatetest.Serve(l, api, updatetest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file("ca.pem", string(srv.CA))
	cfg := file("x.toml", "state_dir = \"state\"\nrun_dir = \"run\"\nca_file = \"ca.pem\"\n[account.a]\nservice = \"ipv64\"\ndomains = [\"a.ipv64.net\"]\ntoken = \"T\"\nserver = \""+srv.URL+"\"\n")
	key := " -c " + cfg + " --key-file " + file("key", "APIKEYapikeyAPIKEY\n")
	wrong := " -c " + cfg + " --key-file " + file("wrong", "WRONGkeyWRONGkey\n")
	program := cli.Program{Commands: func(yield func(cli.Command) bool) { yield(Command()) }}
	for _, tt := range []struct {
		args string
		want int
	}{
		{"account" + key, 0},
		{"account" + wrong, 1},
		{"add-domain a.ipv64.net" + key, 0},
		{"add-domain a.ipv64.net" + key, 1},
		{"del-domain a.ipv64.net" + key, 0},
		{"add-domain" + key, 2},
		{"nonsense" + key, 2},
		{"", 2},
		{"account -c /nowhere/x.toml", 2},
		{"account -c " + cfg + " --key-file /nowhere/key", 2},
		{"help", 2},
		{"logs -h", 0},
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"ipv64"}, strings.Fields(tt.args)...)
		if got := program.Run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); got != tt.want {
			t.Errorf("homeward ipv64 %s: exit %d, want %d: %s", tt.args, got, tt.want, &stderr)
		}
	}
}

func TestWithoutAConfiguration(t *testing.T) {
	var stderr bytes.Buffer
	s := &session{Call: cli.Call{Stderr: &stderr}, cfg: &settings.Config{}}
	if got := s.server(); got != "https://ipv64.net" || stderr.Len() > 0 {
		t.Errorf("server %s, said %q", got, &stderr)
	}
	cfg, _, faults := settings.Parse("x.toml", []byte(`
account.a = {service = "spdyn", domains = ["a.spdns.de"], token = "abcd-efgh-ijkl"}
account.b = {service = "ipv64", domains = ["b.ipv64.net"], token = "t", server = "https://off.example", enabled = false}
account.c = {service = "ipv64", domains = ["c.ipv64.net"], token = "t", server = "https://one.example"}
account.d = {service = "ipv64", domains = ["d.ipv64.net"], token = "t"}
`), 0o600, settings.ReadFile)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	s.cfg = cfg
	if got := s.server(); got != "https://one.example" || stderr.String() != "warning: the accounts name several servers: asking https://one.example, that of c\n" {
		t.Errorf("server %s, said %q", got, &stderr)
	}
}
