// Package spelling finds the word that a misspelt one was meant to be.
package spelling

import "strings"

// Nearest returns the one of the known words that word was likely meant to be, ""
// if none is near: at most two letters may be wrong, fewer in short words. Case
// does not count in word.
func Nearest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		limit := min(3, len(k)/2+1)
		if d := distance(strings.ToLower(word), k); d < limit && d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to add, drop or replace between two words; of
// words much too long it says many.
func distance(a, b string) int {
	if len(a) > 32 || len(b) > 32 {
		return 32
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
