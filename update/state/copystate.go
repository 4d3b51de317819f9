package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrOther tells that a folder has a state that did not come from the
// other one.
var ErrOther = errors.New("it has a state of its own already")

// Copy copies the state of the folder from to the folder to, where there
// is none, or an older one of the same origin. Nobody else may use the two
// meanwhile. carried is false where there was nothing to do.
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
