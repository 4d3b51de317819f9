package inadyn

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/*.want anew: the diff is the review")

// confs returns the files of testdata by name.
func confs(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = string(text)
	}
	return all
}

// Each file in testdata is an inadyn.conf, each .want beside it what it
// becomes. All secrets of the files begin with hunter2.
func TestImport(t *testing.T) {
	for file, src := range confs(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got, fault := Import([]byte(src))
			if fault != nil {
				t.Fatal(*fault)
			}
			golden := strings.TrimSuffix(file, "conf") + "want"
			if *rewrite {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			for line := range strings.Lines(got) {
				if strings.HasPrefix(line, "#") && strings.Contains(line, "hunter2") {
					t.Errorf("a secret in a comment: %s", line)
				}
			}
		})
	}
}

// The program itself finds no fault in what the import makes of a file.
func TestHomewardTakesWhatImportWrites(t *testing.T) {
	bin := t.TempDir() + "/homeward"
	build := exec.Command("go", "build", "-o", bin, "homeward/cmd/homeward")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for file, src := range confs(t) {
		text, fault := Import([]byte(src))
		if fault != nil {
			t.Fatal(*fault)
		}
		if !strings.Contains(text, "\nconfig account ") {
			text += "\nconfig account 'a'\n\toption service 'ipv64'\n\toption token '" + strings.Repeat("x", 32) + "'\n\tlist domain 'a.ipv64.net'\n"
		}
		text = strings.Replace(text, "/etc/own-root.pem", "", 1)
		check := exec.Command(bin, "uci", "--check")
		check.Stdin = strings.NewReader(text)
		var errs strings.Builder
		check.Stderr = &errs
		if err := check.Run(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", file, err, errs.String(), text)
		}
	}
}

func TestFaults(t *testing.T) {

	tests := []struct {
		name, src string
		line      int
		what      string
	}{
		{"nothing", "\n# all of it a comment\n", 1, "nothing to read: is this an inadyn.conf?"},
		{"too much", strings.Repeat("\n", maxFile) + "x = 1\n", 1, "longer than 64 KiB: is this an inadyn.conf?"},
		{"inadyn 1.x", "\n--username hunter2\n", 2, noEquals},
		{"a blank in a value", "period = 60\nprovider a.b {\n\tpassword = hunter2 hunter3\n}\n", 3, noEquals},
		{"the end behind a name", "period", 1, noEquals},
		{"a plus in a value", "provider a.b {\n\tpassword = hunter2+x\n}\n", 2, "a + outside quotes: put the value into quotes"},
		{"a star in a value", "provider a.b {\n\thostname = *.x.y\n}\n", 2, "a * outside quotes: put the value into quotes"},
		{"a quote that stays open", "provider a.b {\n\tpassword = \"hunter2\n}\n", 2, "the quote opened here is never closed"},
		{"a section that stays open", "\nprovider a.b {\n\tpassword = hunter2\n", 2, "the { opened here is never closed"},
		{"an include that stays open", "provider a.b {\n\tinclude(\"x\"\n", 2, "the ( opened here is never closed"},
		{"a variable that stays open", "provider a.b {\n\tusername = ${hunter2\n", 2, "the ${ opened here is never closed"},
		{"no title", "provider {\n}\n", 1, "the name of the service is missing: write provider NAME {"},
		{"no brace", "custom x\nperiod = 1\n", 2, "a { is missing: write custom NAME {"},
		{"no value", "provider a.b {\n\tpassword =\n}\n", 3, "a value is missing: write NAME = VALUE, or NAME = { VALUE, VALUE }"},
		{"a list without commas", "provider a.b {\n\thostname = { a b }\n}\n", 2, "a , or } is missing: write NAME = { VALUE, VALUE }"},
		{"a list that stays open", "provider a.b {\n\thostname = { a,\n", 3, "a value is missing: write NAME = VALUE, or NAME = { VALUE, VALUE }"},
		{"a brace too many", "provider a.b {\n}\n}\n", 3, "this is no setting: write NAME = VALUE"},
		{"a value alone", "provider a.b {\n\t= hunter2\n}\n", 2, "this is no setting: write NAME = VALUE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, fault := Import([]byte(tt.src))
			if fault == nil {
				t.Fatalf("no fault, but\n%s", text)
			}
			if *fault != (Fault{tt.line, tt.what}) || text != "" {
				t.Errorf("%+v, want line %d: %s", *fault, tt.line, tt.what)
			}
		})
	}
}

// A value is what libConfuse makes of it.
func TestValues(t *testing.T) {
	tests := []struct{ src, want string }{
		{`bare`, "bare"}, {`a/b:c@d.e-f_g\h`, `a/b:c@d.e-f_g\h`}, {`a#b`, "a"}, {`a //b`, "a"}, {"a /* b\n */", "a"}, {`<user>`, "<user>"},
		{`"a b # + = {} // 'x'"`, "a b # + = {} // 'x'"}, {`"a\"b\\c\qd"`, `a"b\cqd`}, {`"\101\x41\x4a5\1019\x"`, "AAJ5A9x"},
		{`"\t\e"`, "\t\x1b"}, {"\"a\\\nb\nc\"", "ab\nc"}, {`'a "b" \'c\' \\ \n'`, `a "b" 'c' \ \n`}, {`"\400"`, " 0"}, {`""`, ""}, {`'${x}'`, "${x}"},
	}
	for _, tt := range tests {
		sections, fault := parse("x = " + tt.src + "\ny = 1\n")
		if fault != nil {
			t.Errorf("%s: %+v", tt.src, *fault)
			continue
		}
		if got := sections[0].value("x"); got != tt.want || sections[0].value("y") != "1" || sections[0].find("x").env {
			t.Errorf("%s is %q, want %q", tt.src, got, tt.want)
		}
	}
}

