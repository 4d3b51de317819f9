package settings

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"homeward/cmd/homeward/settings/form"
	"homeward/update/secret"
	"homeward/update/service"
)

// secret reads a secret from the key or from its file. given is true also if it had
// a fault.
func (t table) secret(name string) (s secret.Secret, given bool) {
	inFile := name + "_file"
	given = !t.missing(name) || !t.missing(inFile)
	if t.has(name) && t.has(inFile) {
		t.fault(inFile, "stands beside "+name+": keep one of the two")
	}
	if t.has(name) {
		return t.inlineSecret(name), given
	}
	if t.has(inFile) {
		return t.fileSecret(inFile), given
	}
	return secret.Secret{}, given
}

func (t table) inlineSecret(name string) secret.Secret {
	v := t.text(name)
	if v == "" {
		return secret.Secret{}
	}
	t.r.inline = true
	if wrong := form.OddSecret(v); wrong != "" {
		t.fault(name, wrong)
		return secret.Secret{}
	}
	return secret.New(v)
}

func (t table) fileSecret(name string) secret.Secret {
	path := t.r.path(t.text(name))
	b, mode, err := t.r.read(path, MaxSecret)
	if err != nil {
		t.fault(name, unreadable(path, err))
		return secret.Secret{}
	}
	v := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if v == "" {
		t.fault(name, path+" is empty: write the secret into it, on one line")
		return secret.Secret{}
	}
	if wrong := form.OddSecret(v); wrong != "" {
		t.fault(name, "the content of "+path+" "+wrong)
		return secret.Secret{}
	}
	if OthersRead(mode) {
		t.warn(name, "others can read "+path+": chmod 640 "+path)
	}
	return secret.New(v)
}

// unreadable says why a secret's file cannot be read. If there is no such file, its
// name is not repeated: it may be the secret.
func unreadable(path string, err error) string {
	if !isFile(err) {
		return "names no file that is there: write the secret into a file, and the file's path here"
	}
	if notFor := (UnreadableError{}); errors.As(err, &notFor) {
		return path + ": " + notFor.mend(path)
	}
	if errors.Is(err, fs.ErrPermission) {
		return path + ": " + err.Error() + ": make it a file that homeward's user can read, as by chgrp homeward and chmod 640"
	}
	return path + ": " + err.Error() + ": make it a file that homeward's user can read"
}

// isFile reports whether the path that an error is about exists.
func isFile(err error) bool {
	for _, no := range []error{fs.ErrNotExist, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.ELOOP, fs.ErrInvalid, syscall.EINVAL} {
		if errors.Is(err, no) {
			return false
		}
	}
	return true
}

// credentials reads the secrets of the account.
func (t table) credentials(a *service.Account) {
	token, hasToken := t.secret("token")
	password, hasPassword := t.secret("password")
	a.Username = t.text("username")
	if wrong := form.OddUser(a.Username); wrong != "" {
		t.fault("username", wrong)
	}
	if hasToken && hasPassword && (t.has("token") || t.has("token_file")) {
		if name := t.given("password", "password_file"); name != "" {
			t.fault(name, "stands beside a token: keep one of the two")
		}
	}
	a.Token, a.Secret = hasToken, token
	if !hasToken {
		a.Secret = password
	}
	switch a.Service {
	case "ipv64":
		t.needToken(a, hasToken)
	case "spdyn":
		if hasToken {
			t.spdynToken(a)
		} else {
			t.needPassword(hasPassword, ", or token for a single host")
		}
	case "dyndns2":
		t.needPassword(hasPassword, "")
	}
}

// given returns the first of the keys that has a value, "" if none has.
func (t table) given(names ...string) string {
	for _, n := range names {
		if t.has(n) {
			return n
		}
	}
	return ""
}

func (t table) needToken(a *service.Account, given bool) {
	if !given {
		t.fault("token", `missing: write token = "…", the account's update token, or token_file = "/path"`)
		return
	}
	name := t.given("token", "token_file")
	if a.Secret = t.alone(name, a.Secret, "the update token"); form.OddToken(a.Secret.Reveal()) {
		t.warn(name, "is of an odd form, with a space or a quote in it: compare it with the one that ipv64.net shows")
	}
}

// alone returns a token of IPv64 without what was pasted around it, with a warning.
// If there is no token in it, that is a fault; what names the token.
func (t table) alone(name string, s secret.Secret, what string) secret.Secret {
	token, as := form.PastedToken(s.Reveal())
	switch {
	case as == "":
		return s
	case as == "a whole update URL" && token == "":
		t.fault(name, "is a URL without a key in it: write "+what+" alone")
	case token == "" || form.OddToken(token):
		if t.text("service") == "ipv64" {
			what += " alone, as ipv64.net shows it"
		} else {
			what += " alone"
		}
		t.fault(name, "is "+as+": write "+what)
	default:
		t.warn(name, "is "+as+"; the token was taken out of it: write the token alone")
		return secret.New(token)
	}
	return secret.Secret{}
}

func (t table) spdynToken(a *service.Account) {
	name := t.given("token", "token_file")
	if t.has("username") {
		t.fault("username", "stands beside a token, where the user is the host's name: take it out")
	}
	if n := len(a.Domains); n > 1 {
		t.fault("domains", "a token belongs to one host, and "+strconv.Itoa(n)+
			" hosts stand here: write an account with its own token for each, or username and password instead of the token")
	}
	if name != "" && !a.Secret.IsZero() && !form.SPDYNToken(a.Secret.Reveal()) {
		t.warn(name, "is not of the form that spdyn gives out (abcd-efgh-ijkl): compare it with the one shown there")
	}
}

func (t table) needPassword(given bool, otherwise string) {
	if t.missing("username") {
		t.fault("username", `missing: write username = "…" and password = "…"`+otherwise)
	}
	if !given {
		t.fault("password", `missing: write password = "…" or password_file = "/path"`+otherwise)
	}
}
