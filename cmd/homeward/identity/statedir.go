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

// stateDirFile is where the daemon writes down its state_dir, in run_dir: the
// next one finds the state there when the configuration names another.
const stateDirFile = "state_dir"

// RememberStateDir notes in run_dir which state_dir is in use. Without the note nothing
// but the next change of state_dir goes unnoticed.
func RememberStateDir(stateDir, runDir string) {
	path := filepath.Join(runDir, stateDirFile)
	if abs, err := filepath.Abs(stateDir); err == nil {
		stateDir = abs
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != stateDir+"\n" {
		daemon.WritePublic(path, []byte(stateDir+"\n"))
	}
}

// CarryState takes the state along where state_dir is another one than the last
// daemon's, so that the services' limits hold. Call it after Take; say is told
// what was done, or why nothing could be.
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
