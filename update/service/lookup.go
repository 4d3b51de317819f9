package service

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"homeward/update/transport"
)

// Update.Found holds what look-ups have found for one host, by the placeholder;
// for one that differs by the address family with the type behind it ("RECORD
// AAAA"). "" stands for nothing found. Two names are not a look-up's:
const (
	foundZone  = "ZONE" // the zone of the host, or the next one to ask for
	foundAgain = "?"    // a mark for each time that the look-ups were repeated since the last accepted update
)

// againMost bounds how often the look-ups of one update are repeated. Once is not
// enough: a limit may hold the update back for hours, and the record may be made anew
// meanwhile.
const againMost = 3

// lookupBody bounds the answer of a look-up: a list of a few hundred records.
const lookupBody = 64 << 10

// foundMost bounds what a look-up finds; identifiers are shorter.
const foundMost = 200

// zonesMost bounds the names that are tried as a host's zone.
const zonesMost = 6

// pathHelp tells how to write a path.
const pathHelp = `write a list of names, positions and {"name": "value"} for the element that has these, as in ["result", 0, "id"]; of a look-up without answer, and nothing with a path alone`

// IsLookup reports whether the next request of an update is a look-up: it
// changes nothing at the service.
func (a *Account) IsLookup(c Update) bool {
	return a.Template != nil && a.Template.next(a, c).isLookup()
}

// Assume returns what c has found if its next look-up succeeds, with the
// placeholder's name in place of the unknown: to show the requests that follow.
func (a *Account) Assume(c Update) map[string]string {
	found := cloneFound(c.Found)
	l := a.Template.next(a, c)
	f := filling{a, c, l}
	found[l.foundKey(f.recordType())] = l.Name
	if found[foundZone] == "" {
		labels := strings.Split(f.host(), ".")
		found[foundZone] = strings.Join(labels[max(0, len(labels)-2):], ".")
	}
	return found
}

// next returns the request that an update needs next, by what is known: a look-up,
// or the update itself.
func (t Template) next(a *Account, c Update) Step {
	update := t.choose(c.Values)
	if t.File == nil || update.URL == "" {
		return update
	}
	kind := filling{a, c, update}.recordType()
	absent := false
	for i, l := range t.File.steps[:len(t.File.Lookups)] {
		if cmp.Or(a.Zone, t.File.Zone) != "" && l.Path == nil && i == t.File.guess() || kind == "" && l.names("TYPE") {
			continue // it finds the zone, which is known, or a record that is not meant
		}
		value, ok := c.Found[l.foundKey(kind)]
		if !ok {
			return l
		}
		absent = value == ""
	}
	if absent && t.File.Create != nil { // state.json may be of a file that had it
		return *t.File.Create
	}
	return update
}

// foundKey returns the key of a look-up's finding in Update.Found.
func (s Step) foundKey(kind string) string {
	if s.names("TYPE") {
		return s.Name + " " + kind
	}
	return s.Name
}

// guesses reports whether a look-up finds the host's zone by trying its parents:
// the first that has it in its request.
func (t Template) guesses(a *Account, l Step) bool {
	first := t.File.guess()
	return cmp.Or(a.Zone, t.File.Zone) == "" && first >= 0 && t.File.Lookups[first].Name == l.Name
}

// guess returns the index of the look-up that finds the zone where none is given,
// -1 if there is none.
func (f *File) guess() int {
	return slices.IndexFunc(f.Lookups, func(s Step) bool { return s.names("ZONE", "NAME", "SUB") })
}

