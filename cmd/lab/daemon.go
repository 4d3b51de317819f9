package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// account is one account of a generated configuration.
type account struct {
	name, domain, token string
	unlimited           bool
}

// configuration spells the accounts as homeward reads them.
func (s *scene) configuration(accounts ...account) string {
	var b strings.Builder
	fmt.Fprintf(&b, "state_dir = %q\nrun_dir   = %q\nca_file   = %q\n", s.path("state"), s.path("run"), s.caFile)
	for _, a := range accounts {
		fmt.Fprintf(&b, "\n[account.%s]\nservice = \"ipv64\"\nserver  = %q\ndomains = [%q]\ntoken   = %q\n", a.name, s.server.URL, a.domain, a.token)
		if a.unlimited {
			b.WriteString("limit_10s = 0\nlimit_24h = 0\n")
		}
	}
	return b.String()
}

func (s *scene) configure(accounts ...account) error {
	return os.WriteFile(s.path("homeward.toml"), []byte(s.configuration(accounts...)), 0o640)
}

// daemon is a homeward run that works.
type daemon struct {
	*os.Process
	log *bytes.Buffer // to be read when it has ended
	cmd *exec.Cmd
}

// start starts homeward run in the router. env is added to an environment
// that is otherwise as procd's: nearly empty.
func (s *scene) start(env ...string) (*daemon, error) {
	for _, dir := range []string{"state", "run"} {
		if err := errors.Join(os.RemoveAll(s.path(dir)), os.Mkdir(s.path(dir), 0o755)); err != nil {
			return nil, err
		}
	}
	return s.resume(env...)
}

// resume is start with the state that another one left.
func (s *scene) resume(env ...string) (*daemon, error) {
	d := &daemon{log: new(bytes.Buffer), cmd: exec.Command(s.binary, "run", "-c", s.path("homeward.toml"))}
	d.cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, env...)
	d.cmd.Stderr = d.log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := d.cmd.Start()
	d.Process = d.cmd.Process
	return d, err
}

// stop ends it as procd does, and is an error unless it went well and within
// 2 s.
func (d *daemon) stop() error {
	began := time.Now()
	if err := d.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	kill := time.AfterFunc(5*time.Second, func() { d.Kill() })
	defer kill.Stop()
	if err := d.cmd.Wait(); err != nil {
		return fmt.Errorf("homeward run: %w\n%s", err, d.log)
	}
	if took := time.Since(began); took > 2*time.Second {
		return fmt.Errorf("homeward run took %v to end", took)
	}
	return nil
}

// command runs another command of homeward and returns its exit code and what
// it wrote on stdout.
func (s *scene) command(args ...string) (code int, out string, err error) {
	cmd := exec.Command(s.binary, append(args, "-c", s.path("homeward.toml"))...)
	text, err := cmd.Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return exit.ExitCode(), string(text), nil
	}
	return 0, string(text), err
}

// state returns an account's state as homeward status shows it.
func (s *scene) state(name string) (string, error) {
	_, out, err := s.command("status", "--json")
	if err != nil {
		return "", err
	}
	var status struct {
		Accounts map[string]struct{ State string }
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		return "", fmt.Errorf("homeward status --json: %w in %q", err, out)
	}
	return status.Accounts[name].State, nil
}
