// Command jsonfilter stands in for OpenWrt's: jsonfilter -q -i FILE -e @.NAME
// prints that member of the object, a string as it is. It exits with 1 where
// there is none, and with 126 where the file is no JSON.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	args := os.Args[1:]
	if len(args) != 5 || args[0] != "-q" || args[1] != "-i" || args[2] != "/proc/self/fd/0" || args[3] != "-e" {
		panic(fmt.Sprint("not a call of the scripts: ", args))
	}
	src, err := io.ReadAll(os.Stdin) // /proc is not there
	if err != nil {
		panic(err)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(src, &members) != nil {
		os.Exit(126)
	}
	raw, ok := members[strings.TrimPrefix(args[4], "@.")]
	if !ok || string(raw) == "null" {
		os.Exit(1)
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	fmt.Println(text)
}
