package openwrt_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"homeward/netwatch"
	"homeward/update"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

const (
	app = "luci-app-homeward"
	pot = app + "/po/templates/homeward.pot"
)

// The template for translators has each text of the views, of the menu and of
// the ACL's groups once, in the order of the files.
func TestTranslationTemplate(t *testing.T) {
	var b strings.Builder
	b.WriteString("msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\"\n")
	for _, text := range appTexts(t) {
		fmt.Fprintf(&b, "\n#: %s\nmsgid %s\nmsgstr \"\"\n", strings.Join(text.files, " "), poQuote(text.text))
	}
	if *rewrite {
		if err := os.WriteFile(pot, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(pot)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Errorf("%s is not what the sources say: go test ./openwrt -run TranslationTemplate -rewrite", pot)
	}
}

// The German translation is whole: each text of the template, no other, with
// the same placeholders.
func TestGermanIsComplete(t *testing.T) {
	german := poEntries(t, app+"/po/de/homeward.po")
	placeholder := regexp.MustCompile(`%[sd]`)
	var texts []string
	for _, text := range appTexts(t) {
		texts = append(texts, text.text)
		to := german[text.text]
		if to == "" {
			t.Errorf("no German for %q", text.text)
		}
		if from, to := placeholder.FindAllString(text.text, -1), placeholder.FindAllString(to, -1); !slices.Equal(from, to) {
			t.Errorf("%q has %q in German, %q in English", text.text, to, from)
		}
		if strings.Contains(text.text+to, "\n") {
			t.Errorf("%q has a line break, which LuCI's look-up does not find", text.text)
		}
	}
	for id := range german {
		if id != "" && !slices.Contains(texts, id) {
			t.Errorf("%q is translated, and nowhere in the sources", id)
		}
	}
}

type appText struct {
	text  string
	files []string
}

// appTexts returns what LuCI's i18n-scan finds in the app, each text once.
func appTexts(t *testing.T) (texts []appText) {
	t.Helper()
	add := func(file, text string) {
		i := slices.IndexFunc(texts, func(a appText) bool { return a.text == text })
		if i < 0 {
			texts = append(texts, appText{text: text})
			i = len(texts) - 1
		}
		if !slices.Contains(texts[i].files, file) {
			texts[i].files = append(texts[i].files, file)
		}
	}
	err := filepath.WalkDir(app, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file := strings.TrimPrefix(path, app+"/")
		switch {
		case strings.HasSuffix(path, ".js"):
			for _, text := range jsTexts(t, file, string(data)) {
				add(file, text)
			}
		case strings.Contains(path, "/menu.d/"):
			for _, text := range members(t, data, "title") {
				add(file, text)
			}
		case strings.Contains(path, "/acl.d/"):
			for _, text := range members(t, data, "description") {
				add(file, text)
			}
		}
		return nil
	})
	if err != nil || len(texts) == 0 {
		t.Fatalf("%d texts, %v", len(texts), err)
	}
	return texts
}

var jsCall = regexp.MustCompile(`\b_\(('(?:[^'\\\n]|\\.)*')?`)

// jsTexts returns the texts that a script hands to _(), which have to be
// literals.
func jsTexts(t *testing.T, file, src string) (texts []string) {
	t.Helper()
	for _, m := range jsCall.FindAllStringSubmatch(src, -1) {
		if m[1] == "" {
			t.Errorf("%s: _() takes a text in single quotes: nothing else is found by the translators' tools", file)
			continue
		}
		texts = append(texts, strings.ReplaceAll(m[1][1:len(m[1])-1], `\'`, `'`))
	}
	return texts
}

// members returns a member of each object of a JSON object, in the file's order.
func members(t *testing.T, data []byte, name string) (texts []string) {
	t.Helper()
	var all map[string]map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for _, object := range all {
		if text, ok := object[name].(string); ok {
			texts = append(texts, text)
		}
	}
	slices.SortFunc(texts, func(a, b string) int {
		return strings.Index(string(data), `"`+a+`"`) - strings.Index(string(data), `"`+b+`"`)
	})
	return texts
}

func poQuote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// poEntries reads a file of translations, of one line a text.
func poEntries(t *testing.T, path string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]string{}
	id := ""
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		text, err := strconv.Unquote(value)
		switch {
		case key == "" || strings.HasPrefix(key, "#") || strings.HasPrefix(key, `"`):
		case err != nil:
			t.Errorf("%s: %s", path, line)
		case key == "msgid":
			if id = text; entries[id] != "" {
				t.Errorf("%s: %q stands there twice", path, id)
			}
		case key == "msgstr":
			entries[id] = text
		}
	}
	return entries
}

