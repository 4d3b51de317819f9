package service

import "homeward/update/transport"

// spdynService is Securepoint's SPDYN. A token belongs to one host.
func spdynService(a *Account) Service {
	s := Service{Protocol: spdyn{}, Server: "https://update.spdyn.de", MaxHosts: 20}
	if a.Token {
		s.MaxHosts = 1
	}
	return s
}

// spdyn is the Remote Access API with return codes of its own. Credentials go in
// the header.
type spdyn struct{}

func (spdyn) Request(a *Account, c Update) transport.Request {
	r := nicUpdate(a, c)
	if r.User = a.Username; a.Token {
		r.User = c.Hosts[0]
	}
	return r
}

func (spdyn) Parse(a *Account, c Update, ans transport.Answer) Result {
	r := parseReturnCodes(a, c, ans, func(word string) (returnCode, bool) { return spdynWord(a, c, word) })
	if r.Verdict == Unauthorized {
		r.Hint = spdynLogin(a)
	}
	return r
}

// spdynWord is returnCodeOf for SPDYN's return codes.
func spdynWord(a *Account, c Update, word string) (returnCode, bool) {
	m, ok := returnCodeOf(word)
	switch word {
	case "911", "dnserr": // unknown to SPDYN
		return returnCode{}, false
	case "fatal":
		return returnCode{Refused, true, "the host was switched off by hand", "switch the host on again at spdyn.de, or ask its support"}, true
	case "abuse":
		m.verdict = Locked // at first; if it lasts longer than a lock, a person has to act
		m.what = "the host is locked for a while"
		m.do = "it was updated too often without a change: see that only one program updates it, then run homeward once --force"
	case "badauth":
		if m.do = spdynLogin(a); a.Token {
			m.what = "the token is not valid for this host"
		}
	case "nohost", "!yours":
		if c.Values.IPv6.IsValid() {
			m.do += "; for an IPv6 address its AAAA record must exist before: make it at spdyn.de"
		}
	}
	return m, ok
}

// spdynLogin returns the hint for a refused login.
func spdynLogin(a *Account) string {
	if a.Token {
		return "the owner of the host must make a new token at spdyn.de (making one ends the one before), and domains must name its host"
	}
	return "correct username and password; accounts linked to a reseller can only use tokens: make one for each host"
}
