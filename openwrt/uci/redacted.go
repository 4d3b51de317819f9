package uci

import "strings"

// Redacted returns a package as a person wrote it, in a form to show to others:
// without comments, and with each value as redact returns it for its option; the
// option is "" for the type and name of a section. Options that the schema does not
// have are left out, and so is what follows a quote that is never closed.
func (s Schema) Redacted(raw []byte, redact func(option, value string) string) string {
	var b strings.Builder
	for _, section := range scan(raw) {
		b.WriteString("config " + redact("", section.Type))
		if section.Name != "" {
			b.WriteString(" " + Quote(redact("", section.Name)))
		}
		b.WriteString("\n")
		for _, o := range section.Options {
			statement := "option "
			if o.List {
				statement = "list "
			}
			if !s.has(o.Name) {
				b.WriteString("\t# an unknown option is not shown\n")
				continue
			}
			b.WriteString(Line(statement+o.Name, redact(o.Name, o.Value)))
		}
	}
	return b.String()
}

// has reports whether any section has an option of that name.
func (s Schema) has(option string) bool {
	for _, keys := range [][]Key{s.Top, s.Line, s.Account} {
		for _, k := range keys {
			if k.Option == option {
				return true
			}
		}
	}
	return false
}
