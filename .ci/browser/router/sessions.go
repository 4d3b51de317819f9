package router

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
)

// The codes with which ubus answers.
const (
	ubusOK              = 0
	ubusInvalidArgument = 2
	ubusNotFound        = 4
	ubusNoData          = 5
	ubusDenied          = 6
)

// change is one change that a session has staged, as rpcd keeps it.
type change struct {
	config string
	do     func(*Config) int // returns ubus' code
	told   [][]string        // as uci.changes tells it
}

// sessions are the changes that each session has staged, and the files that
// they change: rpcd's part of ubus' object uci.
type sessions struct {
	file func(config string) string // its path

	mu       sync.Mutex
	staged   map[string][]change
	rollback string // the session whose changes wait to be confirmed
	added    int    // of anonymous sections
}

// forget drops all that is staged.
func (s *sessions) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.staged)
	s.rollback = ""
}

// count returns how many changes are staged.
func (s *sessions) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range s.staged {
		n += len(list)
	}
	return n
}

// waiting tells whether applied changes are to be confirmed.
func (s *sessions) waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rollback != ""
}

// load returns a configuration as a session sees it: with its own changes.
func (s *sessions) load(sid, config string) (*Config, int) {
	src, err := os.ReadFile(s.file(config))
	if err != nil {
		return nil, ubusNotFound
	}
	c, err := ParseConfig(config, string(src))
	if err != nil {
		return nil, ubusInvalidArgument
	}
	for _, ch := range s.staged[sid] {
		if ch.config == config {
			ch.do(c)
		}
	}
	return c, ubusOK
}

// stage notes a change, if it can be made.
func (s *sessions) stage(sid string, ch change) int {
	c, code := s.load(sid, ch.config)
	if code == ubusOK {
		code = ch.do(c)
	}
	if code == ubusOK {
		s.staged[sid] = append(s.staged[sid], ch)
	}
	return code
}

// uciArgs are the arguments of all of the object's methods.
type uciArgs struct {
	Config, Section, Type, Name, Option string
	Options, Sections                   []string
	Values                              map[string]json.RawMessage
	Rollback                            bool
}

// call answers a method of uci, whose right is checked already.
func (s *sessions) call(sid, method string, a uciArgs) (any, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch method {
	case "get":
		return s.get(sid, a)
	case "changes":
		return s.changes(sid, a), ubusOK
	case "add":
		return s.add(sid, a)
	case "set":
		return nil, s.set(sid, a)
	case "commit":
		return nil, s.commit(sid, a)
	case "delete":
		return nil, s.del(sid, a)
	case "order":
		return nil, s.order(sid, a)
	case "revert":
		s.staged[sid] = slices.DeleteFunc(s.staged[sid], func(c change) bool { return a.Config == "" || c.config == a.Config })
		return nil, ubusOK
	}
	return nil, 3 // no such method
}

func (s *sessions) get(sid string, a uciArgs) (any, int) {
	c, code := s.load(sid, a.Config)
	if code != ubusOK {
		return nil, code
	}
	values := map[string]any{}
	for i, sec := range c.Sections {
		v := map[string]any{".anonymous": sec.Anonymous, ".type": sec.Type, ".name": sec.Name, ".index": i}
		for _, o := range sec.Options {
			v[o.Name] = o.Value
		}
		values[sec.Name] = v
	}
	if a.Section == "" {
		return map[string]any{"values": values}, ubusOK
	}
	if values[a.Section] == nil {
		return nil, ubusNotFound
	}
	return map[string]any{"values": values[a.Section]}, ubusOK
}

func (s *sessions) changes(sid string, a uciArgs) any {
	all := map[string][][]string{}
	for _, ch := range s.staged[sid] {
		all[ch.config] = append(all[ch.config], ch.told...)
	}
	if a.Config != "" {
		return map[string]any{"changes": all[a.Config]}
	}
	return map[string]any{"changes": all}
}

// decoded returns the values of a call as UCI keeps them.
func decoded(values map[string]json.RawMessage) []Option {
	var list []Option
	for name, raw := range values {
		var items []any
		if json.Unmarshal(raw, &items) == nil {
			texts := []string{}
			for _, v := range items {
				texts = append(texts, fmt.Sprint(v))
			}
			list = append(list, Option{name, texts})
			continue
		}
		var one any
		json.Unmarshal(raw, &one)
		if yes, ok := one.(bool); ok {
			one = map[bool]string{true: "1", false: "0"}[yes]
		}
		list = append(list, Option{name, fmt.Sprint(one)})
	}
	slices.SortFunc(list, func(a, b Option) int { return slices.Compare([]byte(a.Name), []byte(b.Name)) })
	return list
}

func told(section string, values []Option) (list [][]string) {
	for _, o := range values {
		if items, ok := o.Value.([]string); ok {
			for _, v := range items {
				list = append(list, []string{"list-add", section, o.Name, v})
			}
			continue
		}
		list = append(list, []string{"set", section, o.Name, o.Value.(string)})
	}
	return list
}

func (s *sessions) add(sid string, a uciArgs) (any, int) {
	name, values := a.Name, decoded(a.Values)
	if name == "" {
		s.added++
		name = fmt.Sprintf("cfg%06x", 0xa0000+s.added)
	}
	code := s.stage(sid, change{a.Config, func(c *Config) int {
		if c.Find(name) != nil || a.Type == "" {
			return ubusInvalidArgument
		}
		sec := &Section{Type: a.Type, Name: name, Anonymous: a.Name == ""}
		for _, o := range values {
			sec.Set(o.Name, o.Value)
		}
		c.Sections = append(c.Sections, sec)
		return ubusOK
	}, append([][]string{{"add", name, a.Type}}, told(name, values)...)})
	return map[string]string{"section": name}, code
}

func (s *sessions) set(sid string, a uciArgs) int {
	values := decoded(a.Values)
	return s.stage(sid, change{a.Config, func(c *Config) int {
		sec := c.Find(a.Section)
		if sec == nil {
			return ubusNotFound
		}
		for _, o := range values {
			sec.Set(o.Name, o.Value)
		}
		return ubusOK
	}, told(a.Section, values)})
}

func (s *sessions) del(sid string, a uciArgs) int {
	options := a.Options
	if a.Option != "" {
		options = []string{a.Option}
	}
	list := [][]string{{"remove", a.Section}}
	for i, o := range options {
		list = append(list[:i], []string{"remove", a.Section, o})
	}
	return s.stage(sid, change{a.Config, func(c *Config) int {
		sec := c.Find(a.Section)
		if sec == nil {
			return ubusNotFound
		}
		for _, o := range options {
			sec.Set(o, "")
		}
		if len(options) == 0 {
			c.Sections = slices.DeleteFunc(c.Sections, func(s *Section) bool { return s == sec })
		}
		return ubusOK
	}, list})
}

func (s *sessions) order(sid string, a uciArgs) int {
	return s.stage(sid, change{a.Config, func(c *Config) int {
		at := func(sec *Section) int {
			if i := slices.Index(a.Sections, sec.Name); i >= 0 {
				return i
			}
			return len(a.Sections)
		}
		slices.SortStableFunc(c.Sections, func(x, y *Section) int { return at(x) - at(y) })
		return ubusOK
	}, [][]string{{"order", "", ""}}})
}
