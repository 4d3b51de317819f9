package ipv64api

import (
	"homeward/update/secret"
	"homeward/update/service"
	"slices"
	"strconv"
	"strings"
)

// censor takes the secrets out of a decoded answer of the API: members that
// are called like one, wherever they stand, and what was in them wherever it
// stands again. The service adds members at any time; one too many that goes
// is no loss, one that stays would be.
type censor struct {
	found []string          // secrets, as they are
	hide  *strings.Replacer // in texts
	names *strings.Replacer // in the names of members, which a short secret would make unreadable
}

// shortestSecret is how long what was in a secret member must be to be hidden
// elsewhere, too: a "1" would take every 1 along.
const shortestSecret = 8

// secretName tells whether a member is called as if it held a secret.
func secretName(name string) bool {
	plain := strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(strings.ToLower(name))
	for _, part := range []string{"token", "key", "hash", "secret", "passw", "pass", "pwd", "auth", "credential", "session", "cookie", "bearer", "otp", "private"} {
		if strings.Contains(plain, part) {
			return true
		}
	}
	return false
}

// censored returns an answer without its secrets; known are some that it may
// hold anywhere. The tree is changed.
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
	// Backwards, so that of two that begin alike the longer one comes first.
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

// collect remembers what is in a secret member.
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

// strip takes the secret members out. The names of a table of domains are data:
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

// mask hides the secrets found in all texts, and in names. records is true of
// what stands in the DNS: there x=y is no parameter of a URL.
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

// masked hides secrets in a text. What is shown later has no control bytes,
// which may stand within a secret now.
func masked(hide *strings.Replacer, s string) string {
	s = hide.Replace(s)
	if shown := service.Clean([]byte(s)); hide.Replace(shown) != shown {
		return secret.Mask
	}
	return s
}

// maskParameters hides the values of parameters that are called like a secret:
// the service's log may repeat the URL of an update.
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

// maskRandom hides words that look drawn by lot, as keys are: long, and of more
// than small letters.
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
