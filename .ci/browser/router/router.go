// Package router is an OpenWrt router with homeward and its page in LuCI, on
// this machine: a real kernel's namespace with a line to a provider, where
// services stand in for the real ones; a root directory with the packages'
// files, the real program, init script and rpcd script; and, written here, what
// procd, rpcd, uhttpd and LuCI's dispatcher do. It is for tests and for trying.
package router

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"homeward/netwatch/netwatchtest"
	"homeward/update/updatetest"
)

// Options say what a router is made of.
type Options struct {
	Tree    string       // the project's folder
	Program string       // the homeward to run
	LuCI    string       // a folder with LuCI's own files, "" for the stand-in of its client library
	Poll    int          // seconds between two polls of a page, 0: LuCI's 5
	Live    bool         // read the page's files from the tree, not from the package
	Serve   net.Listener // where LuCI is; nil: a port of 127.0.0.1
}

// Router is a router that runs. Its methods may be called by any goroutine.
type Router struct {
	Services
	Line *line
	URL  string // of LuCI

	o     Options
	root  root
	procd *procd
	log   *syslog
	uci   *sessions
	http  *http.Server

	running sync.RWMutex // held for reading by each request, for writing while the router is set up anew
	scripts sync.Mutex   // one at a time of those that procd hears of

	mu      sync.Mutex
	logins  map[string]rights // by session
	answer  func(Call) *Reply // see Intercept
	calls   []Call
	started int // programs, by rpcd
	reads   int // of files
}

// Call is one call of a method on ubus.
type Call struct {
	At             time.Time
	Session        string
	Object, Method string
	Args           map[string]any
	Denied         bool // by the ACL
	Answer         any
}

// Reply is given in place of the router's answer.
type Reply struct {
	Status int // of HTTP, 0 for 200: with another there is no answer
	Code   int // of ubus
	Data   any
}

