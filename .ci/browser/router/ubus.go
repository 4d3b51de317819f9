package router

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

type execError = *exec.ExitError

// rpcLimit is what rpcd hands to a script of one call.
const rpcLimit = 64 << 10

// request is one message of JSON-RPC.
type request struct {
	ID     any
	Method string
	Params []json.RawMessage
}

// ubus answers POST /ubus/, a message or several.
func (r *Router) ubus(w http.ResponseWriter, q *http.Request) {
	src, err := io.ReadAll(io.LimitReader(q.Body, 1<<20))
	if err != nil {
		return
	}
	var list []request
	batch := json.Unmarshal(src, &list) == nil
	if !batch {
		list = make([]request, 1)
		if err := json.Unmarshal(src, &list[0]); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
	}
	answers := []any{}
	for _, m := range list {
		a, status := r.message(m)
		if status != 0 {
			http.Error(w, "as the test has it", status)
			return
		}
		answers = append(answers, a)
	}
	w.Header().Set("Content-Type", "application/json")
	if !batch {
		json.NewEncoder(w).Encode(answers[0])
		return
	}
	json.NewEncoder(w).Encode(answers)
}

// message answers one message; a status is HTTP's in place of an answer.
func (r *Router) message(m request) (answer map[string]any, status int) {
	answer = map[string]any{"jsonrpc": "2.0", "id": m.ID}
	if m.Method == "list" {
		answer["result"] = map[string]any{}
		return answer, 0
	}
	var c Call
	ok := m.Method == "call" && len(m.Params) == 4
	for i, to := range []any{&c.Session, &c.Object, &c.Method, &c.Args} {
		ok = ok && json.Unmarshal(m.Params[i], to) == nil
	}
	if !ok {
		answer["error"] = map[string]any{"code": -32600, "message": "Invalid request"}
		return answer, 0
	}
	c.At = time.Now()
	r.mu.Lock()
	rights, intercept := r.logins[c.Session], r.answer
	r.mu.Unlock()
	defer func() { r.note(c) }()
	if c.Denied = rights == nil || !rights.may("ubus", c.Object, c.Method); c.Denied {
		answer["error"] = map[string]any{"code": -32002, "message": "Access denied"}
		return answer, 0
	}
	if intercept != nil {
		if reply := intercept(c); reply != nil {
			answer["result"] = result(reply.Data, reply.Code)
			return answer, reply.Status
		}
	}
	data, code := r.call(c, rights, m.Params[3])
	c.Answer, c.Denied = data, code == ubusDenied
	answer["result"] = result(data, code)
	return answer, 0
}

// note remembers a call that is answered.
func (r *Router) note(c Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
	if c.Object == "file" && c.Method == "read" {
		r.reads++
	}
}

func result(data any, code int) []any {
	if code != ubusOK || data == nil {
		return []any{code}
	}
	return []any{code, data}
}

// call does what a method of the router's own objects does.
func (r *Router) call(c Call, rights rights, raw json.RawMessage) (any, int) {
	text := func(name string) string { s, _ := c.Args[name].(string); return s }
	switch c.Object {
	case "session":
		if c.Method == "access" {
			return map[string]bool{"access": rights.may(text("scope"), text("object"), text("function"))}, ubusOK
		}
	case "luci":
		return map[string]any{"firewall": true, "ipv6": true, "opkg": false}, ubusOK
	case "file":
		return r.files(c.Method, text("path"), c.Args["base64"] == true, rights)
	case "service":
		list := r.procd.list()
		if name := text("name"); name != "" && name != "homeward" {
			list = map[string]any{}
		}
		return list, ubusOK
	case "uci":
		return r.uciCall(c, rights, raw)
	case "homeward":
		return r.rpcd(c.Method, raw)
	case "luci-rpc", "network", "network.interface", "network.device":
		return networkAnswer(c.Object + "." + c.Method)
	}
	return nil, ubusNotFound
}

// files is rpcd's object file: read, list and stat of what a login may see.
func (r *Router) files(method, name string, base64ed bool, rights rights) (any, int) {
	name = filepath.Clean("/" + name)
	if !rights.may("file", name, method) {
		return nil, ubusDenied
	}
	if method == "list" {
		return map[string]any{"entries": r.entries(name)}, ubusOK
	}
	info, err := os.Stat(r.root.path(name))
	if err != nil {
		return nil, ubusNotFound
	}
	switch method {
	case "read":
		body, err := os.ReadFile(r.root.path(name))
		if err != nil {
			return nil, ubusDenied
		}
		if base64ed {
			return map[string]string{"data": base64.StdEncoding.EncodeToString(body)}, ubusOK
		}
		return map[string]string{"data": string(body)}, ubusOK
	case "stat":
		return map[string]any{"path": name, "type": "file", "size": info.Size()}, ubusOK
	}
	return nil, 3
}

// entries lists the files of the page's in a folder: of LuCI's own blocks on the
// overview, say, none is needed.
func (r *Router) entries(folder string) []any {
	list := []any{}
	files, _ := os.ReadDir(r.page(strings.TrimPrefix(folder, "/www")))
	for _, f := range files {
		list = append(list, map[string]any{"name": f.Name(), "type": map[bool]string{true: "directory", false: "file"}[f.IsDir()]})
	}
	return list
}

// uciCall checks what rpcd checks, and does what the method does.
func (r *Router) uciCall(c Call, rights rights, raw json.RawMessage) (any, int) {
	var a uciArgs
	if json.Unmarshal(raw, &a) != nil {
		return nil, ubusInvalidArgument
	}
	right := "write"
	if c.Method == "get" || c.Method == "changes" {
		right = "read"
	}
	switch c.Method {
	case "apply":
		return nil, r.apply(c.Session, a.Rollback)
	case "confirm":
		return nil, r.uci.confirm()
	}
	if a.Config != "" && !rights.may("uci", a.Config, right) {
		return nil, ubusDenied
	}
	data, code := r.uci.call(c.Session, c.Method, a)
	if c.Method == "commit" && code == ubusOK {
		r.changed(a.Config)
	}
	return data, code
}

// apply saves a session's changes, and reloads what they are about.
func (r *Router) apply(session string, rollback bool) int {
	changed, code := r.uci.apply(session, rollback)
	for _, config := range changed {
		r.changed(config)
	}
	return code
}

// changed is rpcd's event config.change, by which procd reloads who asked for it.
func (r *Router) changed(config string) {
	if config != "homeward" || !r.procd.triggered() {
		return
	}
	if err := r.Init("reload"); err != nil {
		r.log.add("user.err", "test: "+err.Error())
	}
}

// rpcd runs the script of the object homeward.
func (r *Router) rpcd(method string, raw json.RawMessage) (any, int) {
	r.scripts.Lock()
	defer r.scripts.Unlock()
	cmd := r.root.command("/usr/libexec/rpcd/homeward", "call", method)
	cmd.Stdin = strings.NewReader(string(raw[:min(len(raw), rpcLimit)]))
	r.mu.Lock()
	r.started++
	r.mu.Unlock()
	out, err := cmd.Output()
	if exit := execError(nil); errors.As(err, &exit) {
		err = nil
	}
	if err := errors.Join(err, r.procd.obey()); err != nil {
		r.log.add("user.err", "test: "+err.Error())
	}
	var answer map[string]any
	if json.Unmarshal(out, &answer) != nil {
		return nil, ubusInvalidArgument
	}
	return answer, ubusOK
}
