package update

// parts returns what an answer may have changed.
func parts(s AccountState) (Memory, Key, Plan) { return s.Record, s.Key, s.Plan }

// reservedParts returns what is different once a request is reserved.
func reservedParts(s AccountState, c Attempt) (Memory, Key, Attempt) { return s.Record, s.Key, c }
