package ipv64cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"homeward/cmd/homeward/cli"
	"homeward/cmd/homeward/daemon"
	"homeward/cmd/homeward/identity"
	"homeward/cmd/homeward/settings"
	"homeward/cmd/homeward/settings/form"
	"homeward/netwatch"
	"homeward/update/clock"
	"homeward/update/ipv64api"
	"homeward/update/log"
	"homeward/update/secret"
	"homeward/update/service"
	"homeward/update/state"
	"homeward/update/transport"
)

// session is one run of homeward ipv64.
type session struct {
	cli.Call
	cfg     *settings.Config // the defaults without accounts, if there is no file
	api     *ipv64api.Client
	keyFrom string
	in      *bufio.Reader // stdin; the key may be its first line
	zone    *time.Location
}

// open reads the configuration and the key, and opens the state. If it returns nil,
// it has printed why, and code is the exit code.
func open(c cli.Call) (s *session, code int) {
	s = &session{Call: c, in: bufio.NewReader(c.Stdin), zone: time.Local}
	if s.cfg = s.config(); s.cfg == nil {
		return nil, cli.ExitUsage
	}
	key, err := s.key() // while this is still root
	if err != nil {
		fmt.Fprintln(c.Stderr, "homeward ipv64:", err)
		return nil, cli.ExitUsage
	}
	if err := identity.TakeBeside(s.cfg.StateDir, s.cfg.RunDir, false); err != nil {
		fmt.Fprintln(c.Stderr, "homeward ipv64:", err)
		return nil, cli.ExitFault
	}
	identity.CarryState(s.cfg.StateDir, s.cfg.RunDir, func(_ log.Level, text string) { s.warn(text) })
	api := ipv64api.API{Server: s.server(), Key: key, CAFile: s.cfg.CAFile}
	for _, a := range s.cfg.Accounts {
		api.Hide = append(api.Hide, a.Secret, a.Healthcheck)
	}
	s.api = &ipv64api.Client{API: api, Now: clock.System(), Exchange: transport.New(c.Version),
		Store: state.Open(s.cfg.StateDir, s.cfg.RunDir, s.warn),
		Say:   func(text string) { fmt.Fprintln(c.Stderr, "homeward ipv64:", text) }}
	return s, cli.ExitOK
}

func (s *session) warn(text string) { fmt.Fprintln(s.Stderr, "warning: "+text) }

// config reads the configuration. It returns nil if the one named by -c cannot be
// used; the default one may be missing, faulty or unreadable.
func (s *session) config() *settings.Config {
	cfg, warnings, err := settings.Load(s.Value("-c"))
	if err == nil {
		for _, w := range warnings {
			s.warn(w)
		}
		return cfg
	}
	if s.Has("-c") {
		fmt.Fprintln(s.Stderr, err)
		return nil
	}
	if settings.DefaultFile() != "" {
		s.warn(err.Error())
		s.warn("the configuration is not used")
	}
	return &settings.Config{StateDir: settings.DefaultStateDir, RunDir: settings.DefaultRunDir}
}

// accounts returns IPv64's accounts that are switched on.
func (s *session) accounts() []settings.Account {
	var out []settings.Account
	for _, a := range s.cfg.Active() {
		if a.Service == "ipv64" {
			out = append(out, a)
		}
	}
	return out
}

// server returns the accounts' server; if they differ, that of the first.
func (s *session) server() string {
	accounts := s.accounts()
	if len(accounts) == 0 {
		return "https://ipv64.net"
	}
	first := accounts[0]
	for _, a := range accounts {
		if a.Server != first.Server {
			s.warn("the accounts name several servers: asking " + first.Server + ", that of " + first.Name)
			break
		}
	}
	return first.Server
}

