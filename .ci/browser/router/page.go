package router

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	standin "browser/luci"
)

const script = "/cgi-bin/luci"

// Cookie is the name of the session's cookie.
const Cookie = "sysauth_http"

// handler is uhttpd with LuCI's dispatcher.
func (r *Router) handler() http.Handler {
	m := http.NewServeMux()
	whole := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.running.RLock()
		defer r.running.RUnlock()
		m.ServeHTTP(w, q)
	})
	m.HandleFunc("POST /ubus/", r.ubus)
	m.HandleFunc("POST "+script+"/admin/ubus", r.ubus)
	m.HandleFunc("POST "+script+"/admin/ubus/", r.ubus)
	m.HandleFunc("GET /luci-static/", r.static)
	m.HandleFunc("GET "+script+"/admin/translations/{lang}", r.translations)
	m.HandleFunc("GET "+script+"/admin/menu", func(w http.ResponseWriter, q *http.Request) {
		_, rights := r.session(q)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(r.tree(rights))
	})
	m.HandleFunc("POST "+script+"/admin/uci/{action}", r.applyPage)
	m.HandleFunc("GET "+script+"/admin/uci/{action}", r.applyPage)
	m.HandleFunc("GET "+script+"/", r.view)
	m.HandleFunc("GET /login/{user}", func(w http.ResponseWriter, q *http.Request) {
		session, err := r.Login(q.PathValue("user") == "root")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: Cookie, Value: session, Path: "/"})
		http.Redirect(w, q, script+"/admin/services/homeward", http.StatusFound)
	})
	m.Handle("GET /{$}", http.RedirectHandler("/login/root", http.StatusFound))
	return whole
}

// session returns the login of a request.
func (r *Router) session(q *http.Request) (id string, of rights) {
	if c, err := q.Cookie(Cookie); err == nil {
		id = c.Value
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return id, r.logins[id]
}

// static answers with the page's files first, then with LuCI's.
func (r *Router) static(w http.ResponseWriter, q *http.Request) {
	name := path.Clean(q.URL.Path)
	list := []string{r.page(name)}
	if r.o.LuCI != "" {
		for _, dir := range []string{"modules/luci-base", "modules/luci-mod-status", "themes/luci-theme-bootstrap"} {
			list = append(list, filepath.Join(r.o.LuCI, dir, "htdocs", name))
		}
		list = append(list, filepath.Join(r.o.LuCI, name), filepath.Join(r.o.LuCI, "www", name)) // as a router has them
	} else {
		name := strings.TrimPrefix(name, "/luci-static/")
		if _, err := fs.Stat(standin.Files, name); err == nil {
			if _, err := os.Stat(list[0]); err != nil {
				w.Header().Set("Cache-Control", "no-cache")
				http.ServeFileFS(w, q, standin.Files, name)
				return
			}
		}
	}
	for _, file := range list {
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFile(w, q, file)
			return
		}
	}
	http.NotFound(w, q)
}

// translations answers with the language's messages by their hash, from the
// .lmo of its package.
func (r *Router) translations(w http.ResponseWriter, q *http.Request) {
	texts := map[string]string{}
	lmo, _ := os.ReadFile(r.root.path("/usr/lib/lua/luci/i18n/homeward." + path.Base(q.PathValue("lang")) + ".lmo"))
	if len(lmo) > 4 {
		word := func(at uint32) uint32 { return binary.BigEndian.Uint32(lmo[at:]) }
		for at := word(uint32(len(lmo) - 4)); at < uint32(len(lmo)-4); at += 16 {
			if word(at) != 0 {
				texts[fmt.Sprintf("%08x", word(at))] = string(lmo[word(at+8) : word(at+8)+word(at+12)])
			}
		}
	}
	js, _ := json.Marshal(texts)
	w.Header().Set("Content-Type", "application/javascript; charset=UTF-8")
	fmt.Fprintf(w, "window.TR=%s;", js)
}

// applyPage is LuCI's admin/uci.
func (r *Router) applyPage(w http.ResponseWriter, q *http.Request) {
	id, rights := r.session(q)
	code := ubusDenied
	switch action := q.PathValue("action"); {
	case rights == nil || !rights.may("ubus", "uci", "apply"):
	case action == "apply_rollback":
		if code = r.apply(id, true); code == ubusOK {
			w.Header().Set("Content-Type", "application/json; charset=UTF-8")
			fmt.Fprint(w, `{"token":"0123456789abcdef"}`)
			return
		}
	case action == "apply_unchecked":
		code = r.apply(id, false)
	case action == "confirm":
		code = r.uci.confirm()
	case action == "revert":
		_, code = r.uci.call(id, "revert", uciArgs{})
	}
	status := map[int]int{ubusOK: 200, ubusInvalidArgument: 400, ubusNotFound: 404, ubusNoData: 204, ubusDenied: 403}[code]
	w.WriteHeader(status)
	if status != 204 {
		fmt.Fprint(w, http.StatusText(status))
	}
}

// node is a page of the menu.
type node struct {
	Title     string           `json:"title,omitempty"`
	Order     int              `json:"order,omitempty"`
	Action    map[string]any   `json:"action,omitempty"`
	Depends   map[string]any   `json:"depends,omitempty"`
	Children  map[string]*node `json:"children,omitempty"`
	Satisfied bool             `json:"satisfied"`
	Readonly  bool             `json:"readonly,omitempty"`
}

