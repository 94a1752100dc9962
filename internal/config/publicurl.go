package config

import (
	"net/url"
	"strings"
)

// BasePath is the path of the public URL, without a slash at its end; "" for none. Everything but
// the probes is below it.
func (c *Config) BasePath() string {
	u := c.Public()
	if u == nil {
		return ""
	}
	return strings.TrimSuffix(u.EscapedPath(), "/")
}

// Public is the parsed public URL, nil if none is set.
func (c *Config) Public() *url.URL {
	if c.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil
	}
	return u
}
