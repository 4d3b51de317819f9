// Package secret holds tokens and passwords, and texts that contain them, so that
// no verb, error, log or JSON shows them. It also recognises them by their form.
package secret

import (
	"fmt"
	"io"
)

// Secret is a token or a password. It prints as ***; only Reveal returns it. The
// zero Secret is none.
type Secret struct{ v *string }

// New returns the Secret of s, the zero Secret for "".
func New(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{&s}
}

// Reveal returns the secret, for the request that carries it.
func (s Secret) Reveal() string {
	if s.v == nil {
		return ""
	}
	return *s.v
}

// IsZero reports whether there is none.
func (s Secret) IsZero() bool { return s.v == nil }

// Mask is shown in place of a secret.
const Mask = "***"

// String returns Mask, or "" for the zero Secret.
func (s Secret) String() string {
	if s.v == nil {
		return ""
	}
	return Mask
}

// Format hides the secret from every verb of package fmt.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Text is a string that may hold secrets: a URL or a body. String shows *** for
// each secret, Reveal returns the whole text.
type Text struct {
	shown string
	real  Secret
}

// Plain appends s, which is shown.
func (t Text) Plain(s string) Text {
	return Text{t.shown + s, New(t.real.Reveal() + s)}
}

// Secret appends a secret, encoded by encode, which may be nil.
func (t Text) Secret(s Secret, encode func(string) string) Text {
	v := s.Reveal()
	if encode != nil {
		v = encode(v)
	}
	return Text{t.shown + s.String(), New(t.real.Reveal() + v)}
}

// Text appends another text.
func (t Text) Text(o Text) Text {
	return Text{t.shown + o.shown, New(t.Reveal() + o.Reveal())}
}

// Reveal returns the text with its secrets, for the request itself.
func (t Text) Reveal() string { return t.real.Reveal() }

// IsZero reports whether the text is empty.
func (t Text) IsZero() bool { return t.real.IsZero() }

func (t Text) String() string { return t.shown }

// Format hides the secrets from every verb of package fmt.
func (t Text) Format(f fmt.State, _ rune) { io.WriteString(f, t.shown) }

// MarshalText hides the secrets from encoders.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.shown), nil }
