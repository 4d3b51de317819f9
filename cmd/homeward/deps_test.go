package main

import (
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tooBig are packages that cost a router more than they give it: hundreds of
// KiB each, or the end of dead-code elimination (text/template).
var tooBig = []string{
	"text/template", "html/template", "text/tabwriter", "os/exec", "log/slog", "log/syslog", "flag", "net/http",
}

// goList asks go list, one answer a line.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Fields(string(out))
}

func TestShippedProgramStaysSmall(t *testing.T) {
	deps := goList(t, "-deps", "./cmd/homeward")
	if !slices.Contains(deps, "homeward/netwatch") {
		t.Fatalf("go list shows no netwatch in %v", deps)
	}
	for _, dep := range deps {
		if slices.Contains(tooBig, dep) {
			t.Errorf("the program contains %s", dep)
		}
		module, _, dotted := strings.Cut(dep, "/")
		allowed := strings.HasPrefix(dep, "golang.org/x/sys/") ||
			dep == "golang.org/x/net/dns/dnsmessage" ||
			strings.HasPrefix(dep, "github.com/vishvananda/net") || strings.HasPrefix(dep, "vendor/")
		if dotted && strings.Contains(module, ".") && !allowed {
			t.Errorf("the program contains %s, which is none of the packages allowed", dep)
		}
	}
}

// TestArrows holds every file to the picture of who may import whom.
func TestArrows(t *testing.T) {
	files := goList(t, "-f", `{{range .GoFiles}}{{$.Dir}}/{{.}} {{end}}{{range .IgnoredGoFiles}}{{$.Dir}}/{{.}} {{end}}`+
		`{{range .TestGoFiles}}{{$.Dir}}/{{.}} {{end}}{{range .XTestGoFiles}}{{$.Dir}}/{{.}} {{end}}`, "./...")
	root := goList(t, "-m", "-f", "{{.Dir}}")[0]
	if len(files) < 10 {
		t.Fatalf("go list shows no more files than %v", files)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if wrong := arrow(rel, strings.Trim(i.Path.Value, `"`)); wrong != "" {
				t.Errorf("%s imports %s: %s", rel, i.Path.Value, wrong)
			}
		}
	}
}

// below has, for each package that is a leaf or near one, what of ours it may
// import.
func below() map[string][]string {
	return map[string][]string{
		"cmd/homeward/settings": {"cmd/homeward/settings/form", "cmd/homeward/settings/keylines", "cmd/homeward/settings/toml", "netwatch", "openwrt/services",
			"openwrt/uci", "update/rfc2136", "update/spelling", "update/secret", "update/service"},
		"cmd/homeward/settings/form":     {"update/secret"},
		"cmd/homeward/settings/toml":     nil,
		"cmd/homeward/settings/keylines": {"cmd/homeward/settings/toml"},
		"cmd/homeward/cli":               {"cmd/homeward/settings", "update/spelling"},
		"cmd/homeward/identity":          {"cmd/homeward/daemon", "cmd/homeward/settings", "update/log", "update/secret", "update/state"},
		"cmd/homeward/ipv64cli": {"cmd/homeward/cli", "cmd/homeward/daemon", "cmd/homeward/identity", "cmd/homeward/settings",
			"cmd/homeward/settings/form", "netwatch", "update/clock", "update/ipv64api", "update/log", "update/resolver", "update/secret", "update/service",
			"update/state", "update/transport"},
		"openwrt/uci":         {"update/spelling", "update/secret"},
		"openwrt/ddnsscripts": {"openwrt/services", "openwrt/uci", "update/rfc2136"},
		"openwrt/inadyn":      {"openwrt/uci"},
		"update/spelling":     nil, "update/secret": nil, "update/clock": nil, "update/log": nil, "update/retry": nil, "update/resolver": nil,
		"update/rfc2136":   {"update/secret"},
		"update/transport": {"update/resolver", "update/rfc2136", "update/secret"},
		"update/loop":      {"update/clock", "update/log", "update/transport"},
		"update/service":   {"update/rfc2136", "update/secret", "update/transport"},
		"update/state":     {"update/clock", "update/log", "update/service", "update/transport"},
		"update/checkip": {"update/clock", "update/log", "update/loop", "update/retry", "update/secret", "update/service",
			"update/state", "update/transport"},
		"update/ipv64api": {"update/clock", "update/log", "update/secret", "update/service", "update/state", "update/transport"},
	}
}

