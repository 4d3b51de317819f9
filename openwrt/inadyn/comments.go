package inadyn

import (
	"slices"
	"strings"
)

// isOn tells whether a switch that is off by default is on.
func isOn(value string) bool {
	return slices.Contains([]string{"true", "on", "yes"}, strings.ToLower(value))
}

// lostSetting tells whether a setting of a section is not taken over, and why,
// as the end of a comment.
func lostSetting(set setting) (why string, lost bool) {
	value := strings.Join(set.values, " ")
	switch set.name {
	case "username", "password", "hostname", "alias", "iface", "ssl", "checkip-server", "checkip-path", "checkip-ssl",
		"ddns-server", "ddns-path", "ddns-response", "append-myip":
		return "", false
	case "wildcard", "proxied":
		return "", isOn(value)
	case "checkip-command":
		return ": homeward runs no program", true
	}
	return "", true
}

// outsideNotes are the comments about the settings outside of any section.
func outsideNotes(outside *section) (notes []string) {
	for _, set := range outside.settings {
		why, value := "", strings.Join(set.values, " ")
		switch set.name {
		case "iface":
			if !set.env && isText(set.values) {
				continue
			}
		case "ca-trust-file":
			if takesRoots(outside) {
				continue
			}
			why = ": the system's certificates are used anyway"
		case "verify-address", "secure-ssl":
			if !isOff(value) {
				continue
			}
			why = ": it is always checked"
		case "fake-address", "broken-rtc", "allow-ipv6":
			if set.name == "allow-ipv6" || !isOn(value) {
				continue
			}
			if set.name == "broken-rtc" {
				why = ": homeward waits until the clock is set"
			}
		case "period":
			why = ": the kernel tells of each change"
		case "forced-update":
			why = ": what did not change is sent again after option refresh '600h'"
		case "iterations":
			if value == "0" {
				continue
			}
			why = ": homeward once sends once"
		case "include":
			why = ": put that file's lines here, and import again"
		}
		notes = append(notes, "not taken over: "+shown(set)+why)
	}
	return notes
}

// shown writes a setting for a comment: its value only where none is secret,
// and nothing in it that could end the comment.
func shown(set setting) string {
	if set.name == "include" {
		return "include"
	}
	if !slices.Contains(strings.Fields("hostname alias iface ssl wildcard ttl proxied checkip-ssl append-myip"+
		" verify-address fake-address allow-ipv6 iterations period forced-update secure-ssl broken-rtc ca-trust-file cache-dir"), set.name) {
		return printable(set.name) + " (its value is in the inadyn.conf)"
	}
	return set.name + " '" + printable(strings.Join(set.values, " ")) + "'"
}

// printable returns the printable characters of s, at most 64 of them.
func printable(s string) string {
	keep := func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}
	return strings.Map(keep, s[:min(len(s), 64)])
}