// The last of a setting counts, and += adds to it.
func TestSettingsGivenTwice(t *testing.T) {
	sections, fault := parse("x = a\nx = { b, c, }\nx += d\nx += { e }\ny += f\n")
	if fault != nil {
		t.Fatal(*fault)
	}
	if got := fmt.Sprint(sections[0].settings); got != "[{x [b c d e] 4 false} {y [f] 5 false}]" {
		t.Errorf("settings are %s", got)
	}
}

// An update URL of IPv64 is the service ipv64 only if that sends the same.
func TestCustomIPv64(t *testing.T) {
	const ipv64 = "service=ipv64 "
	tests := []struct{ server, path, want string }{
		{"ipv64.net", "/nic/update?key=%p&domain=%h&ip=%i", ipv64 + "token=p "},
		{"ipv64.net", "/nic/update?token=%u&domain=%h", ipv64 + "token=u "},
		{"ipv6.ipv64.net", "/update.php?key=a%%26b&host=%h&ip6=%i", ipv64 + "token=a&b "},
		{"ipv64.net", "/nic/update?domain=%h&ip=%i", ipv64 + "token=p "},
		{"ipv64.net", "/nic/update?key=%p&domain=%h&praefix=www", ipv64 + "token=p record=www "},
		{"ipv64.net", "/nic/update?key=%p&domain=other.ipv64.net", ""},
		{"ipv64.net", "/nic/update?key=x%p&domain=%h", ""},
		{"ipv64.net", "/nic/update?key=%%ff&domain=%h", ""},
		{"ipv64.net", "/nic/update?key=%p&domain=%h&ip=192.0.2.1", ""},
		{"ipv64.net", "/nic/update?key=%p&domain=%h&ipv6prefix=auto", ""},
		{"ipv64.net", "/api?key=%p&domain=%h", ""},
		{"ipv64.net.example", "/nic/update?key=%p&domain=%h", ""},
	}
	for _, tt := range tests {
		s := &section{kind: "custom", title: "x"}
		for name, value := range map[string]string{"username": "u", "password": "p", "hostname": "a.ipv64.net", "ddns-server": tt.server, "ddns-path": tt.path} {
			s.settings = append(s.settings, setting{name: name, values: []string{value}})
		}
		a := &account{section: s}
		if why := a.convert(&section{}); why != "" {
			t.Fatalf("%s: %s", tt.path, why)
		}
		if a.service == "template" && tt.want == "" {
			continue
		}
		got := strings.NewReplacer("\toption ", "", " '", "=", "'\n", " ").Replace(a.options)
		if got != tt.want || a.ipv6 != (tt.server == "ipv6.ipv64.net") {
			t.Errorf("%s%s became %s, ipv6 %v", tt.server, tt.path, got, a.ipv6)
		}
	}
}