// New makes a router in this process's network namespace, which must be one of
// its own (netwatchtest.Enter). Its line is up, and homeward is installed and
// off, as after the installation of its package.
func New(o Options) (r *Router, err error) {
	r = &Router{o: o, logins: map[string]rights{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if r.root, err = newRoot(o.Tree, o.Program); err != nil {
		return r, err
	}
	if r.log, err = newSyslog(r.root); err != nil {
		return r, err
	}
	r.procd = &procd{root: r.root, log: r.log}
	r.uci = &sessions{staged: map[string][]change{}, file: func(config string) string { return r.root.path("/etc/config/" + config) }}
	if err := r.connect(); err != nil {
		return r, err
	}
	if err := r.Init("enable"); err != nil {
		return r, err
	}
	if err := r.Init("start"); err != nil { // is off, and waits for a configuration
		return r, err
	}
	return r, r.serve()
}

// connect makes the line and what is behind it.
func (r *Router) connect() error {
	kernel, err := netwatchtest.New(false)
	if err != nil {
		return err
	}
	r.Line = &line{Router: kernel}
	r.Services = Services{updatetest.NewIPv64(Token, "home.ipv64.net", "office.ipv64.net", "nas.ipv64.net"), updatetest.NewSpdyn()}
	r.IPv64.Limit10s, r.IPv64.Limit24h = 0, 0
	r.Spdyn.AddUser("anna", "pass word", false)
	for host, token := range map[string]string{"home.spdns.org": SpdynToken, "other.spdns.org": "wxyz-wxyz-wxyz"} {
		r.Spdyn.AddHost("anna", host, true)
		r.Spdyn.SetToken(host, token)
	}
	return errors.Join(r.Line.services(r.root, r.Services), r.Line.reset())
}

// What the stand-ins accept.
const (
	Token      = "4ff3f0e2a1b2c3d4e5f6a7b8c9d0e1f2"
	SpdynToken = "abcd-efgh-ijkl"
)

func (r *Router) serve() (err error) {
	l := r.o.Serve
	if l == nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	r.URL = "http://" + l.Addr().String()
	r.http = &http.Server{Handler: r.handler(), ReadHeaderTimeout: time.Minute}
	go r.http.Serve(l)
	return nil
}

// Close ends everything and leaves nothing behind.
func (r *Router) Close() error {
	var err error
	if r.http != nil {
		err = r.http.Close()
	}
	if r.procd != nil {
		r.procd.kill()
	}
	if r.log != nil {
		r.log.conn.Close()
	}
	if r.Line != nil {
		err = errors.Join(err, r.Line.DelLink(wan), r.Line.Close())
	}
	r.root.close()
	return err
}

// Login makes a session: for root, or for a read-only user.
func (r *Router) Login(write bool) (session string, err error) {
	texts := []string{baseACL}
	if write {
		texts = append(texts, networkACL)
	}
	rights, err := login(r.root.path("/usr/share/rpcd/acl.d"), write, texts...)
	if err != nil {
		return "", err
	}
	id := make([]byte, 16)
	rand.Read(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	session = hex.EncodeToString(id)
	r.logins[session] = rights
	return session, nil
}

// Configure replaces /etc/config/homeward, and has it read anew as
// reload_config does.
func (r *Router) Configure(text string) error {
	return errors.Join(r.root.write("/etc/config/homeward", text, 0o600), r.Init("reload"))
}

// Reset replaces /etc/config/homeward, forgets the state and what is staged, and
// starts homeward, as after a boot. The line is as New has made it.
func (r *Router) Reset(text string) error {
	r.running.Lock() // what a page before has asked for ends first
	defer r.running.Unlock()
	r.uci.forget()
	err := errors.Join(r.Init("stop"), os.RemoveAll(r.root.path("/var/lib/homeward")), os.RemoveAll(r.root.path("/var/run/homeward")),
		os.RemoveAll(r.root.path("/var/etc")), os.RemoveAll(r.root.path("/etc/config/ddns")), r.root.write("/log", "", 0o644),
		r.root.write("/etc/config/homeward", text, 0o600), r.Line.reset(), r.Init("enable"), r.Init("start"))
	r.Calls()
	return err
}

// Config returns /etc/config/NAME.
func (r *Router) Config(name string) string {
	text, _ := os.ReadFile(r.root.path("/etc/config/" + name))
	return string(text)
}

// WriteFile puts a file on the router.
func (r *Router) WriteFile(name, text string) error { return r.root.write(name, text, 0o644) }

// Init calls homeward's init script, and does as it says.
func (r *Router) Init(action string) error {
	r.scripts.Lock()
	defer r.scripts.Unlock()
	out, err := r.root.command("/etc/init.d/homeward", action).CombinedOutput()
	if exit := execError(nil); errors.As(err, &exit) {
		err = nil // a fault of the configuration
	}
	if err != nil {
		return fmt.Errorf("init.d/homeward %s: %w\n%s", action, err, out)
	}
	return r.procd.obey()
}

// Kill ends the daemon as a fault would.
func (r *Router) Kill() { r.procd.kill() }

// Running tells whether the daemon runs.
func (r *Router) Running() bool { return r.procd.running() != nil }

// Log returns the router's log.
func (r *Router) Log() string { return r.log.all() }

// Status returns the daemon's status.json, "" without one.
func (r *Router) Status() string {
	text, _ := os.ReadFile(r.root.path("/var/run/homeward/status.json"))
	return string(text)
}

// Intercept has a function asked before each call on ubus: what it returns is
// the answer, nil the router's own.
func (r *Router) Intercept(answer func(Call) *Reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// Calls returns the calls since the last time, and how many programs rpcd has
// started for them.
func (r *Router) Calls() (calls []Call, started int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls, started = r.calls, r.started
	r.calls, r.started = nil, 0
	return calls, started
}

// Reads returns how often a file was read by ubus: each poll of the state does so
// once.
func (r *Router) Reads() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reads
}

// Staged returns how many changes wait to be applied, of all sessions.
func (r *Router) Staged() int { return r.uci.count() }

// Rollback tells whether applied changes wait to be confirmed.
func (r *Router) Rollback() bool { return r.uci.waiting() }

// Page returns a file of the page, by its path below the tree's folder of it.
func (r *Router) page(name string) string {
	if r.o.Live {
		return filepath.Join(r.o.Tree, "openwrt/luci-app-homeward/htdocs", name)
	}
	return r.root.path("/www/" + name)
}
