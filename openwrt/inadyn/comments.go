package inadyn

import "strings"

// settings has a line for each setting of inadyn's that is not always lost: its
// name, the value that means nothing here (* for any), whether a comment may
// show the value, and why it is not taken over.
const settings = `
username * -
password * -
hostname * show
alias * show
ssl * show
checkip-server * -
checkip-path * -
checkip-ssl * show
ddns-server * -
ddns-path * -
ddns-response * -
append-myip * show
wildcard off show
proxied off show
ttl - show
checkip-command - - homeward runs no program
iface * show
ca-trust-file - show the system's certificates are used anyway
verify-address on show it is always checked
secure-ssl on show it is always checked
fake-address off show
broken-rtc off show homeward waits until the clock is set
allow-ipv6 * show
period - show the kernel tells of each change
forced-update - show what did not change is sent again after option refresh '600h'
iterations 0 show homeward once sends once
cache-dir - show
include - - put that file's lines here, and import again
`

// lost returns a comment about a setting that is not taken over, "" of one that
// is, or that means nothing.
func lost(set setting) string {
	nothing, _, why := about(set.name)
	value := strings.Join(set.values, " ")
	if nothing == "*" || nothing == value || is(value, nothing) {
		return ""
	}
	if why != "" {
		why = ": " + why
	}
	return "not taken over: " + shown(set) + why
}

// about returns what settings says of one.
func about(name string) (nothing, show, why string) {
	_, line, found := strings.Cut(settings, "\n"+name+" ")
	if !found || strings.ContainsAny(name, " \n") {
		return "-", "-", ""
	}
	line, _, _ = strings.Cut(line, "\n")
	nothing, line, _ = strings.Cut(line, " ")
	show, why, _ = strings.Cut(line, " ")
	return nothing, show, why
}

// shown writes a setting for a comment: its value only where none is secret,
// and nothing in it that could end the comment.
func shown(set setting) string {
	_, show, _ := about(set.name)
	switch {
	case set.name == "include":
		return set.name
	case show == "show":
		return set.name + " '" + printable(strings.Join(set.values, " ")) + "'"
	}
	return printable(set.name) + " (its value is in the inadyn.conf)"
}

// printable returns the printable characters of s, at most 64 of them.
func printable(s string) string {
	b := []byte(s[:min(len(s), 64)])
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}