func TestServicesAreFoundAsInadynFindsThem(t *testing.T) {
	tests := []struct {
		title, name string
		ipv6        bool
	}{
		{"default@dyndns.org", "dyndns.org", false},
		{"DynDNS.org:7", "dyndns.org", false},
		{"dyndns", "dyndns.org", false},
		{"ipv6@dyndns.org:x", "dyndns.org", true},
		{"dynv6.com", "dynv6.com", false},
		{"default@dynv6.com", "dynv6.com", true},
		{"default@ipv4.dynv6.com", "dynv6.com", false},
		{"default@ipv64.net", "ipv64.net", false},
		{"ipv6@ipv64.net", "ipv64.net", true},
		{"default@dyndns", "", false},
		{"dyndns@he.net", "he.net", false},
		{"ipv6tb@he.net", "", false},
		{"", "", false},
		{"default@", "", false},
		{"cloudflare.com", "", false},
	}
	for _, tt := range tests {
		found, ipv6 := findService(tt.title)
		if got := append(found, "")[colName]; got != tt.name || ipv6 != tt.ipv6 {
			t.Errorf("%q is %q, ipv6 %v", tt.title, got, ipv6)
		}
	}
}

// Whatever comes, what is written is a configuration that uci reads, and no
// value of it is in a comment's place or the other way round.
func FuzzImport(f *testing.F) {
	for _, src := range confs(f) {
		f.Add(src)
	}
	f.Add("provider dyndns.org { password = '\\'\nconfig x' username = \"#\" hostname = a.b }")
	f.Fuzz(func(t *testing.T, src string) {
		text, fault := Import([]byte(src))
		if fault != nil {
			if text != "" || fault.Line < 1 || fault.Line > strings.Count(src, "\n")+1 || fault.What == "" {
				t.Fatalf("%q: %+v", text, *fault)
			}
			return
		}
		if !utf8.ValidString(text) {
			t.Fatalf("no UTF-8: %q", text)
		}
		for line := range strings.Lines(text) {
			if wrong := wrongLine(strings.TrimSuffix(line, "\n")); wrong != "" {
				t.Fatalf("%s: %q in\n%s", wrong, line, text)
			}
		}
	})
}

// wrongLine tells what is wrong with a line of the configuration.
func wrongLine(line string) string {
	if line == "" || line[0] == '#' {
		if strings.ContainsFunc(strings.ReplaceAll(line, "…", ""), func(r rune) bool { return r != '\t' && (r < ' ' || r > '~') }) {
			return "a comment that is not printable"
		}
		return ""
	}
	_, value, found := strings.Cut(line, " '")
	rest, quoted := strings.CutSuffix(value, "'")
	switch {
	case !found || !quoted || strings.Contains(strings.ReplaceAll(rest, `'\''`, ""), "'"):
		return "no quoted value"
	case strings.ContainsFunc(rest, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "a control character"
	}
	for _, start := range []string{"config homeward '", "config account '", "\toption ", "\tlist domain '", "\tlist publish '"} {
		if strings.HasPrefix(line, start) {
			return ""
		}
	}
	return "no line of a configuration"
}
