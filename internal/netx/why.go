package netx

// Cause is the word for why a request has no answer: timeout, dns, refused, tls, proxy, not_public, too_large, network. It has
// nothing of the URL or the answer in it.
func Cause(err error) string { return causeOf(err) }
