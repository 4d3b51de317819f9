// Package golden compares what a test has got with a file that a person has
// reviewed.
package golden

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"homeward/update/transport"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/*.golden, and the pages' tables, anew; the diff is the review")

// Rewrite reports whether the files are to be written anew.
func Rewrite() bool { return *rewrite }

// Compare compares got with testdata/NAME.golden.
func Compare(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if Rewrite() {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: the requests are\n%s\nwant\n%s", file, got, want)
	}
}

// Request is a request as an owner may see it.
func Request(r transport.Request) string {
	s := fmt.Sprintf("%s %s\n", r.Method, r.URL)
	if !r.Bearer.IsZero() {
		s += fmt.Sprintf("Authorization: Bearer %s\n", r.Bearer)
	}
	if r.User != "" || !r.Login.IsZero() || !r.Password.IsZero() {
		s += fmt.Sprintf("Authorization: Basic %s%s:%s\n", r.User, r.Login, r.Password)
	}
	if r.DNS != nil {
		s += r.DNS.String() + "\n"
	}
	if r.Family != 0 {
		s += fmt.Sprintf("over IPv%d\n", r.Family)
	}
	if r.Device4 != "" {
		s += fmt.Sprintf("by %s\n", r.Device4)
	}
	for _, h := range r.Headers {
		s += fmt.Sprintf("%s: %s\n", h.Name, h.Value)
	}
	if r.BodyType != "" {
		s += fmt.Sprintf("Content-Type: %s\n", r.BodyType)
	}
	if !r.Body.IsZero() {
		s += fmt.Sprintf("\n%s\n", r.Body)
	}
	return s
}

// Printable reports whether a text may stand in a log as it is.
func Printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r == '\uFFFD' || !strconv.IsPrint(r) })
}