// tree returns the menu of a login, from the files in menu.d and two pages of
// LuCI's own.
func (r *Router) tree(of rights) *node {
	top := &node{Satisfied: true, Children: map[string]*node{}}
	files, _ := filepath.Glob(r.root.path("/usr/share/luci/menu.d/*.json"))
	all := map[string]node{
		"admin":                 {Title: "Administration", Order: 10, Action: map[string]any{"type": "firstchild"}},
		"admin/status":          {Title: "Status", Order: 10, Action: map[string]any{"type": "firstchild"}},
		"admin/status/overview": {Title: "Overview", Order: 1, Action: map[string]any{"type": "view", "path": "status/index"}},
		"admin/services":        {Title: "Services", Order: 40, Action: map[string]any{"type": "firstchild"}},
	}
	for _, f := range files {
		src, _ := os.ReadFile(f)
		json.Unmarshal(src, &all)
	}
	for name, n := range all {
		at := top
		for _, part := range strings.Split(name, "/") {
			if at.Children == nil {
				at.Children = map[string]*node{}
			}
			if at.Children[part] == nil {
				at.Children[part] = &node{Satisfied: true}
			}
			at = at.Children[part]
		}
		at.Title, at.Order, at.Action, at.Depends = n.Title, n.Order, n.Action, n.Depends
		at.Satisfied, at.Readonly = r.allowed(n, of)
	}
	return top
}

// allowed tells whether what a page depends on is there, and whether the login
// may read it only: of each group that it names.
func (r *Router) allowed(n node, of rights) (satisfied, readonly bool) {
	satisfied = true
	if groups := words(n.Depends["acl"]); len(groups) > 0 {
		readonly = true
		for _, g := range groups {
			write := of.may("access-group", g, "write")
			satisfied = satisfied && (write || of.may("access-group", g, "read"))
			readonly = readonly && !write
		}
	}
	if fs, ok := n.Depends["fs"].(map[string]any); ok {
		for file := range fs {
			_, err := os.Stat(r.root.path(file))
			satisfied = satisfied && err == nil
		}
	}
	if uci, ok := n.Depends["uci"].(map[string]any); ok {
		for config := range uci {
			satisfied = satisfied && r.Config(config) != ""
		}
	}
	return satisfied, readonly
}

// words returns the texts of a text or a list.
func words(v any) (list []string) {
	switch v := v.(type) {
	case string:
		list = []string{v}
	case []any:
		for _, w := range v {
			list = append(list, fmt.Sprint(w))
		}
	}
	return list
}

// find returns the page that a path leads to: the first child that can be shown
// where it names a folder. What is above a page may make it read-only.
func (n *node) find(parts []string) (found *node, at []string) {
	at = slices.Clone(parts)
	for _, p := range parts {
		if n = n.Children[p]; n == nil || !n.Satisfied {
			return nil, nil
		}
	}
	for n.Action["type"] == "firstchild" {
		var first string
		for name, c := range n.Children {
			if c.Satisfied && (first == "" || c.Order < n.Children[first].Order) {
				first = name
			}
		}
		if first == "" {
			return nil, nil
		}
		n, at = n.Children[first], append(at, first)
	}
	return n, at
}

// view answers with the frame in which a view is loaded.
func (r *Router) view(w http.ResponseWriter, q *http.Request) {
	id, of := r.session(q)
	if of == nil {
		http.Error(w, "no session: /login/root or /login/reader makes one", http.StatusForbidden)
		return
	}
	parts := strings.FieldsFunc(strings.TrimPrefix(q.URL.Path, script), func(c rune) bool { return c == '/' })
	n, at := r.tree(of).find(parts)
	if n == nil {
		http.Error(w, "no such page for this login", http.StatusNotFound)
		return
	}
	env, _ := json.Marshal(map[string]any{
		"media": "/luci-static/bootstrap", "resource": "/luci-static/resources", "scriptname": script, "documentroot": "/www",
		"pathinfo": strings.TrimPrefix(q.URL.Path, script), "requestpath": at, "dispatchpath": at, "pollinterval": cmp.Or(r.o.Poll, 5),
		"ubuspath": "/ubus/", "sessionid": id, "token": "0123456789abcdef", "nodespec": n,
		"apply_rollback": 90, "apply_holdoff": 1, "apply_timeout": 5, "apply_display": 1.5,
	})
	lang := q.URL.Query().Get("lang")
	if lang == "" {
		lang = "en"
	}
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	fmt.Fprintf(w, frame, html.EscapeString(lang), map[string]string{"dark": "true"}[q.URL.Query().Get("theme")], html.EscapeString(lang),
		html.EscapeString(strings.Join(at, "-")), env, n.Action["path"])
}

// frame is what LuCI's theme writes around a view.
const frame = `<!DOCTYPE html>
<html lang="%s" data-darkmode="%s">
<head>
<meta charset="utf-8">
<title>OpenWrt</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/luci-static/bootstrap/cascade.css">
<link rel="stylesheet" media="only screen and (max-device-width: 854px)" href="/luci-static/bootstrap/mobile.css">
<link rel="icon" href="data:,">
<script src="/cgi-bin/luci/admin/translations/%s"></script>
<script src="/luci-static/resources/cbi.js"></script>
</head>
<body data-page="%s">
<header><a class="brand" href="/">OpenWrt</a><ul class="nav" id="topmenu" style="display:none"></ul><div id="indicators" class="pull-right"></div></header>
<div id="maincontent" class="container"><div id="tabmenu" style="display:none"></div>
<script src="/luci-static/resources/luci.js"></script>
<script>L = new LuCI(%s);</script>
<div id="view"><div class="spinning">Loading view…</div>
<script>L.require('ui').then(function(ui) { ui.instantiateView('%s'); });</script>
</div></div>
<footer><ul class="breadcrumb pull-right" id="modemenu" style="display:none"></ul></footer>
<script>L.require('menu-bootstrap')</script>
</body>
</html>
`
