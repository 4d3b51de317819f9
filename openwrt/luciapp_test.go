package openwrt_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
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
