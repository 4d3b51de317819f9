package service

import (
	"slices"
	"strings"

	"homeward/update/transport"
)

// judge returns what the answer to a service file's request means. gone tells that
// the service does not know what the request names.
func (t Template) judge(a *Account, c Update, s Step, ans transport.Answer) (r Result, gone bool) {
	file := t.File
	if r = byStatus(a, ans); ans.Status/100 == 3 || isHTML(ans.Body) && !strings.Contains(s.Answer, "<") {
		return r, false
	}
	f := filling{a, c, s}
	if file.Error != nil {
		if words, ok, _ := f.valueAt(ans, file.Error); ok {
			r.Detail = HTTPStatus(ans) + ": " + redact(a, []byte(words))
		}
	}
	refused := s.isLookup() && (says(file.Limited, ans) || says(file.Unauthorized, ans)) // some services say so with 200
	if f.succeeds(ans) && !refused {
		if !s.isLookup() {
			r.Detail = redact(a, ans.Body)
		}
		return Result{Verdict: Accepted, Detail: r.Detail}, false
	}
	check := "check the secret"
	if file.Secret != "" {
		check += ": " + file.Secret
	}
	switch {
	case says(file.Limited, ans):
		return Result{Verdict: Limited, Wait: RetryAfter(ans), Detail: r.Detail}, false
	case ans.Status/100 == 5 || ans.Status == 429:
		return r, false
	case s.isLookup() && slices.Contains(s.Absent, ans.Status) && !says(file.Unauthorized, ans):
		return f.refused(r.Detail, ""), true
	case says(file.Unauthorized, ans), ans.Status == 401, ans.Status == 403:
		return Result{Verdict: Unauthorized, Detail: r.Detail, Hint: check + ", and that it is for " + f.host()}, false
	case says(file.Unknown, ans), ans.Status == 404, ans.Status == 410:
		return f.refused(r.Detail, "make the host at the service, or correct domains"), true
	case says(file.Refused, ans):
		return f.refused(r.Detail, "mend at the service what it names"), false
	}
	if code := parseReturnCodes(a, c, ans, refusal); code.Verdict == Refused || code.Verdict == Unauthorized {
		return code, false
	}
	if ans.Status/100 == 4 && !slices.Contains([]int{408, 409, 423, 425}, ans.Status) { // these pass: a timeout, a conflict, a lock
		return f.refused(r.Detail, "mend at the service what it names"), false
	}
	return r, false
}

// says reports whether an answer says what a file's pattern means, if it has one.
func says(pattern string, ans transport.Answer) bool {
	_, ok := search(pattern, ans.Body)
	return pattern != "" && ok
}

// refused returns the result for a refusal of the update's one host: the account's
// other hosts go on.
func (f filling) refused(detail, hint string) Result {
	return combine([]HostResult{{Host: f.host(), Verdict: Refused, Detail: detail, Hint: hint}}, false)
}

// succeeds reports whether an answer is that of success.
func (f filling) succeeds(ans transport.Answer) bool {
	s := f.step
	if s.Status == nil && ans.Status/100 != 2 || s.Status != nil && !slices.Contains(s.Status, ans.Status) {
		return false
	}
	if s.Answer == "" || s.isLookup() {
		return true
	}
	body := ans.Body
	if s.Path != nil {
		value, ok, _ := f.valueAt(ans, s.Path)
		if !ok {
			return false
		}
		body = []byte(value)
	}
	_, ok := search(s.Answer, body)
	return ok
}

// parseUpdate returns what the answer to an update of a service file means. What
// the service no longer knows is asked for again, up to three times.
func (t Template) parseUpdate(a *Account, c Update, s Step, ans transport.Answer) Result {
	r, gone := t.judge(a, c, s, ans)
	switch {
	case r.Verdict == Accepted:
		r.Found = stillFound(c)
	case gone && len(t.File.Lookups) > 0 && len(c.Found[foundAgain]) < againMost:
		return Result{Verdict: Learned, Found: map[string]string{foundAgain: c.Found[foundAgain] + "1"}}
	case gone && len(t.File.Lookups) > 0:
		r.Found = map[string]string{} // a person may make the host, and try once more
	}
	return r
}
