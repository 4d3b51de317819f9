package update

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

// TestMain lets the test binary be its own sender process, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case SenderArg:
			os.Exit(ServeSender(os.Stdin, os.Stdout, "1.2.3"))
		case "misbehave":
			misbehave(os.Args[2])
		}
	}
	os.Exit(m.Run())
}

// misbehave is a sender process with a fault.
func misbehave(how string) {
	switch how {
	case "panic":
		var none []int
		fmt.Println(none[len(os.Args)])
	case "panic with a secret":
		panic("hunter2")
	case "exit":
		os.Exit(3)
	case "silent":
	case "hang":
		time.Sleep(time.Minute)
	case "watch":
		(&Sender{Args: []string{"misbehave", "hang"}}).Exchange(context.Background(), Request{}, nil)
	case "garbage":
		for range 1000 {
			fmt.Println("garbage hunter2")
		}
	case "mark and garbage":
		os.Stdout.Write([]byte{frameMark, 0xff, 0xff, 0xff, 0xff, 'x'})
	case "half a frame":
		os.Stdout.Write([]byte{frameMark, 0, 0, 0, 9, 'x'})
	case "answer before go":
		writeFrame(os.Stdout, Outcome{Answer: &Answer{Status: 200}}.fields()...)
	case "die after go":
		in := bufioStdin()
		readFrame(in, maxRequestFrame)
		writeFrame(os.Stdout, frameReady, "192.0.2.1")
		readFrame(in, 64)
		os.Stdout.WriteString("fatal error: out of memory\n\ngoroutine 1 [running]:\n")
		os.Exit(2)
	}
	os.Exit(0)
}
