package ddnsscripts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"homeward/openwrt/uci"
)

// An account is a section of ddns-scripts on its way to a `config account`.
type account struct {
	section  *uci.Section
	taken    map[string]bool // options that are taken over, or mean nothing here
	name     string
	enabled  bool
	ipv6     bool // the family of the section is IPv6
	families int  // 2: a section of the other family was joined
	domains  []string
	options  []uci.Option // sections with equal ones can be joined
	url4     string
	url6     string
	wan      string
	wan6     string
	notes    []string // comments: one line each, without secrets
}

func newAccount(s *uci.Section) *account {
	return &account{section: s, taken: map[string]bool{}, families: 1}
}

// take returns an option's value, and records that it is not lost.
func (d *account) take(name string) string {
	d.taken[name] = true
	return d.section.Value(name)
}

// add adds an option that is not empty.
func (d *account) add(name, value string) {
	if value != "" {
		d.options = append(d.options, uci.Option{Name: name, Value: value})
	}
}

// note adds a comment, once.
func (d *account) note(text string) {
	if !slices.Contains(d.notes, text) {
		d.notes = append(d.notes, text)
	}
}

// title names the section in a comment.
func (d *account) title() string {
	switch {
	case d.section.Name != "":
		return d.section.Name
	case len(d.domains) > 0:
		return d.domains[0]
	}
	return "account"
}

// convert fills the account in, or says why it cannot.
func (d *account) convert() (why string) {
	d.enabled = uci.On(d.take("enabled"))
	d.ipv6 = uci.On(d.take("use_ipv6"))
	d.take("use_https") // it is always used
	lookup, domain := d.section.Value("lookup_host"), d.take("domain")
	if domain == "" || domain == lookup {
		domain = d.take("lookup_host")
	}
	d.domains = splitDomains(domain)
	if why := d.service(); why != "" {
		return why
	}
	if len(d.domains) == 0 {
		return "it has no domain"
	}
	d.address()
	for _, o := range d.section.Options {
		if !d.taken[o.Name] && o.Value != "" {
			d.note("not taken over: " + shownOption(o) + whyNot(o.Name))
		}
	}
	return ""
}

// address takes over where the address comes from.
func (d *account) address() {
	switch d.take("ip_source") {
	case "", "network":
		d.device(d.take("ip_network"), "wan", "wan6")
		if d.section.Value("interface") == d.wan+d.wan6 {
			d.take("interface")
		}
	case "interface":
		d.device(strings.TrimPrefix(d.take("ip_interface"), "@"), "eth1", "eth1")
	case "web":
		d.web()
	default:
		d.enabled = false
		d.note("off, for its address came from a program (ip_source script); homeward reads it from the line: if that is the one, set enabled to 1")
	}
}

// device sets the interface of the section's family.
func (d *account) device(name, usual, usual6 string) {
	switch {
	case d.ipv6 && name == "":
		d.wan6 = usual6
	case d.ipv6:
		d.wan6 = name
	case name == "":
		d.wan = usual
	default:
		d.wan = name
	}
}

// web takes over that the web is asked for the address.
func (d *account) web() {
	if d.ipv6 {
		d.note("IPv6 is read from the line, not asked for on the web (ip_source web)")
		return
	}
	service := d.options[0].Value
	d.wan = d.take("bind_network")
	d.add("detect", "web")
	if n, err := strconv.ParseUint(d.section.Value("check_interval"), 10, 16); err == nil {
		d.take("check_interval")
		switch d.take("check_unit") {
		case "days":
			n *= 24 * 60
		case "hours":
			n *= 60
		}
		least := uint64(1) // minutes that option poll allows
		if service == "dyndns2" {
			least = 10
		}
		d.add("poll", fmt.Sprintf("%dm", max(n, least)))
	}
	if service == "ipv64" || service == "spdyn" {
		return // these services tell the address themselves
	}
	checkip := d.take("ip_url")
	if checkip == "" {
		checkip = "http://checkip.dyndns.com"
	}
	if rest, ok := strings.CutPrefix(checkip, "http://"); ok {
		checkip = "https://" + rest
		d.note("option ip_url was http://; option checkip takes https:// alone")
	}
	d.add("checkip", checkip)
}

// shownOption writes an option for a comment. The value is shown only if it cannot
// be secret, and cannot end the comment.
func shownOption(o uci.Option) string {
	if !slices.Contains(strings.Fields("enabled service_name domain lookup_host interface ip_source ip_network ip_interface"+
		" use_ipv6 use_https check_interval check_unit check_interval_min force_interval force_unit retry_interval"+
		" retry_unit retry_max_count retry_count use_syslog use_logfile dns_server force_dnstcp use_api_check"+
		" force_ipversion is_glue bind_network cacert upd_privateip use_curl"+
		" ddns_dateformat ddns_rundir ddns_logdir ddns_loglines"), o.Name) {
		return "option " + uci.Printable(o.Name) + " (its value is in /etc/config/ddns)"
	}
	return "option " + uci.Printable(o.Name) + " '" + uci.Printable(o.Value) + "'"
}

// whyNot says why an option has no counterpart, as the end of a comment.
func whyNot(name string) string {
	switch name {
	case "check_interval", "check_unit", "check_interval_min", "interface":
		return ": the kernel tells of each change"
	case "force_interval", "force_unit":
		return ": what did not change is sent again after option refresh '600h'"
	case "retry_interval", "retry_unit", "retry_max_count", "retry_count":
		return ": what fails is tried again for ever, less and less often"
	case "use_syslog", "use_logfile":
		return ": it logs to the system log"
	case "lookup_host", "dns_server", "force_dnstcp", "use_api_check", "is_glue":
		return ": no name is looked up, what the service accepted counts"
	case "cacert":
		return ": certificates are always checked; option ca_file of main adds roots"
	case "proxy":
		return ": homeward knows no proxy"
	case "bind_network", "force_ipversion":
		return ": requests leave by option wan or wan6, if one is set"
	}
	return ""
}
