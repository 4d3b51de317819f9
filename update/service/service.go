package service

// For returns the service of an account; ok is false if a.Service is unknown.
func For(a *Account) (s Service, ok bool) {
	switch a.Service {
	case "ipv64":
		return ipv64Service(), true
	case "spdyn":
		return spdynService(a), true
	case "dyndns2":
		return dyndns2Service(a), true
	case "rfc2136":
		return rfc2136Service(), true
	}
	if a.Template != nil {
		return templateService(a), true
	}
	return Service{}, false
}
