package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const packagesFile = "testdata/packages.txt"

// TestShippedPackages holds the program to a list of every package in it, so
// that none comes in unseen. A change that is meant is written with
// go list -deps ./cmd/homeward (GOOS=linux GOARCH=arm64 CGO_ENABLED=0).
func TestShippedPackages(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", ".")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	got := strings.Fields(string(out))
	text, err := os.ReadFile(packagesFile)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(string(text))
	slices.Sort(got)
	for _, p := range got {
		if !slices.Contains(want, p) {
			t.Errorf("%s is new in the program: what does it weigh (make size)? If it is worth that, add it to %s", p, packagesFile)
		}
	}
	for _, p := range want {
		if !slices.Contains(got, p) {
			t.Errorf("%s is not in the program any more: take it out of %s", p, packagesFile)
		}
	}
}
