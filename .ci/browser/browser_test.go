// Package browser_test drives homeward's page in LuCI in a real browser, on a
// router that is real but for LuCI's own parts: see the package router.
package browser_test

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"homeward/netwatch/netwatchtest"

	"browser/router"
)

var (
	tree    = flag.String("tree", "../..", "the project's `folder`")
	program = flag.String("program", "../../bin/homeward", "the `homeward` to run")
	// far longer than anything takes beside six busy loops on one core
	longest = flag.Duration("patience", time.Minute, "how long anything may take")
	luci    = flag.String("luci", "", "a `folder` with LuCI's own files, in place of the stand-in of its client library")
)

// One router and one browser serve all tests, one after the other.
var (
	r       *router.Router
	browser context.Context
)

func TestMain(m *testing.M) {
	flag.Parse()
	netwatchtest.Enter()
	code, err := setUp(m)
	if err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

func setUp(m *testing.M) (code int, err error) {
	r, err = router.New(router.Options{Tree: *tree, Program: *program, LuCI: *luci, Poll: 1})
	if err != nil {
		return 1, err
	}
	defer r.Close()
	path, err := chromium()
	if err != nil {
		return 1, err
	}
	profile, err := os.MkdirTemp("", "homeward-chromium-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(profile)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, end := chromedp.NewContext(allocator)
	defer end()
	if err := chromedp.Do(ctx); err != nil {
		return 1, fmt.Errorf("%s: %w", path, err)
	}
	browser = ctx
	return m.Run(), nil
}

func chromium() (string, error) {
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no browser: apt-get install chromium-headless-shell")
}

// begin gives the router a configuration and a fresh state.
func begin(t *testing.T, config string) {
	t.Helper()
	if err := r.Reset(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Intercept(nil) })
}

// home is an account that works.
const home = `config account 'home'
	option service 'ipv64'
	list domain 'home.ipv64.net'
	option token '` + router.Token + `'
	option limit_10s '0'
`

const on = "config homeward 'main'\n\toption enabled '1'\n\n"
