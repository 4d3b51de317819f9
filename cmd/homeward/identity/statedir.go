package identity

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"homeward/cmd/homeward/daemon"
	"homeward/update/log"
	"homeward/update/state"
)

// stateDirFile, in run_dir, holds the path of state_dir, so that the next daemon
// finds the state when the configuration names another folder.
const stateDirFile = "state_dir"

// RememberStateDir writes stateDirFile. If that fails, only the next change of
// state_dir goes unnoticed.
func RememberStateDir(stateDir, runDir string) {
	path := filepath.Join(runDir, stateDirFile)
	if abs, err := filepath.Abs(stateDir); err == nil {
		stateDir = abs
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != stateDir+"\n" {
		daemon.WritePublic(path, []byte(stateDir+"\n"))
	}
}

// CarryState copies the state if state_dir is not the last daemon's, so that the
// services' limits hold. Call it after Take; say gets what was done, or why it
// failed.
func CarryState(stateDir, runDir string, say func(log.Level, string)) {
	text, err := os.ReadFile(filepath.Join(runDir, stateDirFile))
	before := strings.TrimSuffix(string(text), "\n")
	if abs, aerr := filepath.Abs(stateDir); err != nil || aerr != nil || before == "" || before == abs {
		return
	}
	carried, err := state.Copy(before, stateDir)
	switch {
	case errors.Is(err, state.ErrOther):
		say(log.Warn, "state_dir is "+stateDir+" now, where another state is: what was sent while it was "+before+
			" is not counted, and a service's limit may be exceeded today")
	case err != nil:
		say(log.Warn, "state_dir is "+stateDir+" now, and the state cannot be taken along from "+before+": "+err.Error()+
			": what was sent is not counted, and a service's limit may be exceeded today")
	case carried:
		say(log.Info, "state_dir is "+stateDir+" now: the state was taken along from "+before)
	}
}