// parseLookup returns what a look-up's answer means: Learned, with what is known
// from now on, or why it cannot go on.
func (t Template) parseLookup(a *Account, c Update, l Step, ans transport.Answer) Result {
	r, gone := t.judge(a, c, l, ans)
	if r.Verdict != Accepted && !gone {
		return r
	}
	f := filling{a, c, l}
	found := cloneFound(c.Found)
	value, ok := f.zone(), r.Verdict == Accepted
	if ok && l.Path != nil {
		var known bool
		if value, ok, known = f.valueAt(ans, l.Path); !known && !says(l.Nothing, ans) {
			return Result{Verdict: Unknown, Detail: r.Detail, Hint: "the answer to a look-up is no JSON, is longer than 64 KiB, or tells of another error"}
		}
	}
	guesses := t.guesses(a, l)
	switch {
	case ok && (value == "" || len(value) > foundMost || Clean([]byte(value)) != value):
		return Result{Verdict: Unknown, Detail: r.Detail}
	case ok:
		if found[l.foundKey(f.recordType())] = value; guesses {
			found[foundZone] = f.zone()
		}
	case guesses:
		if found[foundZone] = parentZone(f.zone()); found[foundZone] == "" {
			r = f.refused("the service has no zone for "+f.host(), `write zone = "…", the domain as the service lists it, or use a key that may see it`)
			r.Found = map[string]string{}
			return r
		}
	case t.File.Create != nil && l.Name == t.File.Lookups[len(t.File.Lookups)-1].Name:
		found[l.foundKey(f.recordType())] = ""
	default:
		return f.refused("the service has no record of "+f.host(), "make it at the service, or correct domains")
	}
	return Result{Verdict: Learned, Found: found}
}

// parentZone returns the next name to try as a zone, "" if there is none.
func parentZone(zone string) string {
	if _, zone, _ = strings.Cut(zone, "."); !strings.Contains(zone, ".") {
		return ""
	}
	return zone
}

// stillFound returns what stays known after an accepted update, nil if all does:
// not that there was no record, and not that the look-ups were repeated.
func stillFound(c Update) map[string]string {
	found := c.FoundOnceSent()
	delete(found, foundAgain)
	if len(found) == len(c.Found) {
		return nil
	}
	return found
}

// FoundOnceSent returns what stays known once an update is on its way: not that there
// is no record. If its answer is lost, making another one could leave two.
func (c Update) FoundOnceSent() map[string]string {
	found := cloneFound(c.Found)
	maps.DeleteFunc(found, func(_, value string) bool { return value == "" })
	return found
}

func cloneFound(found map[string]string) map[string]string {
	if found == nil {
		return map[string]string{}
	}
	return maps.Clone(found)
}

// valueAt returns the text or number at a path in a JSON answer. known is false
// if the answer does not tell: it is not JSON, or has nothing there. A list
// without the element tells that there is none.
func (f filling) valueAt(ans transport.Answer, path []any) (value string, ok, known bool) {
	var v any
	d := json.NewDecoder(bytes.NewReader(ans.Body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return "", false, false
	}
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[step]
		case float64:
			list, is := v.([]any)
			if int(step) >= len(list) {
				return "", false, is
			}
			v = list[int(step)]
		case map[string]any:
			list, is := v.([]any)
			i := slices.IndexFunc(list, func(e any) bool { return f.matches(e, step) })
			if i < 0 {
				return "", false, is
			}
			v = list[i]
		}
	}
	value, ok = scalar(v)
	return value, ok, ok
}

// matches reports whether an element has the members of want, whose values may
// have placeholders.
func (f filling) matches(element any, want map[string]any) bool {
	object, _ := element.(map[string]any)
	for name, text := range want {
		pattern, _ := text.(string)
		is, ok := scalar(object[name])
		if !ok || !slices.ContainsFunc(strings.Split(f.plain(pattern), "|"), func(v string) bool { return strings.EqualFold(v, is) }) {
			return false
		}
	}
	return true
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// pathIsValid reports whether a path has names, positions and matches alone.
func pathIsValid(path []any) bool {
	return len(path) <= 8 && !slices.ContainsFunc(path, func(step any) bool {
		switch step := step.(type) {
		case string:
			return false
		case float64:
			return step < 0 || step > 1000 || step != float64(int(step))
		case map[string]any:
			for _, v := range step {
				if _, ok := v.(string); !ok {
					return true
				}
			}
			return len(step) == 0
		}
		return true
	})
}
