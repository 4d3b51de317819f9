package update

// ServiceOf returns the service of an account; ok is false of one that is not
// known.
func ServiceOf(a *Account) (s Service, ok bool) {
	switch a.Service {
	case "ipv64":
		return ipv64Service(), true
	}
	return Service{}, false
}