// key reads the API key from its file or from stdin.
func (s *session) key() (secret.Secret, error) {
	path := s.Value("--key-file")
	var text []byte
	var err error
	switch path {
	case "-":
		s.keyFrom = "standard input"
		line, rerr := io.ReadAll(io.LimitReader(s.keyLine(), settings.MaxSecret))
		text, err = line, rerr
	case "":
		path = defaultKeyFile
		fallthrough
	default:
		s.keyFrom = path
		var mode fs.FileMode
		text, mode, err = settings.ReadFile(path, settings.MaxSecret)
		if err == nil && settings.OthersRead(mode) {
			s.warn("others can read " + path + ": chmod 600 " + path)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return secret.Secret{}, fmt.Errorf("%s: %w: write the account's API key into it (ipv64.net shows it; chmod 600), or name another file with --key-file FILE", path, err)
	}
	if err != nil {
		return secret.Secret{}, fmt.Errorf("%s: %w", s.keyFrom, err)
	}
	return keyIn(strings.TrimSpace(string(text)), s.keyFrom)
}

// keyIn checks what was read as the API key; from names where it was read.
func keyIn(v, from string) (secret.Secret, error) {
	_, isURL := form.URLIn(v)
	if t, as := form.PastedToken(v); !isURL && as != "" && !form.OddToken(t) {
		v = t
	}
	switch {
	case v == "":
		return secret.Secret{}, fmt.Errorf("%s is empty: write the account's API key into it", from)
	case isURL:
		return secret.Secret{}, fmt.Errorf("%s holds a URL, and an update URL holds no API key: write the account's API key into it, alone", from)
	case form.OddSecret(v) != "":
		return secret.Secret{}, fmt.Errorf("the content of %s %s", from, form.OddSecret(v))
	}
	return secret.New(v), nil
}

// keyLine returns the part of stdin that is the key: one line of a terminal, where
// answers follow, else all of it.
func (s *session) keyLine() io.Reader {
	cli.EndBySignal()
	if !isTTY(s.Stdin) {
		return s.in
	}
	fmt.Fprint(s.Stderr, "API key: ")
	line, _ := s.in.ReadString('\n')
	return strings.NewReader(line)
}

// isTTY reports whether r is a terminal.
func isTTY(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// do makes a call. If it fails, it prints why.
func (s *session) do(ctx context.Context, c ipv64api.Call) (a ipv64api.Answer, ok bool) {
	a, err := s.api.Do(ctx, c)
	if s.Has("--json") && a.JSON != nil {
		fmt.Fprintf(s.Stdout, "%s\n", a.JSON)
	}
	same := s.sameToken()
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(s.Stderr, "homeward ipv64: given up")
	case err != nil:
		fmt.Fprintln(s.Stderr, "homeward ipv64:", err)
	case a.Verdict == service.Unauthorized && same != "":
		fmt.Fprintf(s.Stderr, "homeward ipv64: %s: what stands in %s is the update token of the account %s, and not the API key, which ipv64.net shows apart from it\n",
			a.Detail, s.keyFrom, same)
	case a.Verdict == service.Unauthorized:
		fmt.Fprintf(s.Stderr, "homeward ipv64: %s: %s, into %s\n", a.Detail, a.Hint, s.keyFrom)
	case a.Verdict != service.Accepted && a.Hint != "":
		fmt.Fprintf(s.Stderr, "homeward ipv64: %s: %s\n", a.Detail, a.Hint)
	case a.Verdict != service.Accepted && c.Target != "":
		fmt.Fprintf(s.Stderr, "homeward ipv64: %s: whether it was done, homeward ipv64 domains shows\n", a.Detail)
	case a.Verdict != service.Accepted:
		fmt.Fprintf(s.Stderr, "homeward ipv64: %s\n", a.Detail)
	case same != "":
		s.warn("the token of the account " + same + " is this API key: updates need the update token")
		return a, true
	default:
		return a, true
	}
	return a, false
}

// sameToken returns the account whose update token equals the API key, "" if none.
func (s *session) sameToken() string {
	for _, a := range s.accounts() {
		if a.Secret.Reveal() == s.api.Key.Reveal() {
			return a.Name
		}
	}
	return ""
}

// change makes a call that changes something, and returns the exit code.
func (s *session) change(ctx context.Context, c ipv64api.Call, done string) int {
	if _, ok := s.do(ctx, c); !ok {
		return cli.ExitFault
	}
	if !s.Has("--json") {
		fmt.Fprintln(s.Stdout, done)
	}
	return cli.ExitOK
}

// agreed asks before something is deleted, if stdin is a terminal.
func (s *session) agreed(question string) bool {
	if s.Has("--yes") || !isTTY(s.Stdin) {
		return true
	}
	cli.EndBySignal()
	fmt.Fprint(s.Stderr, question+" [y/N] ")
	line, _ := s.in.ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true
	}
	fmt.Fprintln(s.Stderr, "nothing was deleted")
	return false
}

// publications returns what the accounts would publish now, and notes for people.
func (s *session) publications() (pubs []publication, notes []string) {
	accounts := s.accounts()
	if len(accounts) == 0 {
		return nil, nil
	}
	tables, err := netwatch.Read()
	if err != nil {
		return nil, []string{"what this router would publish is not known: " + err.Error()}
	}
	accepted := s.api.Store.Read(s.api.Now()).Accepted
	cfg := *s.cfg
	cfg.Accounts = accounts
	wants := daemon.NewViews(&cfg, accepted, nil).Observe(tables).Wants
	for _, a := range accounts {
		if a.Server != s.api.Server {
			continue
		}
		if a.Detect == "web" {
			notes = append(notes, "account "+a.Name+" asks the service for its address: not compared")
			continue
		}
		if w := wants[a.Name]; w.Note != "" {
			notes = append(notes, "account "+a.Name+": "+w.Note)
		}
		for _, d := range a.Domains {
			pubs = append(pubs, publication{a.Name, d, apexless(a.Record), wants[a.Name].Values})
		}
	}
	return pubs, notes
}
