package uci

// Kind is the form of an option's value.
type Kind int

const (
	Text      Kind = iota
	Boolean        // 1 or 0, or another of uci's words for them
	Number         // digits alone
	List           // a list, or one option with blanks between the items
	Interface      // the name of a logical interface, or of a device
)

// Key is one option, and the key of the TOML that it becomes.
type Key struct {
	Option  string
	Name    string // in the TOML; "": only the init script reads it
	Kind    Kind
	Choices string // the words allowed, with blanks between; "": any value
}

// Schema lists the options of a configuration, in the order in which they are
// written. The section `config homeward 'main'` has those of Top and Line.
type Schema struct {
	Top     []Key // above the tables of the TOML
	Line    []Key // of its table [line]
	Account []Key // of `config account`
}
