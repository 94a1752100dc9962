package netx

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
)

// ProxyFunc gives the proxy that a request goes through, nil for none. It is that of
// [http.Transport].
type ProxyFunc = func(*http.Request) (*url.URL, error)

// ProxyFromEnv as the value of a setting means HTTPS_PROXY and NO_PROXY.
const ProxyFromEnv = "env"

// anyHost stands for every host, to ask whether there is a proxy at all.
var anyHost = &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "https", Host: "host.example", Path: "/"}}

// ParseProxy reads the URL of a proxy, or [ProxyFromEnv], which means fromEnv
// ([http.ProxyFromEnvironment]); nil for "". The error does not quote the URL, which may carry a
// password.
func ParseProxy(value string, fromEnv ProxyFunc) (ProxyFunc, error) {
	switch value {
	case "":
		return nil, nil
	case ProxyFromEnv:
		switch u, err := fromEnv(anyHost); {
		case err != nil:
			return nil, errors.New("says env, but HTTPS_PROXY is not the URL of a proxy, such as http://proxy.example:3128")
		case u == nil:
			return nil, errors.New("says env, but HTTPS_PROXY is not set, or NO_PROXY is *; set it, or give the URL of the proxy here")
		}
		return fromEnv, nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return nil, errors.New("must be env or the URL of a proxy (http, https or socks5), such as http://proxy.example:3128")
	}
	return http.ProxyURL(u), nil
}
