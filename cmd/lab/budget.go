package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// budget is what a figure of homeward may be at most, and what the project
// aims for: the same where it aims for no less.
type budget struct {
	name       string
	unit       string
	limit, aim float64
}

// The budgets. Of memory, they are those of a daemon with GOMAXPROCS=1, as
// procd starts it, that has been idle for a while.
var (
	dirtyBudget    = budget{"Private_Dirty", "kB", 950, 950}
	anyDirtyBudget = budget{"Private_Dirty", "kB", 1050, 1050}
	laterBudget    = budget{"Private_Dirty", "kB", 1000, 1000}
	separateBudget = budget{"Private_Dirty", "kB", 1250, 1250}
	rssBudget      = budget{"RSS", "kB", 2500, 2500}
	wakeBudget     = budget{"wake-ups", "", 0, 0}
	peakBudget     = budget{"peak of watcher and worker, Pss", "kB", 11 << 10, 8600}
	floodBudget    = budget{"peak in a flood of routes", "kB", 14 << 10, 8 << 10}
)

// aloneBudget is for the latency of a change that meets no worker: one has to
// start, while the line settles, on the same machine in the same run.
func aloneBudget(floor, start time.Duration) budget {
	most := ms(floor + max(settling, start) + 6*time.Millisecond)
	return budget{"latency, median", "ms", most, most}
}

// rowBudget is for that of a change that a worker is there for.
func rowBudget(floor time.Duration) budget {
	most := ms(floor + settling + 4*time.Millisecond)
	return budget{"latency, median", "ms", most, most}
}

// settling is the silence that ends a burst of the kernel's messages.
const settling = 5 * time.Millisecond

// held is a figure that a budget is for.
type held struct {
	budget
	of     string // what was measured, and after what
	figure float64
}

func (h held) over() bool { return h.figure > h.limit }

// verdict tells how the figure stands to limit and aim.
func (h held) verdict() string {
	switch {
	case h.over():
		return "OVER"
	case h.figure > h.aim:
		return "ok, over the aim"
	}
	return "ok"
}

// text spells a value in the budget's unit: whole, unless it is a time.
func (b budget) text(v float64) string {
	if b.unit == "ms" {
		return fmt.Sprintf("%.2f ms", v)
	}
	return strings.TrimRight(fmt.Sprintf("%.0f %s", v, b.unit), " ")
}

// ledger is every figure that a budget is for, in the order of measuring.
type ledger []held

func (l *ledger) hold(b budget, of string, figure float64) {
	*l = append(*l, held{b, of, figure})
}

// print writes all of them, each beside its limit and aim.
func (l ledger) print(w io.Writer) {
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(out, "\nBudgets\n\t\tmeasured\tat most\taim\t")
	for _, h := range l {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", h.name, h.of, h.text(h.figure), h.text(h.limit), h.text(h.aim), h.verdict())
	}
	out.Flush()
}

// err names what is over its budget, nil if nothing is.
func (l ledger) err() error {
	text := "over budget:"
	for _, h := range l {
		if h.over() {
			text += fmt.Sprintf("\n  %s, %s: %s, and at most %s is allowed", h.name, h.of, h.text(h.figure), h.text(h.limit))
		}
	}
	if !strings.Contains(text, "\n") {
		return nil
	}
	return errors.New(text)
}
