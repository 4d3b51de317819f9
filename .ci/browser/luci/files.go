// Package luci has files that stand in for LuCI's client library, as much of it
// as homeward's page uses: written for the tests, with LuCI's rules. A string is
// HTML, the members of an array are text.
package luci

import "embed"

// Files are as LuCI has them below /luci-static.
//
//go:embed bootstrap resources
var Files embed.FS
