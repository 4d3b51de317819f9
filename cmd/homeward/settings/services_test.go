package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// Every service of the configuration is listed, and each needs keys that are
// its own.
func TestServicesAreThoseOfTheConfiguration(t *testing.T) {
	var names []string
	for _, s := range Services() {
		if s.File == "" {
			names = append(names, s.Name)
		}
		if len(s.Publishes) == 0 || len(s.Needs) == 0 {
			t.Errorf("%+v", s)
		}
	}
	if !reflect.DeepEqual(names, services()) {
		t.Errorf("listed are %q, the configuration knows %q", names, services())
	}
}

func TestServiceFilesAreListed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"both.example.json":   `{"ipv4":{"url":"https://[USERNAME]:[PASSWORD]@both.example/[IP]"},"ipv6":{"url":"https://both.example/[IP]?k=[PARAMENC]"}}`,
		"script.example.json": `{"ipv4":{"url":"update_script.sh"}}`,
		"broken.json":         `{`,
		"odd.example.json":    `{"ipv4":{"url":"https://odd.example/[NOSUCH]"}}`,
		"README":              "no file of a service",
		"six.example.json":    `{"ipv6":{"url":"https://six.example/[DOMAIN]/[IP]","answer":"good"}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := []Service{
		{Name: "both.example", Publishes: []string{"ipv4", "ipv6"}, Needs: []string{`service = "template"`, "template", "username", "password", "param_enc"},
			File: filepath.Join(dir, "both.example.json")},
		{Name: "six.example", Publishes: []string{"ipv6"}, Needs: []string{`service = "template"`, "template"}, File: filepath.Join(dir, "six.example.json")},
	}
	if got := serviceFiles(dir); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := serviceFiles(filepath.Join(dir, "not-there")); got != nil {
		t.Errorf("a folder that is not there: %+v", got)
	}
}
