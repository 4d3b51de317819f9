//go:build planted

package daemon

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlantedFaultsAreCaught shows that the simulation can fail: each fault is
// planted into a copy of the source (go test -overlay), and the simulation has to
// find it.
func TestPlantedFaultsAreCaught(t *testing.T) {
	for _, f := range plantedFaults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel() // linking takes one processor, and the days a run takes differ
			src, err := os.ReadFile(f.file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			planted, overlay := filepath.Join(dir, filepath.Base(f.file)), filepath.Join(dir, "overlay.json")
			os.WriteFile(planted, []byte(strings.Replace(string(src), f.old, f.new, 1)), 0o644)
			here, err := filepath.Abs(f.file)
			if err != nil {
				t.Fatal(err)
			}
			what, _ := json.Marshal(map[string]map[string]string{"Replace": {here: planted}})
			os.WriteFile(overlay, what, 0o644)
			out, err := exec.Command("go", "test", "-overlay", overlay, "-run", "^TestSimulation$", "-sim.days=900", ".").CombinedOutput()
			if err == nil {
				t.Errorf("the simulation did not find it")
			} else if !strings.Contains(string(out), "WRONG:") && !strings.Contains(string(out), "panic: daemon: ") {
				t.Errorf("it failed otherwise: %s", out)
			}
		})
	}
}
