package secret

import (
	"strconv"
	"strings"
	"unicode"
)

// LooksLike reports whether a word may be a token or a password written in the
// wrong place. Short words, and longer ones with letters of one case, are names.
func LooksLike(word string) bool { return LooksLikeMixed(word, 8) }

// MayHold reports the same of a whole value. In names of hosts, addresses and
// paths, words of mixed characters may be longer.
func MayHold(v string) bool {
	most := 15
	if _, rest, ok := strings.Cut(v, "://"); ok {
		// Some update URLs have the secret in their path.
		if _, path, ok := strings.Cut(rest, "/"); ok && couldHoldSecret(path, 8) {
			return true
		}
	} else if !strings.ContainsAny(v, ".:/") {
		most = 8
	}
	return couldHoldSecret(v, most)
}

func couldHoldSecret(v string, most int) bool {
	for word := range strings.FieldsFuncSeq(v, func(r rune) bool { return strings.ContainsRune(".:/ ", r) }) {
		if LooksLikeMixed(word, most) {
			return true
		}
	}
	return false
}

// LooksLikeMixed is LooksLike, with words of mixed characters being names up to
// the length mixed.
func LooksLikeMixed(word string, mixed int) bool {
	lower, upper, digits := 0, 0, 0
	for i, r := range word {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsUpper(r) && i > 0:
			upper++
		case r != '-' && r != '_':
			lower++
		}
	}
	switch n := len(word); {
	case spdynForm(word):
		return true
	case lower == 0 && upper == 0:
		return digits > 6
	case digits == 0 && (lower == 0 || upper == 0):
		return longestPart(word) > 16
	default:
		return n > mixed
	}
}

// longestPart returns the length of the longest run of letters.
func longestPart(word string) int {
	longest := 0
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == '-' || r == '_' }) {
		longest = max(longest, len(part))
	}
	return longest
}

// LooksLikeToken reports whether a word has the form of a token even where a name
// is expected: no name changes so often between letters and digits.
func LooksLikeToken(word string) bool {
	changes := 0
	var last rune
	for i, r := range word {
		digit := unicode.IsDigit(r)
		if i > 0 && (digit != unicode.IsDigit(last) || unicode.IsUpper(r) && unicode.IsLower(last)) {
			changes++
		}
		last = r
	}
	return len(word) >= 16 && changes >= 6 || spdynForm(word)
}

// spdynForm reports whether a word has the form of SPDYN's update tokens:
// abcd-efgh-ijkl.
func spdynForm(word string) bool {
	if len(word) != 14 || word[4] != '-' || word[9] != '-' {
		return false
	}
	for i, c := range []byte(word) {
		if i != 4 && i != 9 && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// Shown quotes a wrong value for a message. It returns the word this, without
// quotes, for a value that could be a secret (under the wrong key, or behind a
// wrong quote), is longer than 64 bytes, or is not printable.
func Shown(v string) string {
	odd := func(r rune) bool {
		return !strconv.IsPrint(r) || r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.:/ *", r)
	}
	if v == "" || len(v) > 64 || strings.ContainsFunc(v, odd) || MayHold(v) {
		return "this"
	}
	return strconv.Quote(v)
}
