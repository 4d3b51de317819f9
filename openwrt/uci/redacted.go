package uci

import "strings"

// Redacted returns homeward's package, as a person wrote it, in a form to show to
// others: without comments, and with each value as redact returns it for its
// option; of a section's type and name the option is "". Options that homeward
// does not have are left out. Behind a quote that is never closed, the rest of the
// file is missing.
func Redacted(raw []byte, redact func(option, value string) string) string {
	var b strings.Builder
	for _, s := range scan(raw) {
		b.WriteString("config " + redact("", s.Type))
		if s.Name != "" {
			b.WriteString(" " + Quote(redact("", s.Name)))
		}
		b.WriteString("\n")
		for _, o := range s.Options {
			statement := "option "
			if o.List {
				statement = "list "
			}
			if !known(o.Name) {
				b.WriteString("\t# an unknown option is not shown\n")
				continue
			}
			b.WriteString(Line(statement+o.Name, redact(o.Name, o.Value)))
		}
	}
	return b.String()
}

// known reports whether any section of homeward's has an option of that name.
func known(option string) bool {
	for _, keys := range [][]key{topKeys, lineKeys, accountKeys} {
		for _, k := range keys {
			if k.option == option {
				return true
			}
		}
	}
	return false
}
