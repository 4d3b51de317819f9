package settings

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"homeward/cmd/homeward/settings/keylines"
)

// ProgramFaults returns what is wrong with the program on_change; src is the text
// that cfg was read from. Only check calls it: the daemon works without that
// program, which may be on a disk that is mounted late.
func ProgramFaults(cfg *Config, src []byte) Faults {
	if cfg == nil || cfg.OnChange == "" {
		return nil
	}
	wrong := ""
	switch info, err := os.Stat(cfg.OnChange); {
	case errors.Is(err, fs.ErrNotExist):
		wrong = "names no file that is there: name a program, or leave the key out"
	case err != nil:
		wrong = cfg.OnChange + ": " + bareError(err).Error() + ": name a program that homeward's user can run"
	case !info.Mode().IsRegular():
		wrong = cfg.OnChange + " is no program: name one by its path"
	case unix.Access(cfg.OnChange, unix.X_OK) != nil:
		wrong = cfg.OnChange + " cannot be run by homeward's user: chmod 755 " + cfg.OnChange
	default:
		return nil
	}
	path := keylines.Join([]string{"on_change"})
	return Faults{{cfg.File, keylines.Scan(string(src)).Lines[path], "on_change", wrong, path}}
}

// WithProgram adds the faults of the program to err, which Load returned with cfg.
func WithProgram(cfg *Config, err error) error {
	var faults Faults
	if cfg == nil || err != nil && !errors.As(err, &faults) {
		return err
	}
	faults = sorted(append(faults, ProgramFaults(cfg, cfg.Sources[cfg.File].Content)...))
	if len(faults) == 0 {
		return nil
	}
	return faults
}
