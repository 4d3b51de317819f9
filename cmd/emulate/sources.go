package main

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// aptSource is one entry of apt's sources.list(5).
type aptSource struct {
	uri, suite string
	components []string
	options    []string // name=value, without arch
}

// line is the entry in the one-line style, for one architecture.
func (s aptSource) line(arch string) string {
	options := strings.Join(append([]string{"arch=" + arch}, s.options...), " ")
	return fmt.Sprintf("deb [%s] %s %s %s", options, s.uri, s.suite, strings.Join(s.components, " "))
}

// debian tells whether all of Debian's packages come from here: other archives
// that a machine uses seldom have foreign architectures, and those of security
// updates need not be as whole.
func (s aptSource) debian() bool {
	u, err := url.Parse(s.uri)
	return err == nil && path.Base(u.Path) == "debian" && slices.Contains(s.components, "main")
}

// debianSources are those of the machine that lead to Debian.
func debianSources(etc string) ([]aptSource, error) {
	files := []string{filepath.Join(etc, "sources.list")}
	for _, ext := range []string{"*.list", "*.sources"} {
		more, _ := filepath.Glob(filepath.Join(etc, "sources.list.d", ext)) // the pattern is well-formed
		files = append(files, more...)
	}
	var all []aptSource
	for _, f := range files {
		text, err := os.ReadFile(f)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		parse := parseOneLine
		if strings.HasSuffix(f, ".sources") {
			parse = parseDeb822
		}
		all = append(all, parse(string(text))...)
	}
	all = slices.DeleteFunc(all, func(s aptSource) bool { return !s.debian() })
	if len(all) == 0 {
		return nil, fmt.Errorf("%s names no archive of Debian's: the kernels come from there", etc)
	}
	return all, nil
}

// parseOneLine reads the style of sources.list.
func parseOneLine(text string) []aptSource {
	var all []aptSource
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb ")
		if !ok {
			continue
		}
		var s aptSource
		if before, after, ok := strings.Cut(rest, "]"); ok {
			for _, o := range strings.Fields(strings.Trim(before, " [")) {
				if !strings.HasPrefix(o, "arch") {
					s.options = append(s.options, o)
				}
			}
			rest = after
		}
		if f := strings.Fields(rest); len(f) > 2 {
			s.uri, s.suite, s.components = f[0], f[1], f[2:]
			all = append(all, s)
		}
	}
	return all
}

// parseDeb822 reads the style of debian.sources. A key written out in the file
// is left to apt's own keyrings.
func parseDeb822(text string) []aptSource {
	var all []aptSource
	for stanza := range strings.SplitSeq(text, "\n\n") {
		fields := map[string]string{}
		for line := range strings.Lines(stanza) {
			name, value, ok := strings.Cut(line, ":")
			if ok && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, " ") {
				fields[strings.ToLower(name)] = strings.TrimSpace(value)
			}
		}
		if !slices.Contains(strings.Fields(fields["types"]), "deb") || fields["enabled"] == "no" {
			continue
		}
		var options []string
		if key := fields["signed-by"]; strings.HasPrefix(key, "/") {
			options = []string{"signed-by=" + key}
		}
		for _, uri := range strings.Fields(fields["uris"]) {
			for _, suite := range strings.Fields(fields["suites"]) {
				all = append(all, aptSource{uri, suite, strings.Fields(fields["components"]), options})
			}
		}
	}
	return all
}
