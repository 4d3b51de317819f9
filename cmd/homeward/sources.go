package main

import (
	"bytes"
	"io/fs"

	"homeward/update"
)

// sources are the files that a configuration was read from, by path: itself,
// and those that hold its secrets, templates and roots. With them it can be
// read once more as it was, whatever has become of the files.
type sources map[string]source

type source struct {
	Content []byte
	Mode    fs.FileMode
}

// sourceMost is how much is kept of a file. Only one of roots is longer, of
// which the first certificate is enough to see that it is one.
const sourceMost = maxConfig

// note is a readFile that keeps what it reads.
func (s sources) note(path string, limit int) ([]byte, fs.FileMode, error) {
	b, mode, err := fileOnDisk(path, limit)
	if err == nil {
		kept := b
		if len(b) > sourceMost {
			kept = b[max(0, bytes.Index(b, []byte(certificate))):]
		}
		s[path] = source{kept[:min(len(kept), sourceMost)], mode}
	}
	return b, mode, err
}

// again is a readFile of what was kept.
func (s sources) again(path string, limit int) ([]byte, fs.FileMode, error) {
	f, ok := s[path]
	if !ok {
		return nil, 0, fs.ErrNotExist
	}
	return f.Content, f.Mode, nil
}

// config reads the configuration that file is of once more.
func (s sources) config(file string) (*Config, error) {
	src, mode, err := s.again(file, maxConfig)
	if err != nil {
		return nil, err
	}
	cfg, _, faults := parse(file, src, mode, s.again)
	if len(faults) > 0 {
		return nil, faults
	}
	cfg.sources = s
	return cfg, nil
}

// stamps tell the files as they are now from any others, by path.
func (s sources) stamps() map[string]string {
	all := make(map[string]string, len(s))
	for path := range s {
		all[path] = update.FileStamp(path)
	}
	return all
}
