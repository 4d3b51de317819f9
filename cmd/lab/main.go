// Command lab shows and measures homeward on a real kernel: a router and its
// provider in network namespaces of this machine, and a stand-in for IPv64 at
// the provider. It is never shipped.
package main

import (
	"fmt"
	"os"
)

const usage = `usage: lab demo BINARY           tells a story in real time
       lab bench BINARY          measures latency, memory and wake-ups (BENCH=quick: less of each;
                                BENCH=budgets: only what must hold on a busy machine, too)
       lab size BUILD-FLAGS…     builds for routers and holds the sizes against their limits
`

func main() {
	if len(os.Args) < 3 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	var err error
	switch os.Args[1] {
	case "demo":
		err = demo(os.Args[2])
	case "bench":
		err = bench(os.Args[2])
	case "other": // bench starts this, with the machine's roots on stdin
		err = measureRival(os.Args[2])
	case "size":
		err = size(os.Args[2:])
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}
