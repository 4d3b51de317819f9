package settings

import (
	"bytes"
	"io/fs"
)

// sourceMost is the most that is kept of a file. Only files of roots are longer, and
// their first certificate shows that they are that.
const sourceMost = maxConfig

// noting returns a FileReader that keeps what read has read.
func noting(read FileReader, s Sources) FileReader {
	return func(path string, limit int) ([]byte, fs.FileMode, error) {
		b, mode, err := read(path, limit)
		if err == nil {
			kept := b
			if len(b) > sourceMost {
				kept = b[max(0, bytes.Index(b, []byte(certificate))):]
			}
			s[path] = Source{Content: kept[:min(len(kept), sourceMost)], Mode: mode}
		}
		return b, mode, err
	}
}

// Reload reads a configuration again from what was kept of its files.
func Reload(file string, s Sources) (*Config, error) {
	kept := func(path string, _ int) ([]byte, fs.FileMode, error) {
		f, ok := s[path]
		if !ok {
			return nil, 0, fs.ErrNotExist
		}
		return f.Content, f.Mode, nil
	}
	src, mode, err := kept(file, maxConfig)
	if err != nil {
		return nil, err
	}
	cfg, _, faults := Parse(file, src, mode, kept)
	if len(faults) > 0 {
		return nil, faults
	}
	cfg.Sources = s
	return cfg, nil
}
