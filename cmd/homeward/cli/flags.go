package cli

import (
	"fmt"
	"slices"
	"strings"

	"homeward/cmd/homeward/settings"
)

// Flag is one flag of a command. Package flag is not used: it costs 252 KiB, and
// stops at the first name.
type Flag struct {
	Name  string // with its dashes: -c, --json
	Value string // what its value is called, "" if it takes none
	Many  bool   // may be given more than once
	About string
}

func (f Flag) spelled() string {
	if f.Value == "" {
		return f.Name
	}
	return f.Name + " " + f.Value
}

// Arguments are the parsed flags and names of a command line.
type Arguments struct {
	Flags map[string][]string // the values by name; "" for a flag that takes none
	Names []string
	Help  bool // -h or --help was given
}

// Has reports whether the flag was given.
func (a Arguments) Has(name string) bool { return len(a.Flags[name]) > 0 }

// Value returns the flag's value, "" if it was not given.
func (a Arguments) Value(name string) string {
	if !a.Has(name) {
		return ""
	}
	return a.Flags[name][0]
}

// Parse separates flags from names. Flags may stand before, between and behind the
// names, as -c FILE or -c=FILE. Everything after -- is a name, and so is a lone -.
// Errors never repeat a value.
func Parse(args []string, known []Flag) (Arguments, error) {
	a := Arguments{Flags: map[string][]string{}}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			a.Names = append(a.Names, args...)
			return a, nil
		case arg == "-h" || arg == "--help":
			a.Help = true
			continue
		case !strings.HasPrefix(arg, "-") || arg == "-":
			a.Names = append(a.Names, arg)
			continue
		}
		name, value, joined := strings.Cut(arg, "=")
		i := slices.IndexFunc(known, func(f Flag) bool { return f.Name == name })
		if i < 0 {
			return a, unknownFlag(name, known)
		}
		f := known[i]
		switch {
		case f.Value == "" && joined:
			return a, fmt.Errorf("%s takes no value: write %s alone", name, name)
		case f.Value != "" && !joined:
			if len(args) == 0 || strings.HasPrefix(args[0], "--") {
				return a, fmt.Errorf("%s needs a value: write %s", name, f.spelled())
			}
			value, args = args[0], args[1:]
		}
		if f.Value != "" && value == "" {
			return a, fmt.Errorf("%s has an empty value: write %s", name, f.spelled())
		}
		if a.Has(name) && !f.Many && f.Value != "" {
			return a, fmt.Errorf("%s is given twice: write it once", name)
		}
		a.Flags[name] = append(a.Flags[name], value)
	}
	return a, nil
}

func unknownFlag(name string, known []Flag) error {
	spelled := []string{"-h"}
	for _, f := range known {
		spelled = append(spelled, f.spelled())
	}
	slices.Sort(spelled)
	return fmt.Errorf("no flag %s here: allowed are %s", name, strings.Join(spelled, ", "))
}

// ConfigFlag is the flag of all commands that read the configuration.
var ConfigFlag = Flag{Name: "-c", Value: "FILE", About: "the configuration; without it " + settings.DefaultFiles[0] + ", else " + settings.DefaultFiles[1]}

// JSONFlag is the flag of all commands that can print JSON.
var JSONFlag = Flag{Name: "--json", About: "for programs"}
