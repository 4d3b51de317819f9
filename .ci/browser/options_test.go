package browser_test

import "homeward/cmd/homeward/settings"

// options returns the options that a configuration may have, from the program's
// own table: those of the section main, and those of an account with the
// services that have them, "" for all.
func options() (main []string, account map[string]string) {
	for _, k := range append(settings.TopKeys(), settings.LineKeys()...) {
		if name := k.Option(); name != "" {
			main = append(main, name)
		}
	}
	account = map[string]string{}
	for _, k := range settings.AccountKeys() {
		account[k.Option()] = k.Services
	}
	return main, account
}
