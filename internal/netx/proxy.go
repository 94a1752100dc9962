package netx

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
)

// ProxyFunc gives the proxy that a request goes through, nil for none. It is that of [http.Transport].
type ProxyFunc = func(*http.Request) (*url.URL, error)

// ProxyFromEnv as the value of a setting means HTTPS_PROXY and NO_PROXY.
const ProxyFromEnv = "env"

// ParseProxy reads the URL of a proxy, or [ProxyFromEnv]; nil for "". lookup is [os.LookupEnv]. The error does not quote the
// URL, which may carry a password.
func ParseProxy(value string, lookup func(string) (string, bool)) (ProxyFunc, error) {
	switch value {
	case "":
		return nil, nil
	case ProxyFromEnv:
		for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
			if set, _ := lookup(name); set != "" {
				return http.ProxyFromEnvironment, nil
			}
		}
		return nil, errors.New("says env, but HTTPS_PROXY is not set; set it, or give the URL of the proxy here")
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return nil, errors.New("must be env or the URL of a proxy (http, https or socks5), such as http://proxy.example:3128")
	}
	return http.ProxyURL(u), nil
}
