package settings

import "homeward/openwrt/uci"

// UCI returns the table of keys as the schema of /etc/config/homeward.
func UCI() uci.Schema {
	enabled := uci.Key{Option: "enabled", Kind: uci.Boolean} // of main: for the init script
	return uci.Schema{
		Top:     append([]uci.Key{enabled}, uciKeys(TopKeys())...),
		Line:    uciKeys(LineKeys()),
		Account: uciKeys(AccountKeys()),
	}
}

func uciKeys(keys []Key) (out []uci.Key) {
	kinds := [...]uci.Kind{Text: uci.Text, List: uci.List, Number: uci.Number, Boolean: uci.Boolean, Device: uci.Interface}
	for _, k := range keys {
		if option := k.Option(); option != "" {
			out = append(out, uci.Key{Option: option, Name: k.Name, Kind: kinds[k.Kind], Choices: k.Choices})
		}
	}
	return out
}
