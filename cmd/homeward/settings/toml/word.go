package toml

import (
	"strconv"
	"strings"
	"time"
)

// word reads a value without quotes: a number, true or false, a date or a time.
func (p *parser) word() any {
	rest := p.src[p.pos:]
	end := strings.IndexAny(rest, ",]}# \t\r\n")
	if end < 0 {
		end = len(rest)
	}
	if end == len("2006-01-02") && len(rest) > end+1 && rest[end] == ' ' && isDigit(rest[end+1]) && rest[4] == '-' {
		more := strings.IndexAny(rest[end+1:], ",]}# \t\r\n")
		if more < 0 {
			more = len(rest) - end - 1
		}
		end += 1 + more // a date and a time with a blank between
	}
	v := meaning(rest[:end])
	if v == nil {
		p.fail(false)
		return nil
	}
	p.pos += end
	return v
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// meaning returns the value of a word, nil if it has none.
func meaning(word string) any {
	switch strings.TrimLeft(word, "+-") {
	case "":
		return nil
	case "inf", "nan":
		if len(word) <= len("+inf") {
			return Fraction{}
		}
		return nil
	}
	switch {
	case word == "true":
		return true
	case word == "false":
		return false
	case isDate(word):
		return Date{}
	}
	digits, ok := joined(word)
	if !ok {
		return nil
	}
	if n, ok := integer(digits); ok {
		return n
	}
	if isFraction(digits) {
		return Fraction{}
	}
	return nil
}

// joined takes the underscores out of a number: each stands between two digits.
func joined(word string) (string, bool) {
	for i := range len(word) {
		if word[i] == '_' && (i == 0 || i == len(word)-1 || !isHex(word[i-1]) || !isHex(word[i+1])) {
			return "", false
		}
	}
	return strings.ReplaceAll(word, "_", ""), true
}

func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func integer(digits string) (int64, bool) {
	for prefix, base := range map[string]int{"0x": 16, "0o": 8, "0b": 2} {
		if rest, ok := strings.CutPrefix(digits, prefix); ok {
			if rest == "" || !isHex(rest[0]) {
				return 0, false
			}
			n, err := strconv.ParseInt(rest, base, 64)
			return n, err == nil
		}
	}
	if plain := strings.TrimLeft(digits, "+-"); len(plain) > 1 && plain[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil
}

// isFraction reports whether digits are a number with a fraction or an exponent.
func isFraction(digits string) bool {
	whole, exponent, exponential := strings.Cut(strings.ToLower(digits), "e")
	whole, fraction, dotted := strings.Cut(whole, ".")
	if !exponential && !dotted {
		return false
	}
	sign := func(s string) string { return strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-") }
	if _, err := strconv.ParseFloat(digits, 64); err != nil {
		return false // too big
	}
	if len(sign(whole)) < len(whole)-1 || len(sign(exponent)) < len(exponent)-1 {
		return false
	}
	whole = sign(whole)
	return onlyDigits(whole) && (len(whole) == 1 || whole[0] != '0') &&
		(!dotted || onlyDigits(fraction)) && (!exponential || onlyDigits(sign(exponent)))
}

func onlyDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isDate reports whether a word is a date, a time, or both, with or without an
// offset.
func isDate(word string) bool {
	if len(word) < len("15:04") || strings.Contains(word, ",") {
		return false
	}
	if hour := strings.IndexByte(word, ':'); hour >= 0 && hour != len("15") && hour != len("2006-01-02T15") {
		return false // package time takes an hour of one digit
	}
	if len(word) > len("2006-01-02") {
		word = word[:10] + strings.ToUpper(strings.Replace(word[10:], " ", "T", 1))
	}
	for _, layout := range [...]string{"2006-01-02", "15:04:05", "15:04", "2006-01-02T15:04:05", "2006-01-02T15:04",
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00"} {
		if _, err := time.Parse(layout, word); err == nil {
			return true
		}
	}
	return false
}
