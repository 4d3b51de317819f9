package settings

import _ "embed"

// Example is the configuration that homeward help config prints.
//
//go:embed example.toml
var Example string
