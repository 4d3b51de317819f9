package main

import (
	"fmt"
	"slices"
	"strings"
)

// flag is one flag of a command. Package flag is not used: it costs 252 KiB
// and ends at the first name.
type flag struct {
	name  string // with its dashes: -c, --json
	value string // what its value is called, "" if it takes none
	many  bool   // may be given more than once
	about string
}

func (f flag) spelled() string {
	if f.value == "" {
		return f.name
	}
	return f.name + " " + f.value
}

// arguments are the flags and names given to a command.
type arguments struct {
	flags map[string][]string // the values by flag; of a flag without value one ""
	names []string
	help  bool // -h or --help stands among them
}

// has tells whether the flag was given.
func (a arguments) has(name string) bool { return len(a.flags[name]) > 0 }

// value returns the flag's value, "" if it was not given.
func (a arguments) value(name string) string {
	if !a.has(name) {
		return ""
	}
	return a.flags[name][0]
}

// parseArgs tells flags from names. Flags may stand before, between and behind
// the names, as -c FILE or -c=FILE; everything after -- is a name, and so is a
// lone -. Errors never repeat a flag's value.
func parseArgs(args []string, known []flag) (arguments, error) {
	a := arguments{flags: map[string][]string{}}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			a.names = append(a.names, args...)
			return a, nil
		case arg == "-h" || arg == "--help":
			a.help = true
			continue
		case !strings.HasPrefix(arg, "-") || arg == "-":
			a.names = append(a.names, arg)
			continue
		}
		name, value, joined := strings.Cut(arg, "=")
		i := slices.IndexFunc(known, func(f flag) bool { return f.name == name })
		if i < 0 {
			return a, unknownFlag(name, known)
		}
		f := known[i]
		switch {
		case f.value == "" && joined:
			return a, fmt.Errorf("%s takes no value: write %s alone", name, name)
		case f.value != "" && !joined:
			if len(args) == 0 || strings.HasPrefix(args[0], "--") {
				return a, fmt.Errorf("%s needs a value: write %s", name, f.spelled())
			}
			value, args = args[0], args[1:]
		}
		if f.value != "" && value == "" {
			return a, fmt.Errorf("%s has an empty value: write %s", name, f.spelled())
		}
		if a.has(name) && !f.many && f.value != "" {
			return a, fmt.Errorf("%s is given twice: write it once", name)
		}
		a.flags[name] = append(a.flags[name], value)
	}
	return a, nil
}

func unknownFlag(name string, known []flag) error {
	spelled := []string{"-h"}
	for _, f := range known {
		spelled = append(spelled, f.spelled())
	}
	slices.Sort(spelled)
	return fmt.Errorf("no flag %s here: allowed are %s", name, strings.Join(spelled, ", "))
}
