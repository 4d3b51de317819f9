package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// File is a service file that says more than those of ddns-scripts do.
// openwrt/SERVICES.md describes its members.
type File struct {
	Name         string
	Secret       string // what the secret is, in words for the owner
	Username     string // likewise
	Limit10s     *int   `json:"limit_10s"` // nil: the default
	Limit24h     *int   `json:"limit_24h"`
	Zone         string // the domain that all hosts are in, where the service has one alone
	Warning      string // what an owner has to know before the first update
	Connection   string // "ipv4": the service takes the connection's address if a request names none
	Keep         string // what an address or a prefix is called that is to stay as it is
	Headers      map[string]string
	Lookups      []Step
	IPv4         *Step
	IPv6         *Step
	Address      *Step // for each address of its own: [IP] and [TYPE]
	Prefix       *Step
	Both         *Step // one request for all values
	Create       *Step // in place of the others, if the last look-up has found nothing
	Error        []any // the path to the service's words in a JSON answer
	Limited      string
	Unauthorized string
	Refused      string
	Unknown      string

	steps []Step // every request, with its key
	text  string // the file without white space: tells two files apart
}

// Step is one request of a service: a look-up, or an update.
type Step struct {
	Name    string // of a look-up: the placeholder that it fills
	Method  string // "": GET, or POST with a body
	URL     string
	Body    json.RawMessage
	Form    string
	XML     string
	Status  []int  // those of success, nil: 2xx
	Answer  string // a pattern, "": the status alone tells
	Path    []any  // where in a JSON answer the pattern is searched, or what a look-up finds
	Absent  []int  // of a look-up: the statuses that mean there is nothing, beside 404
	Nothing string // of a look-up: a pattern of an answer with success that means there is nothing

	key string // the file's member or the configuration's key: ipv4, lookups[0], url4
}

// The bounds of a service file: far above what a service needs, and small enough
// for a router that is given a hostile one.
const (
	lookupsMost     = 3
	headersMost     = 8
	textMost        = 4096 // of a URL, a header or a body, with its placeholders
	placeholderMost = 24   // placeholders in a request: a secret may be 4 KiB
)

// ParseTemplate parses a service file: one of ddns-scripts, or one with the
// members of File. It refuses a file that names a program in place of a URL.
// Faults of a File's content are left to Check.
func ParseTemplate(file []byte) (Template, error) {
	var f File
	if err := json.Unmarshal(file, &f); err != nil {
		return Template{}, fmt.Errorf("not a service file: %w", jsonFault(file, err))
	}
	f.list()
	for _, s := range f.steps {
		if s.URL != "" && !strings.HasPrefix(s.URL, "http://") && !strings.HasPrefix(s.URL, "https://") && !strings.HasPrefix(s.URL, "[") {
			return Template{}, fmt.Errorf("the service file names the program %q, which is not a URL: only ddns-scripts can run it", Quote([]byte(s.URL)))
		}
	}
	if f.IPv4 == nil && f.IPv6 == nil && f.Address == nil && f.Prefix == nil && f.Both == nil ||
		!slices.ContainsFunc(f.steps, func(s Step) bool { return s.URL != "" }) {
		return Template{}, errors.New("the service file has no url, neither for ipv4 nor for ipv6")
	}
	if f.plain() {
		var t Template
		if f.IPv4 != nil {
			t.URL4, t.Answer4 = f.IPv4.URL, f.IPv4.Answer
		}
		if f.IPv6 != nil {
			t.URL6, t.Answer6 = f.IPv6.URL, f.IPv6.Answer
		}
		return t, nil
	}
	strict := json.NewDecoder(bytes.NewReader(file))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&File{}); err != nil {
		return Template{}, fmt.Errorf("%s: SERVICES.md lists the members of a service file", strings.TrimPrefix(err.Error(), "json: "))
	}
	var text bytes.Buffer
	json.Compact(&text, file) // valid: it was decoded
	f.text = text.String()
	return Template{File: &f}, nil
}

// plain reports whether a file says no more than one of ddns-scripts.
func (f *File) plain() bool {
	bare := func(s *Step) bool {
		return s == nil || s.Method == "" && s.Body == nil && s.Form == "" && s.XML == "" && s.Status == nil && s.Path == nil &&
			s.Name == "" && s.Absent == nil && s.Nothing == ""
	}
	return f.Secret == "" && f.Username == "" && f.Limit10s == nil && f.Limit24h == nil && f.Keep == "" && f.Zone == "" && f.Warning == "" && f.Connection == "" && f.Headers == nil &&
		f.Lookups == nil && f.Address == nil && f.Prefix == nil && f.Both == nil && f.Create == nil && f.Error == nil &&
		f.Limited == "" && f.Unauthorized == "" && f.Refused == "" && f.Unknown == "" && bare(f.IPv4) && bare(f.IPv6)
}

// list fills steps: the look-ups, then the updates in the order in which they
// are chosen.
func (f *File) list() {
	for i, l := range f.Lookups {
		l.key = "lookups[" + strconv.Itoa(i) + "]"
		f.steps = append(f.steps, l)
	}
	for _, s := range []struct {
		key  string
		step *Step
	}{{"ipv4", f.IPv4}, {"ipv6", f.IPv6}, {"address", f.Address}, {"prefix", f.Prefix}, {"both", f.Both}, {"create", f.Create}} {
		if s.step != nil {
			s.step.key = s.key
			f.steps = append(f.steps, *s.step)
		}
	}
}

// jsonFault tells where a file is not as it should be: by the member, or by the
// line.
func jsonFault(file []byte, err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s must not be a %s", strings.ToLower(kind.Field), kind.Value)
	case errors.As(err, &syntax):
		line := 1 + bytes.Count(file[:min(int(syntax.Offset), len(file))], []byte("\n"))
		return fmt.Errorf("line %d: %w", line, err)
	}
	return err
}

// method returns the step's method.
func (s Step) method() string {
	switch {
	case s.Method != "":
		return s.Method
	case s.Body != nil || s.Form != "" || s.XML != "":
		return "POST"
	}
	return "GET"
}

// isLookup reports whether a step is a look-up.
func (s Step) isLookup() bool { return strings.HasPrefix(s.key, "lookups") }

// texts returns all that has placeholders in a step.
func (s Step) texts() string {
	return s.URL + "\n" + s.Form + "\n" + string(s.Body) + "\n" + s.XML + "\n" + fmt.Sprint(s.Path)
}

// names reports whether a step has one of the placeholders.
func (s Step) names(placeholders ...string) bool {
	text := s.texts()
	return slices.ContainsFunc(placeholders, func(name string) bool { return strings.Contains(text, "["+name+"]") })
}
