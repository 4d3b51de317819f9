package main

import (
	"strings"
	"testing"
)

func TestForgetRoots(t *testing.T) {
	got, err := forgetRoots([]byte(`{"version":1,"up":81234567890123456,"credentials":{"k":{"good":true,"root":"AAAA","slots":[{"up":9007199254740993}]}}}`))
	want := `{"credentials":{"k":{"good":true,"slots":[{"up":9007199254740993}]}},"up":81234567890123456,"version":1}`
	if string(got) != want || err != nil {
		t.Errorf("forgetRoots = %s, %v, want %s", got, err, want)
	}
	if _, err := forgetRoots([]byte(want)); err == nil || !strings.Contains(err.Error(), "names no root") {
		t.Errorf("forgetRoots of a state without any: %v", err)
	}
	if _, err := forgetRoots([]byte("{")); err == nil {
		t.Error("forgetRoots took a torn file")
	}
}
