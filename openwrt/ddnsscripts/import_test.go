package ddnsscripts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"homeward/cmd/homeward/settings"
	"homeward/openwrt/uci"
)

// Each .ddns in testdata is an export of ddns-scripts, each .want beside
// it what it becomes.
func TestImport(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ddns")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			in, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, "ddns") + "want")
			if err != nil {
				t.Fatal(err)
			}
			out, fault := Import(in)
			if fault != nil {
				t.Fatal(*fault)
			}
			if out != string(want) {
				t.Errorf("got\n%s\nwant\n%s", out, want)
			}
			if faults := uciFaults(out); faults != nil {
				t.Errorf("homeward uci refuses it: %v", faults)
			}
			checkNothingLost(t, string(in), out)
			toml := settings.UCI().Convert([]byte(out), uci.File{}, nil, uci.Defaults{}).TOML()
			if _, _, faults := settings.Parse("x.toml", []byte(toml), 0o600, settings.ReadFile); strings.Contains(file, "scripts") && len(faults) > 0 {
				t.Errorf("homeward check refuses it: %v\n%s", faults, toml)
			}
		})
	}
}

// uciFaults returns what homeward uci says of a configuration.
func uciFaults(src string) []uci.Fault {
	return settings.UCI().Convert([]byte(src), uci.File{}, nil, uci.Defaults{}).Faults()
}

// checkNothingLost looks for each option of the input by its value or, in a
// comment, by its name; and for secrets in comments. All secrets of the files
// begin with hunter2.
func checkNothingLost(t *testing.T, in, out string) {
	t.Helper()
	sections, fault := uci.Parse([]byte(in), "ddns")
	if fault != nil {
		t.Fatal(*fault)
	}
	for _, s := range sections {
		for _, o := range s.Options {
			switch o.Name {
			case "enabled", "use_ipv6", "use_https", "ip_source", "ip_network", "interface", "service_name", "check_unit", "check_interval":
				continue // become another form; the files show which
			}
			if !strings.Contains(out, uci.Quote(o.Value)) && !strings.Contains(out, "option "+o.Name) && o.Name != "update_url" && o.Name != "domain" {
				t.Errorf("option %s of %s is lost", o.Name, s.Path)
			}
		}
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "#") && strings.Contains(line, "hunter2") {
			t.Errorf("a secret in a comment: %s", line)
		}
	}
}

// What import writes, uci reads.
func FuzzImport(f *testing.F) {
	files, err := filepath.Glob("testdata/*.ddns")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("config service 'a'\n\toption enabled '1'\n\toption domain 'home.ipv64.net'\n" +
		"\toption update_url 'http://ipv4.ipv64.net/nic/update?key=hunter2%ABx&domain=[DOMAIN]&ip=[IP]'\n")
	f.Fuzz(func(t *testing.T, src string) {
		out, fault := Import([]byte(src))
		if fault != nil || !utf8.ValidString(src) {
			return
		}
		if faults := uciFaults(out); faults != nil {
			t.Fatalf("%v\n%s", faults, out)
		}
	})
}

func TestImportJoinsTheTwoFamiliesOfOneHostOnly(t *testing.T) {
	const four = "config service 'a_ipv4'\n\toption enabled '1'\n\toption service_name 'ipv64.net'\n\toption domain 'a.example'\n\toption password 'x'\n"
	six := strings.Replace(four, "ipv4'", "ipv6'\n\toption use_ipv6 '1'", 1)
	tests := []struct {
		name, src string
		want      string // name and families of each account
	}{
		{"both families", four + six, "a: ipv4 ipv6, "},
		{"the other order", six + four, "a: ipv4 ipv6, "},
		{"one is off", four + strings.Replace(six, "enabled '1'", "enabled '0'", 1), "a_ipv4: ipv4, a_ipv6: ipv6, "},
		{"another host", four + strings.Replace(six, "a.example", "b.example", 1), "a_ipv4: ipv4, a_ipv6: ipv6, "},
		{"another secret", four + strings.Replace(six, "'x'", "'y'", 1), "a_ipv4: ipv4, a_ipv6: ipv6, "},
		{"another service", four + strings.Replace(six, "ipv64.net", "he.net", 1), "a_ipv4: ipv4, a_ipv6: ipv6, "},
		{"the same family", four + strings.Replace(four, "a_ipv4", "b", 1), "a_ipv4: ipv4, b: ipv4, "},
		{"a third", four + six + strings.Replace(six, "a_ipv6", "b", 1), "a: ipv4 ipv6, b: ipv6, "},
		{"a name that is taken", four + six + strings.Replace(strings.Replace(six, "a_ipv6", "a", 1), "'x'", "'y'", 1), "a: ipv4 ipv6, a_2: ipv6, "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, fault := Import([]byte(tt.src))
			if fault != nil {
				t.Fatal(*fault)
			}
			sections, fault := uci.Parse([]byte(out), "homeward")
			if fault != nil {
				t.Fatal(*fault)
			}
			var got strings.Builder
			for _, s := range sections[1:] {
				got.WriteString(s.Name + ":")
				for _, o := range s.Options {
					if o.Name == "publish" {
						got.WriteString(" " + o.Value)
					}
				}
				got.WriteString(", ")
			}
			if got.String() != tt.want {
				t.Errorf("accounts are %s want %s\n%s", got.String(), tt.want, out)
			}
		})
	}
}