// A page loads at most 40 KiB of ours.
func TestAppPagesAreLight(t *testing.T) {
	const resources = app + "/htdocs/luci-static/resources/"
	ours := regexp.MustCompile(`(?m)^'require (homeward[.a-z]*)`)
	var weight func(file string, seen map[string]bool) int
	weight = func(file string, seen map[string]bool) int {
		if seen[file] {
			return 0
		}
		seen[file] = true
		data, err := os.ReadFile(resources + file)
		if err != nil {
			t.Fatal(err)
		}
		sum := len(data)
		for _, m := range ours.FindAllStringSubmatch(string(data), -1) {
			sum += weight(strings.ReplaceAll(m[1], ".", "/")+".js", seen)
		}
		return sum
	}
	views, err := filepath.Glob(resources + "view/*/*.js")
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := filepath.Glob(resources + "view/status/include/*.js")
	if err != nil || len(views) < 4 || len(blocks) != 1 {
		t.Fatalf("%d views, %d blocks, %v", len(views), len(blocks), err)
	}
	for _, view := range append(views, blocks...) {
		file := strings.TrimPrefix(view, resources)
		if sum := weight(file, map[string]bool{}); sum < 4<<10 || sum > 40<<10 {
			t.Errorf("%s loads %d bytes of ours", file, sum)
		}
	}
}

// The state page says what to do for each reason there is, and has a word for
// each state.
func TestAppKnowsEveryReasonAndState(t *testing.T) {
	want := update.Reasons()
	for _, r := range netwatch.Reasons() {
		want = append(want, r.String())
	}
	slices.Sort(want)
	if got := keysOf(t, "view/homeward/state.js", "REMEDIES"); !slices.Equal(got, want) {
		t.Errorf("remedies are for %q, want %q", got, want)
	}
	states := []string{update.StateCurrent, update.StateDue, update.StateLimited, update.StateRetrying, update.StateStopped, update.StateWaiting}
	if got := keysOf(t, "homeward.js", "STATES"); !slices.Equal(got, states) {
		t.Errorf("states are %q, want %q", got, states)
	}
}

// keysOf returns the keys of a script's constant, sorted.
func keysOf(t *testing.T, file, name string) (keys []string) {
	t.Helper()
	data, err := os.ReadFile(app + "/htdocs/luci-static/resources/" + file)
	if err != nil {
		t.Fatal(err)
	}
	_, object, _ := strings.Cut(string(data), "const "+name+" = {\n")
	object, _, _ = strings.Cut(object, "\n};")
	for _, m := range regexp.MustCompile(`(?m)^\t'?([a-z0-9-]+)'?: `).FindAllStringSubmatch(object, -1) {
		keys = append(keys, m[1])
	}
	slices.Sort(keys)
	return keys
}

// What shows secrets is in a group of its own, which a reader has no part of,
// and so are the pages that need it. Every method that a group grants exists.
func TestAppACL(t *testing.T) {
	var acl map[string]struct {
		Read, Write map[string]map[string][]string
	}
	var menu map[string]struct {
		Depends struct{ ACL []string }
	}
	for file, to := range map[string]any{"root/usr/share/rpcd/acl.d/luci-app-homeward.json": &acl, "root/usr/share/luci/menu.d/luci-app-homeward.json": &menu} {
		data, err := os.ReadFile(app + "/" + file)
		if err == nil {
			err = json.Unmarshal(data, to)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	reader := map[string]map[string][]string{
		"file": {"/var/run/homeward/status.json": {"read"}},
		"ubus": {"file": {"read"}, "homeward": {"info"}, "service": {"list"}},
	}
	if got := acl["luci-app-homeward"].Read; !reflect.DeepEqual(got, reader) {
		t.Errorf("a reader has %v", got)
	}
	if acl["luci-app-homeward-setup"].Read != nil || len(acl) != 2 {
		t.Error("who may only read has the group of those who set up: rpcd gives it to whoever has one of its parts")
	}
	for path, want := range map[string]string{"": "luci-app-homeward", "/state": "", "/accounts": "luci-app-homeward-setup", "/log": "luci-app-homeward-setup", "/import": "luci-app-homeward-setup"} {
		if got := strings.Join(menu["admin/services/homeward"+path].Depends.ACL, " "); got != want {
			t.Errorf("%q is for %q, want %q", path, got, want)
		}
	}
	// what is saved is to run, too
	if !slices.Contains(acl["luci-app-homeward-setup"].Write["ubus"]["homeward"], "service") {
		t.Error("who may set up alone cannot switch homeward on")
	}
	var known map[string]any
	if err := json.Unmarshal([]byte(methods), &known); err != nil {
		t.Fatal(err)
	}
	for name, group := range acl {
		for _, method := range slices.Concat(group.Read["ubus"]["homeward"], group.Write["ubus"]["homeward"]) {
			if _, ok := known[method]; !ok {
				t.Errorf("%s: no method %s", name, method)
			}
		}
	}
}
