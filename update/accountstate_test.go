package update

import "homeward/update/state"

// parts returns what an answer may have changed.
func parts(s AccountState) (state.AccountRecord, state.Usage, Plan) { return s.Record, s.Usage, s.Plan }

// reservedParts returns what is different once a request is reserved.
func reservedParts(s AccountState, c Attempt) (state.AccountRecord, state.Usage, Attempt) {
	return s.Record, s.Usage, c
}
