package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"syscall"

	"homeward/cmd/homeward/settings/keylines"
	"homeward/netwatch"
	"homeward/update/secret"
)

// DefaultFiles are the configuration's paths without -c; the first that exists
// counts. The second is the init script's, made from UCI.
var DefaultFiles = [2]string{"/etc/homeward.toml", "/var/etc/homeward.toml"}

// The folders without a configuration, or if it names none.
const (
	DefaultStateDir = "/var/lib/homeward"
	DefaultRunDir   = "/var/run/homeward"
)

// The most bytes of a file that is read: far more than any needs, and little enough
// for a router if a path names the wrong file.
const (
	maxConfig   = 256 << 10
	MaxSecret   = 4 << 10
	maxRoots    = 4 << 20
	maxTemplate = 64 << 10
)

// FileReader reads a file of at most limit bytes and returns its content and mode.
type FileReader func(path string, limit int) ([]byte, fs.FileMode, error)

// Load reads the configuration at path, or the default one if path is "". The error
// is Faults if the file could be read; then the Config is nil, or has the defaults
// in place of faulty values. Warnings are returned with and without an error, one a
// line.
func Load(path string) (*Config, []string, error) { return LoadWith(path, ReadFile) }

// LoadWith is Load with another way to read files.
func LoadWith(path string, read FileReader) (*Config, []string, error) {
	if path == "" {
		if path = DefaultFile(); path == "" {
			return nil, nil, fmt.Errorf("neither %s nor %s is there: write one (homeward help config prints one with every key), or name another with -c FILE",
				DefaultFiles[0], DefaultFiles[1])
		}
	}
	from := Sources{}
	read = noting(read, from)
	src, mode, err := read(path, maxConfig)
	var notFor UnreadableError
	if errors.As(err, &notFor) {
		err = nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s: %w: write it (homeward help config prints one with every key), or name another with -c FILE", path, err)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, nil, fmt.Errorf("%s: %w: run this as root or as homeward's own user", path, err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	cfg, warnings, faults := Parse(path, src, mode, read)
	if notFor != (UnreadableError{}) {
		faults = append(Faults{{File: path, Text: notFor.mend(path)}}, faults...)
	}
	said := make([]string, len(warnings))
	for i, w := range warnings {
		said[i] = w.String()
	}
	if cfg != nil {
		cfg.Sources = from
	}
	if len(faults) > 0 {
		return cfg, said, faults
	}
	return cfg, said, nil
}

// DefaultFile returns the path of the default configuration, "" if there is none.
func DefaultFile() string {
	found := slices.IndexFunc(DefaultFiles[:], func(p string) bool {
		_, err := os.Stat(p)
		return err == nil || !errors.Is(err, fs.ErrNotExist)
	})
	if found < 0 {
		return ""
	}
	return DefaultFiles[found]
}

// ReadFile reads a regular file. Its errors do not repeat the path.
func ReadFile(path string, limit int) ([]byte, fs.FileMode, error) {
	// O_NONBLOCK: a pipe without a writer must not block the daemon
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, bareError(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, bareError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("is not a regular file")
	}
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, 0, bareError(err)
	}
	if len(b) > limit {
		return nil, 0, fmt.Errorf("is larger than %d bytes", limit)
	}
	return b, info.Mode(), nil
}

func bareError(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Parse checks a configuration and fills in defaults. file names it in faults, and
// relative paths start in its folder; mode is its mode. All faults are returned, in
// the order of their lines, but only the first one of the syntax. Except through
// read, Parse does not look at the system.
func Parse(file string, src []byte, mode fs.FileMode, read FileReader) (cfg *Config, warnings, faults Faults) {
	vals, fault := decode(file, src)
	if fault != nil {
		return nil, nil, Faults{*fault}
	}
	r := &reader{file: file, lines: keylines.Scan(string(src)).Lines, read: read}
	cfg = r.config(vals)
	if OthersRead(mode) && r.inline {
		r.warnings = append(r.warnings, Fault{File: file, Text: "others can read this file, and a secret stands in it: chmod 640 " + file})
	}
	return cfg, sorted(r.warnings), sorted(r.faults)
}

// OthersRead reports whether users outside the file's group may read it.
func OthersRead(mode fs.FileMode) bool { return mode.Perm()&0o004 != 0 }

func (r *reader) config(vals map[string]any) *Config {
	t := r.table(nil, vals, TopKeys())
	cfg := &Config{
		File:     r.file,
		StateDir: t.folder("state_dir", DefaultStateDir),
		RunDir:   t.folder("run_dir", DefaultRunDir),
		LogLevel: t.choice("log_level", "info"),
		CAFile:   t.roots("ca_file"),
		OnChange: r.path(t.text("on_change")),
	}
	line, _ := t.vals["line"].(map[string]any)
	cfg.Line = r.table([]string{"line"}, line, LineKeys()).devices(netwatch.Devices{WAN: "auto", WAN6: "auto", LAN: "auto"})
	accounts, _ := t.vals["account"].(map[string]any)
	seen := make(claims)
	for _, name := range r.byLine(accounts) {
		vals, ok := accounts[name].(map[string]any)
		if !ok {
			r.notATable(name, accounts[name])
			continue
		}
		at := r.table([]string{"account", name}, vals, AccountKeys())
		a := at.account(name, cfg)
		if a.Enabled {
			seen.check(at, a)
		}
		cfg.Accounts = append(cfg.Accounts, a)
	}
	sort.SliceStable(cfg.Accounts, func(i, j int) bool { return cfg.Accounts[i].Name < cfg.Accounts[j].Name })
	switch {
	case len(accounts) == 0 && !t.bad["account"]:
		t.fault("account", "there is none: write a table such as [account.home] with service, domains and token")
	case len(cfg.Accounts) > 0 && len(cfg.Active()) == 0:
		t.fault("account", "every account is switched off: write enabled = true in one of them")
	}
	return cfg
}

// byLine returns the names of the accounts in the order of the file.
func (r *reader) byLine(accounts map[string]any) []string {
	names := slices.Sorted(maps.Keys(accounts))
	line := func(name string) int { return r.lines[keylines.Join([]string{"account", name})] }
	sort.SliceStable(names, func(i, j int) bool { return line(names[i]) < line(names[j]) })
	return names
}

// notATable reports a value in place of an account's table: most likely an account's
// key, right below [account].
func (r *reader) notATable(name string, v any) {
	t := table{r, []string{"account"}, AccountKeys(), nil, map[string]bool{}}
	if _, ok := findKey(AccountKeys(), name); ok {
		t.fault(name, "belongs to an account with a name: write [account.home] above it, not [account]")
		return
	}
	if !shownUnknown(name, "") {
		name = "…"
	}
	t.fault(name, "is "+kindOf(v)+", not an account: write [account.home] on a line of its own, and its keys below")
}

// folder reads a path; relative ones start in the configuration's folder.
func (t table) folder(name, otherwise string) string {
	v := t.textOr(name, otherwise)
	if strings.Contains(v, "://") || !filepath.IsAbs(v) && secret.Shown(v) == "this" {
		t.fault(name, "is no folder: write its path, as in "+name+" = "+fmt.Sprintf("%q", otherwise))
		return otherwise
	}
	return t.r.path(v)
}

func (r *reader) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(r.file), p)
}
