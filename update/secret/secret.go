// Package secret holds tokens and passwords so that no verb, error, log or JSON
// shows them, texts that have some in them, and tells by its form what may be one.
package secret

import (
	"fmt"
	"io"
)

// Secret is a token or a password. Whatever prints it prints ***; Reveal is
// the one way in. The zero Secret is none.
type Secret struct{ v *string }

// New makes a Secret of s; of "" the zero Secret.
func New(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{&s}
}

// Reveal returns the secret itself, for the request that carries it.
func (s Secret) Reveal() string {
	if s.v == nil {
		return ""
	}
	return *s.v
}

// IsZero tells whether there is none.
func (s Secret) IsZero() bool { return s.v == nil }

const Mask = "***"

// String returns ***, or "" of none.
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

// Text is a string that may hold secrets: a URL or a body. String shows each
// secret in it as ***, Reveal gives it whole.
type Text struct {
	shown string
	real  Secret
}

// Plain appends s as it is.
func (t Text) Plain(s string) Text {
	return Text{t.shown + s, New(t.real.Reveal() + s)}
}

// Secret appends what encode makes of the secret; encode may be nil.
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

// IsZero tells whether the text is empty.
func (t Text) IsZero() bool { return t.real.IsZero() }

func (t Text) String() string { return t.shown }

// Format hides the secrets from every verb of package fmt.
func (t Text) Format(f fmt.State, _ rune) { io.WriteString(f, t.shown) }

// MarshalText hides the secrets from encoders.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.shown), nil }
