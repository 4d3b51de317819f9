package cli

import "fmt"

// Counted writes a number of things: 1 account, 2 accounts.
func Counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
