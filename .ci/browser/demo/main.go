// Command demo serves homeward's page in LuCI on localhost, on LuCI's own files:
// a router with a simulated line, for a person to try. Its page is read from the
// tree at each load.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"homeward/netwatch/netwatchtest"

	"browser/router"
)

// listenerVariable names the descriptor of the listener, which is made before the
// namespaces are: the browser is outside of them.
const listenerVariable = "HOMEWARD_DEMO_LISTENER"

func main() {
	var o router.Options
	flag.StringVar(&o.Tree, "tree", ".", "the project's `folder`")
	flag.StringVar(&o.Program, "program", "bin/homeward", "the `homeward` to run")
	flag.StringVar(&o.LuCI, "luci", "", "a `folder` with LuCI's own files")
	port := flag.Int("port", 8064, "where the page is")
	flag.Parse()
	if err := demo(o, *port); err != nil {
		fmt.Fprintln(os.Stderr, "luci-demo:", err)
		os.Exit(1)
	}
}

func demo(o router.Options, port int) (err error) {
	if o.Serve, err = listener(port); err != nil {
		return err
	}
	netwatchtest.Enter()
	o.Live = true
	r, err := router.New(o)
	if err != nil {
		return err
	}
	defer r.Close()
	fmt.Printf("The page: http://127.0.0.1:%d/, with read-only rights: /login/reader.\n%s", port, help)
	for in := bufio.NewScanner(os.Stdin); ; {
		if !in.Scan() {
			select {} // without a terminal: until it is ended
		}
		if err := command(r, strings.Fields(in.Text())); err != nil {
			fmt.Println(err)
		}
	}
}

const help = `Here: ip ADDRESS (the line gets another), prefix PREFIX or none, kill (the daemon), log, status, config.
The services ipv64 (token 4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2; home, office, nas.ipv64.net) and spdyn (token abcd-efgh-ijkl,
home.spdns.org) are stand-ins behind the simulated line.
`

func command(r *router.Router, words []string) error {
	switch {
	case len(words) == 2 && words[0] == "ip":
		return r.Line.Dial(words[1])
	case len(words) == 2 && words[0] == "prefix":
		return r.Line.Delegate(strings.ReplaceAll(words[1], "none", ""))
	case len(words) == 1 && words[0] == "kill":
		r.Kill()
	case len(words) == 1 && words[0] == "log":
		fmt.Print(r.Log())
	case len(words) == 1 && words[0] == "status":
		fmt.Println(r.Status())
	case len(words) == 1 && words[0] == "config":
		fmt.Print(r.Config("homeward"))
	default:
		fmt.Print(help)
	}
	return nil
}

// listener makes the listener, or takes the one made before.
func listener(port int) (net.Listener, error) {
	if text := os.Getenv(listenerVariable); text != "" {
		fd, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		return net.FileListener(os.NewFile(uintptr(fd), "listener"))
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Dup(int(file.Fd())) // without close-on-exec
	if err != nil {
		return nil, err
	}
	return l, os.Setenv(listenerVariable, strconv.Itoa(fd))
}