// arrow tells why a file may not import a package, "" if it may.
func arrow(file, path string) string {
	in := func(dirs ...string) bool {
		return slices.ContainsFunc(dirs, func(d string) bool { return strings.HasPrefix(file, d+"/") })
	}
	test := strings.HasSuffix(file, "_test.go") || in("cmd/lab", "cmd/emulate", "openwrt/mkpkg", "netwatch/netwatchtest", "update/updatetest") // never shipped
	last := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case in("netwatch") && strings.HasPrefix(path, "homeward/update"),
		in("update") && strings.HasPrefix(path, "homeward/netwatch"):
		return "netwatch and update know nothing of each other"
	case in("netwatch", "update") && strings.HasPrefix(path, "homeward/cmd"):
		return "arrows lead from cmd, not to it"
	case strings.HasPrefix(path, "homeward/") && slices.Contains([]string{"util", "common", "types", "models", "config"}, last):
		return "name the package for what it does"
	case test:
		return ""
	case path == "homeward/cmd/homeward/settings/toml" && !in("cmd/homeward/settings"):
		return "the configuration's form is known to cmd/homeward/settings alone"
	case strings.HasPrefix(path, "github.com/vishvananda/") && file != "netwatch/rtnl_linux.go":
		return "the kernel's messages are known to netwatch/rtnl_linux.go alone"
	case slices.Contains(tooBig, path):
		return "too big for the shipped program"
	case path == "crypto/tls" && !in("update/transport"):
		return "TLS is update/transport's alone"
	}
	leaf, ok := below()[filepath.Dir(file)]
	if own, ours := strings.CutPrefix(path, "homeward/"); ok && ours && !slices.Contains(leaf, own) {
		return "below " + filepath.Dir(file) + " are only " + strings.Join(leaf, ", ")
	}
	return ""
}

func TestArrow(t *testing.T) {
	for _, tt := range []struct {
		file, path string
		may        bool
	}{
		{"netwatch/watcher.go", "homeward/update", false},
		{"netwatch/watcher_test.go", "homeward/update/updatetest", false},
		{"update/plan.go", "homeward/netwatch", false},
		{"update/plan.go", "homeward/cmd/homeward", false},
		{"update/state/store.go", "homeward/cmd/homeward/settings/toml", false},
		{"cmd/homeward/watch.go", "homeward/cmd/homeward/settings/toml", false},
		{"cmd/homeward/settings/syntax.go", "homeward/cmd/homeward/settings/toml", true},
		{"netwatch/watcher.go", "github.com/vishvananda/netlink/nl", false},
		{"netwatch/rtnl_linux.go", "github.com/vishvananda/netlink/nl", true},
		{"cmd/lab/router.go", "github.com/vishvananda/netlink", true},
		{"update/transport/client.go", "net/http", false},
		{"update/transport/client_test.go", "net/http", true},
		{"cmd/homeward/main.go", "homeward/netwatch", true},
		{"cmd/homeward/main.go", "homeward/util", false},
		{"update/state/store.go", "homeward/update", false},
		{"update/service/ipv64.go", "homeward/update/state", false},
		{"update/state/data.go", "homeward/update/service", true},
		{"update/secret/secret.go", "homeward/update/log", false},
		{"openwrt/uci/parse.go", "homeward/cmd/homeward/settings", false},
		{"openwrt/ddnsscripts/import.go", "homeward/openwrt/uci", true},
		{"update/scheduler.go", "crypto/tls", false},
		{"update/transport/connect.go", "crypto/tls", true},
	} {
		if got := arrow(tt.file, tt.path); (got == "") != tt.may {
			t.Errorf("arrow(%s, %s) = %q", tt.file, tt.path, got)
		}
	}
}
