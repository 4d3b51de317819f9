package ipv64api

import (
	"slices"
	"strconv"
	"strings"

	"homeward/update/secret"
	"homeward/update/service"
)

// censor removes secrets from a decoded answer: members with a name like a
// secret's, at any depth, and every other occurrence of their values. The service
// may add members at any time, so that it is better to remove too much.
type censor struct {
	found []string          // secrets
	hide  *strings.Replacer // for texts
	names *strings.Replacer // for names of members: short secrets would make these unreadable
}

// shortestSecret is the length from which a secret member's value is masked
// elsewhere, too: a "1" would mask every 1.
const shortestSecret = 8

// secretName reports whether a member's name is like a secret's.
func secretName(name string) bool {
	plain := strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(strings.ToLower(name))
	for _, part := range []string{"token", "key", "hash", "secret", "passw", "pass", "pwd", "auth", "credential", "session", "cookie", "bearer", "otp", "private"} {
		if strings.Contains(plain, part) {
			return true
		}
	}
	return false
}

// censored returns tree without secrets, and changes it. known are secrets that
// may be anywhere in it.
func censored(tree any, known []secret.Secret) any {
	var c censor
	for _, s := range known {
		c.add(s.Reveal())
	}
	top, _ := tree.(map[string]any)
	for name, v := range top {
		if secretName(name) {
			c.collect(v)
			delete(top, name)
			continue
		}
		c.strip(v, name == "subdomains")
	}
	if top == nil {
		c.strip(tree, false)
	}
	// In reverse order, so that a longer secret comes before its own prefix.
	slices.Sort(c.found)
	c.found = slices.Compact(c.found)
	slices.Reverse(c.found)
	var texts, names []string
	for _, s := range c.found {
		texts = append(texts, s, secret.Mask)
		if len(s) >= shortestSecret {
			names = append(names, s, secret.Mask)
		}
	}
	c.hide, c.names = strings.NewReplacer(texts...), strings.NewReplacer(names...)
	return c.mask(tree, false)
}

func (c *censor) add(s string) {
	if s != "" {
		c.found = append(c.found, s, service.Percent(s))
	}
}

// collect records the values in a secret member.
func (c *censor) collect(v any) {
	switch v := v.(type) {
	case string:
		if len(v) >= shortestSecret {
			c.add(v)
		}
	case float64:
		c.collect(strconv.FormatFloat(v, 'f', -1, 64))
	case []any:
		for _, e := range v {
			c.collect(e)
		}
	case map[string]any:
		for _, e := range v {
			c.collect(e)
		}
	}
}

// strip removes the secret members. With domains, names with a dot are domains:
// token.ipv64.net is no token.
func (c *censor) strip(v any, domains bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			c.strip(e, false)
		}
	case map[string]any:
		for name, e := range v {
			if secretName(name) && !(domains && strings.Contains(name, ".")) {
				c.collect(e)
				delete(v, name)
				continue
			}
			c.strip(e, false)
		}
	}
}

// mask masks the secrets found, in all texts and names. records is true for
// content of the DNS, where x=y is no parameter of a URL.
func (c *censor) mask(v any, records bool) any {
	switch v := v.(type) {
	case string:
		return c.text(v, records)
	case float64:
		if s := strconv.FormatFloat(v, 'f', -1, 64); c.names.Replace(s) != s {
			return secret.Mask
		}
	case []any:
		for i, e := range v {
			v[i] = c.mask(e, records)
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[masked(c.names, name)] = c.mask(e, records || name == "records")
		}
		return out
	}
	return v
}

func (c *censor) text(s string, records bool) string {
	if s = masked(c.hide, s); !records {
		s = maskRandom(maskParameters(s))
	}
	return s
}

// masked masks secrets in a text. If a secret is split by control bytes, which
// are removed before s is shown, it masks all of s.
func masked(hide *strings.Replacer, s string) string {
	s = hide.Replace(s)
	if shown := service.Clean([]byte(s)); hide.Replace(shown) != shown {
		return secret.Mask
	}
	return s
}

// maskParameters masks the values of parameters with a name like a secret's: the
// service's log may repeat the URL of an update.
func maskParameters(s string) string {
	const ends = " \t\r\n&;,\"'<>"
	done := ""
	for {
		name, rest, found := strings.Cut(s, "=")
		done += name
		if !found {
			return done
		}
		done += "="
		word := name[strings.LastIndexAny(name, ends+"?/")+1:]
		if secretName(word) || strings.EqualFold(word, "user") || strings.EqualFold(word, "username") {
			end := strings.IndexAny(rest, ends)
			if end < 0 {
				end = len(rest)
			}
			if end > 0 {
				done += secret.Mask
			}
			rest = rest[end:]
		}
		s = rest
	}
}

// maskRandom masks words that look random, as keys do: 20 characters or more,
// and not all lower case letters.
func maskRandom(s string) string {
	const long = 20
	done, word := "", ""
	end := func() {
		if len(word) >= long && (strings.ToLower(word[1:]) != word[1:] || strings.ContainsAny(word, "0123456789")) {
			word = secret.Mask
		}
		done, word = done+word, ""
	}
	for _, r := range s {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			word += string(r)
			continue
		}
		end()
		done += string(r)
	}
	end()
	return done
}
