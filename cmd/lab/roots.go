package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Where OpenWrt's package ca-bundle and Debian's ca-certificates put the
// system's roots.
const (
	rootsDir  = "/etc/ssl/certs"
	rootsFile = rootsDir + "/ca-certificates.crt"
)

// machineRoots reads the system's roots of this machine.
func machineRoots() ([]byte, error) {
	roots, err := os.ReadFile(rootsFile)
	if err != nil {
		return nil, fmt.Errorf("the system's roots: %w: the package ca-certificates has them", err)
	}
	return roots, nil
}

// trust makes the system's roots of this mount namespace what a router with
// ca-bundle has: one file, and no folder of links to its parts. The authority
// stands at its end, behind those of the machine.
func trust(machine, authority []byte) error {
	if err := unix.Mount("lab", rootsDir, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount %s: %w", rootsDir, err)
	}
	return os.WriteFile(rootsFile, slices.Concat(machine, []byte("\n"), authority), 0o644)
}

// forgetRoots leaves out of homeward's state.json which root verified a
// service last, so that the next request reads all of them, as the very first
// one does. It is an error if there was none.
func forgetRoots(state []byte) ([]byte, error) {
	var whole, keys map[string]json.RawMessage
	if err := json.Unmarshal(state, &whole); err != nil {
		return nil, fmt.Errorf("state.json: %w", err)
	}
	if err := json.Unmarshal(whole["credentials"], &keys); err != nil {
		return nil, fmt.Errorf("state.json: credentials: %w", err)
	}
	forgot := false
	for name, text := range keys {
		var key map[string]json.RawMessage
		if err := json.Unmarshal(text, &key); err != nil {
			return nil, fmt.Errorf("state.json: a key: %w", err)
		}
		if key["root"] != nil {
			forgot = true
		}
		delete(key, "root")
		keys[name], _ = json.Marshal(key)
	}
	if !forgot {
		return nil, fmt.Errorf("state.json names no root: %s", state)
	}
	whole["credentials"], _ = json.Marshal(keys)
	return json.Marshal(whole)
}
