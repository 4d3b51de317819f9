package identity

import (
	"os"
	"syscall"
	"testing"

	"homeward/netwatch/netwatchtest"
)

// Other users' numbers are needed, which a namespace has.
func TestMain(m *testing.M) { netwatchtest.Main(m) }

func TestAFolderOfOthersIsNotTaken(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/shadow", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/state.json", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	user{uid: 864, gid: 864}.prepare(dir, 0o750)
	for path, want := range map[string]uint32{dir: 0, dir + "/shadow": 0, dir + "/state.json": 864} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Sys().(*syscall.Stat_t).Uid; got != want {
			t.Errorf("%s belongs to %d, want %d", path, got, want)
		}
	}
}
