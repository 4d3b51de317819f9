package router

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// rights are what a login may do, from the files in acl.d: by scope and object,
// the functions.
type rights map[string]map[string][]string

// baseACL is what every login with a page in LuCI has beside: LuCI's own group
// luci-base, as its file grants it.
const baseACL = `{
	"unauthenticated": { "read": { "ubus": { "luci": [ "getFeatures" ], "session": [ "access", "login" ] } } },
	"luci-base": {
		"read": {
			"file": { "/": [ "list" ], "/*": [ "list" ] },
			"ubus": { "file": [ "list" ], "uci": [ "changes", "get" ] },
			"uci": [ "system", "luci" ]
		},
		"write": { "ubus": { "uci": [ "add", "apply", "confirm", "delete", "order", "rename", "revert", "set" ] } }
	}
}`

// networkACL is LuCI's group luci-base-network-status, which root has.
const networkACL = `{ "luci-base-network-status": { "read": {
	"ubus": {
		"luci-rpc": [ "getBoardJSON", "getHostHints", "getNetworkDevices", "getWirelessDevices" ],
		"network": [ "get_proto_handlers" ], "network.device": [ "status" ], "network.interface": [ "dump" ]
	},
	"uci": [ "luci", "network", "wireless" ]
} } }`

// login gives a login its rights: those of the folder's files and of the texts,
// to read, and to write if it may.
func login(folder string, write bool, texts ...string) (rights, error) {
	r := rights{}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(src))
	}
	for _, src := range texts {
		var groups map[string]map[string]json.RawMessage
		if err := json.Unmarshal([]byte(src), &groups); err != nil {
			return nil, fmt.Errorf("%w in %s", err, src)
		}
		for group, perms := range groups {
			for _, perm := range []string{"read", "write"} {
				if perm == "write" && !write || perms[perm] == nil {
					continue
				}
				if err := r.grant(group, perm, perms[perm]); err != nil {
					return nil, fmt.Errorf("%s: %s: %w", group, perm, err)
				}
			}
		}
	}
	return r, nil
}

// grant adds what a group's read or write is: of each scope a table of objects
// and their functions, or a list of objects whose function is read or write.
func (r rights) grant(group, perm string, src json.RawMessage) error {
	var scopes map[string]json.RawMessage
	if err := json.Unmarshal(src, &scopes); err != nil {
		return err
	}
	r.add("access-group", group, perm)
	for scope, raw := range scopes {
		var table map[string][]string
		if json.Unmarshal(raw, &table) == nil {
			for object, functions := range table {
				r.add(scope, object, functions...)
			}
			continue
		}
		var list []string
		if err := json.Unmarshal(raw, &list); err != nil {
			return fmt.Errorf("%s: %w", scope, err)
		}
		for _, object := range list {
			r.add(scope, object, perm)
		}
	}
	return nil
}

func (r rights) add(scope, object string, functions ...string) {
	if r[scope] == nil {
		r[scope] = map[string][]string{}
	}
	r[scope][object] = append(r[scope][object], functions...)
}

// may tells whether the function is granted. Objects and functions are
// patterns, as rpcd has them.
func (r rights) may(scope, object, function string) bool {
	for o, functions := range r[scope] {
		if ok, _ := path.Match(o, object); !ok && o != object && !(o == "/*" && scope == "file") {
			continue
		}
		for _, f := range functions {
			if ok, _ := path.Match(f, function); ok {
				return true
			}
		}
	}
	return false
}
