package update

// parts returns what an answer may have changed.
func parts(s AccountState) (AccountRecord, Usage, Plan) { return s.Record, s.Usage, s.Plan }

// reservedParts returns what is different once a request is reserved.
func reservedParts(s AccountState, c Attempt) (AccountRecord, Usage, Attempt) {
	return s.Record, s.Usage, c
}
