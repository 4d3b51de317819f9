package router

import (
	"os"
	"slices"
)

// apply writes a session's changes into the files, and returns which
// configurations changed. A rollback of another session is in the way.
func (s *sessions) apply(sid string, rollback bool) (changed []string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rollback != "" {
		return nil, ubusDenied
	}
	if len(s.staged[sid]) == 0 {
		return nil, ubusNoData
	}
	for _, ch := range s.staged[sid] {
		if !slices.Contains(changed, ch.config) {
			changed = append(changed, ch.config)
		}
	}
	for _, config := range changed {
		c, code := s.load(sid, config)
		if code != ubusOK {
			return nil, code
		}
		if err := os.WriteFile(s.file(config), []byte(c.Export()), 0o600); err != nil {
			return nil, ubusDenied
		}
	}
	delete(s.staged, sid)
	if rollback {
		s.rollback = sid
	}
	return changed, ubusOK
}

func (s *sessions) confirm() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rollback == "" {
		return ubusNoData
	}
	s.rollback = ""
	return ubusOK
}

// commit writes a session's changes of one configuration into its file.
func (s *sessions) commit(sid string, a uciArgs) int {
	c, code := s.load(sid, a.Config)
	if code != ubusOK {
		return code
	}
	s.staged[sid] = slices.DeleteFunc(s.staged[sid], func(ch change) bool { return ch.config == a.Config })
	if err := os.WriteFile(s.file(a.Config), []byte(c.Export()), 0o600); err != nil {
		return ubusDenied
	}
	return ubusOK
}
