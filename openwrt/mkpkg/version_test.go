package main

import "testing"

func TestPackageVersion(t *testing.T) {
	for in, want := range map[string]string{
		"1.0.0":           "1.0.0-r1",
		"1.2.3_rc1":       "1.2.3_rc1-r1",
		"2026.11":         "2026.11-r1",
		"1":               "1-r1",
		"1.2a":            "1.2a-r1",
		"1.0_alpha2_p3":   "1.0_alpha2_p3-r1",
		"1.0_git20261121": "1.0_git20261121-r1",
		"1.0~0a1b":        "1.0~0a1b-r1",
		"":                "", "v1.2": "", "1.2-rc1": "", "1.2_rc-1": "", "1..2": "", ".1": "", "1.": "", "1.2ab": "",
		"1.2_foo1": "", "1.2~": "", "1.2~xyz": "", "1.2 ": "", "1.2\n": "", "1.2-r1": "", "1.a": "", "1.2A": "",
	} {
		got, err := packageVersion(in, "1")
		if got != want || (err == nil) != (want != "") {
			t.Errorf("packageVersion(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, release := range []string{"", "r1", "-1", "1.5"} {
		if got, err := packageVersion("1.0.0", release); err == nil {
			t.Errorf("packageVersion with release %q = %q, want an error", release, got)
		}
	}
}
