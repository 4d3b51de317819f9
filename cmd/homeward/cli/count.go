package cli

import "fmt"

// Counted writes a number of things, as 1 account or 2 accounts. what is the
// singular.
func Counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
