package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrOther means that the folder has a state of another origin.
var ErrOther = errors.New("it has a state of its own already")

// Copy copies the state of the folder from to the folder to, if that has none or
// an older one of the same origin. No other process may use the two folders
// meanwhile. carried is false if there was nothing to do.
func Copy(from, to string) (carried bool, err error) {
	if _, err := os.Stat(from); err != nil {
		return false, err
	}
	old, data, err := readState(filepath.Join(from, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", filepath.Join(from, FileName), err)
	}
	path := filepath.Join(to, FileName)
	there, _, err := readState(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, replace(path, data)
	case err != nil:
		return false, fmt.Errorf("%s: %w", path, err)
	case there.Salt != old.Salt:
		return false, ErrOther
	case there.Seq >= old.Seq:
		return false, nil
	}
	return true, replace(path, data)
}
