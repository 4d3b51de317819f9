package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestAConfigurationIsReadOnceMoreAsItWas goes by what was kept of the files
// after they are gone.
func TestAConfigurationIsReadOnceMoreAsItWas(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("token", "tok3n\n")
	write("service.json", `{"name":"a.example","ipv4":{"url":"https://a.example/?h=[DOMAIN]&p=[PASSWORD]&i=[IP]","answer":"good"}}`)
	text := string(make([]byte, 2*sourceMost)) // a certificate may stand in the middle of some
	write("ca.pem", text+"-----BEGIN CERTIFICATE-----\n"+text)
	file := write("homeward.toml", `ca_file = "ca.pem"
[account.home]
service = "ipv64"
domains = ["home.ipv64.net"]
token_file = "token"
[account.other]
service = "template"
template = "./service.json"
domains = ["a.example"]
username = "me"
password = "hunter2"
publish = ["ipv4"]
`)
	read, _, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	again, err := Reload(file, read.Sources)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, read) {
		t.Errorf("read once more:\n%+v\nwant\n%+v", again, read)
	}
	if got := again.Accounts[0].Secret.Reveal(); got != "tok3n" {
		t.Errorf("the secret is %q", got)
	}
}
