package rfc2136

import (
	"slices"
	"strconv"
)

// Code is what a name server has answered: a response code (RFC 2136, section 2.2),
// a TSIG error (RFC 8945, section 3), or one of our own.
type Code int

const (
	NoError  Code = 0
	FormErr  Code = 1
	ServFail Code = 2
	NotImp   Code = 4
	Refused  Code = 5
	YXRRSet  Code = 7 // a host is an alias
	NotAuth  Code = 9
	NotZone  Code = 10
	BadSig   Code = 16
	BadKey   Code = 17
	BadTime  Code = 18

	NoZone       Code = -1 // the server answers for no zone of a host
	NoReply      Code = -2 // what came is no answer to the message
	Unsigned     Code = -3 // the answer is not signed: the server may have none of the zone, or it is another's
	BadSignature Code = -4 // the answer is signed by another key, or was changed
)

// String returns the name of a code that a server sends, as name servers write it.
func (c Code) String() string {
	switch c {
	case NoError:
		return "NOERROR"
	case FormErr:
		return "FORMERR"
	case ServFail:
		return "SERVFAIL"
	case NotImp:
		return "NOTIMP"
	case Refused:
		return "REFUSED"
	case YXRRSet:
		return "YXRRSET"
	case NotAuth:
		return "NOTAUTH"
	case NotZone:
		return "NOTZONE"
	case BadSig:
		return "BADSIG"
	case BadKey:
		return "BADKEY"
	case BadTime:
		return "BADTIME"
	}
	return "error " + strconv.Itoa(int(c))
}

// Proven reports whether a server that has the key gave one of the answers.
func Proven(results []Result) bool {
	return slices.ContainsFunc(results, func(r Result) bool {
		switch r.Code {
		case BadSig, BadKey, NoReply, Unsigned, BadSignature:
			return false
		}
		return true
	})
}