func TestImportOfAnUpdateURL(t *testing.T) {
	const (
		ipv64    = "service=ipv64 token=p "
		spdyn    = "service=spdyn username=u password=p "
		template = "service=template username=u password=p answer=. "
	)
	tests := []struct{ url, want string }{
		{"https://ipv64.net/nic/update?key=[PASSWORD]&domain=[DOMAIN]&ip=[IP]", ipv64},
		{"https://ipv64.net/update.php?token=[PASSWORD]&ip6=[IP]", ipv64},
		{"http://none:[PASSWORD]@ipv64.net/nic/update?myip=[IP]", ipv64},
		{"https://ipv64.net/nic/update?key=a%26b&ip=[IP]", "service=ipv64 token=a&b "},
		{"https://ipv64.net/nic/update?key=a[PASSWORD]&ip=[IP]", template},
		{"https://ipv64.net/nic/update?key=[PASSWORD]&ip=192.0.2.1", template},
		{"https://ipv64.net/nic/update?key=[PASSWORD]&ipv6prefix=auto", template},
		{"https://ipv64.net/nic/update?domain=[DOMAIN]&ip=[IP]", template},
		{"https://ipv64.net/api?key=[PASSWORD]", template},
		{"https://ipv64.net.example/nic/update?key=[PASSWORD]", template},
		{"http://[USERNAME]:[PASSWORD]@update.spdns.de/nic/update?hostname=[DOMAIN]&myip=[IP]", spdyn},
		{"http://update.spdyn.de/nic/update?hostname=[DOMAIN]&myip=[IP]&user=[USERNAME]&pass=[PASSWORD]", spdyn},
		{"http://update.spdyn.de/nic/update?hostname=[DOMAIN]&user=[USERNAME]", template},
		{"http://update.spdyn.de/nic/update?hostname=[DOMAIN]&pass=[PASSWORD]", template},
		{"http://update.spdyn.de/nic/update?hostname=b.example&user=[USERNAME]&pass=[PASSWORD]", template},
		{"http://[USERNAME]:[PASSWORD]@d.example:8080/nic/update?hostname=[DOMAIN]&myip=[IP]", "service=dyndns2 server=https://d.example:8080 username=u password=p "},
		{"http://d.example/nic/update?hostname=[DOMAIN]&myip=[IP]", template},
		{"http://[USERNAME]:x@d.example/nic/update?hostname=[DOMAIN]&myip=[IP]", template},
		{"http://me:[PASSWORD]@d.example/nic/update?hostname=[DOMAIN]&myip=[IP]", template},
		{"http://[USERNAME]:[PASSWORD]@d.example/nic/update?hostname=[DOMAIN]&myip=[IP]&wildcard=ON", template},
		{"http://[USERNAME]:[PASSWORD]@[PARAMENC]/nic/update?hostname=[DOMAIN]&myip=[IP]", template},
	}
	for _, tt := range tests {
		s := uci.Section{Type: "service", Name: "a", Options: []uci.Option{
			{Name: "update_url", Value: tt.url}, {Name: "domain", Value: "a.example"},
			{Name: "username", Value: "u"}, {Name: "password", Value: "p"},
		}}
		d := newAccount(&s)
		if why := d.convert(); why != "" {
			t.Fatalf("%s: %s", tt.url, why)
		}
		var got strings.Builder
		for _, o := range d.options {
			got.WriteString(o.Name + "=" + o.Value + " ")
		}
		if got.String() != tt.want || (d.url4 == tt.url) != (tt.want == template) {
			t.Errorf("%s became %s url4=%s, want %s", tt.url, got.String(), d.url4, tt.want)
		}
	}
}
