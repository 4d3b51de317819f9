package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// The list of a release's parts names Go, and each module of the program once.
func TestSBOM(t *testing.T) {
	out, err := exec.Command("../../.ci/sbom", os.Args[0], "1.2.3").Output() // any Go program: this test
	if err != nil {
		t.Fatalf(".ci/sbom: %v", err)
	}
	var doc struct {
		SPDXVersion string
		Packages    []struct{ SPDXID, Name, VersionInfo string }
		Relations   []struct{ RelatedSPDXElement string } `json:"relationships"`
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	named, ids := map[string]string{}, map[string]bool{}
	for _, p := range doc.Packages {
		named[p.Name] = p.VersionInfo
		ids[p.SPDXID] = true
	}
	if doc.SPDXVersion != "SPDX-2.3" || named["homeward"] != "1.2.3" || named["go"] == "" || named["golang.org/x/sys"] == "" {
		t.Errorf("the list is %s", out)
	}
	if len(doc.Relations) != len(doc.Packages) || len(ids) != len(doc.Packages) {
		t.Errorf("%d packages under %d names have %d relations", len(doc.Packages), len(ids), len(doc.Relations))
	}
	for _, r := range doc.Relations {
		if !ids[r.RelatedSPDXElement] {
			t.Errorf("a relation names %q, which is no package", r.RelatedSPDXElement)
		}
	}
}

// Of what is no Go program there is no list.
func TestSBOMOfNoProgram(t *testing.T) {
	if out, err := exec.Command("../../.ci/sbom", "../../.ci/sbom", "1.2.3").Output(); err == nil || len(out) > 0 {
		t.Errorf("error %v, output %s", err, out)
	}
}
