package main

import "fmt"

// mode is how much of everything is measured.
type mode string

const (
	everything mode = ""
	quick      mode = "quick"
	// onlyBudgets leaves out all that depends on how busy the machine is.
	onlyBudgets mode = "budgets"
)

func parseMode(s string) (mode, error) {
	switch m := mode(s); m {
	case everything, quick, onlyBudgets:
		return m, nil
	}
	return everything, fmt.Errorf("BENCH=%s: write quick, budgets, or nothing for all of it", s)
}

// rounds is n, or fewer unless all is measured.
func (m mode) rounds(n, fewer int) int {
	if m == everything {
		return n
	}
	return fewer
}
