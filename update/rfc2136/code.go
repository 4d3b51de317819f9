package rfc2136

// Code is what a name server has answered: a response code (RFC 2136, section 2.2),
// a TSIG error (RFC 8945, section 3), or one of our own.
type Code int

const (
	NoError  Code = 0
	FormErr  Code = 1
	ServFail Code = 2
	nxDomain Code = 3 // no answer to an update
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

// Proven reports whether a server that has the key gave one of the answers.
func Proven(results []Result) bool {
	for _, r := range results {
		switch r.Code {
		case BadSig, BadKey, NoReply, Unsigned, BadSignature:
		default:
			return true
		}
	}
	return false
}
