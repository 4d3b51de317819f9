package settings

import "io/fs"

// UnreadableError means that another user cannot read a file.
type UnreadableError struct {
	User string
	Dir  string // the folder that User cannot enter, "" if it is the file itself
}

func (e UnreadableError) Error() string {
	if e.Dir != "" {
		return "the user " + e.User + " cannot enter the folder " + e.Dir
	}
	return "the user " + e.User + " cannot read it"
}

// mend says what is wrong with the file at path, and what to do.
func (e UnreadableError) mend(path string) string {
	if e.Dir != "" {
		return e.Error() + ": put the file elsewhere, such as into /etc, or chmod o+x " + e.Dir
	}
	return e.Error() + ": chgrp " + e.User + " " + path + "; chmod 640 " + path
}

// Unwrap returns fs.ErrPermission.
func (e UnreadableError) Unwrap() error { return fs.ErrPermission }
