//go:build planted

package daemon

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPlantedFaultsAreCaught shows that the simulation can fail: each fault is
// planted into a copy of the source (go test -overlay), and the simulation has to
// find it. Two that need an order and an offer to cross come up once in a hundred
// lives; the tests of control find them before.
func TestPlantedFaultsAreCaught(t *testing.T) {
	for _, f := range plantedFaults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel() // linking takes one processor, and the days a run takes differ
			f.mustFail(t, ".", "^(TestAnOfferThatAnOrderHasCrossedDoesNotCount|TestWhatADeadWorkerWasToldIsToldToTheNext|TestWhatOnceHasFoundIsNotUndone.*|TestSimulation)$",
				[]string{"WRONG:", "panic: daemon: ", "control_test.go:"}, "-failfast", "-sim.days=900")
		})
	}
}

// TestPlantedPausesAreCaught is likewise for the tests of package update. That a table
// of HERD.md has changed does not count.
func TestPlantedPausesAreCaught(t *testing.T) {
	for _, f := range plantedPauses() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.mustFail(t, "../../../update", "Herd$|ShortFault|OverloadedService|WhoseFault|ToldTheSame", []string{"WRONG:"})
		})
	}
}

// TestPlantedRecordsAreCaught is likewise for what is known of the hosts.
func TestPlantedRecordsAreCaught(t *testing.T) {
	for _, f := range plantedRecords() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.mustFail(t, "../../../update", "RecordIsMadeOnce|IsBeingMade|AnewTwice|WhatIsSent|ItsOwn|OtherHosts|TakesItsHost",
				[]string{"lookups_test.go:", "plan_test.go:", "reconfigured_test.go:"})
		})
	}
}

// mustFail plants the fault, and runs tests. One of them has to fail, and to say one
// of words.
func (f plantedFault) mustFail(t *testing.T, dir, tests string, words []string, flags ...string) {
	src, err := os.ReadFile(f.file)
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	planted, overlay := filepath.Join(temp, filepath.Base(f.file)), filepath.Join(temp, "overlay.json")
	os.WriteFile(planted, []byte(strings.Replace(string(src), f.old, f.new, 1)), 0o644)
	here, err := filepath.Abs(f.file)
	if err != nil {
		t.Fatal(err)
	}
	what, _ := json.Marshal(map[string]map[string]string{"Replace": {here: planted}})
	os.WriteFile(overlay, what, 0o644)
	c := exec.Command("go", append([]string{"test", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-run", tests, "."}, flags...)...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err == nil {
		t.Error("the tests did not find it")
	} else if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(string(out), w) }) {
		t.Errorf("they failed otherwise: %s", out)
	}
}
