package config

import (
	"slices"
	"strings"
)

// documents is about clients whose client_id is a URL. What is said of the proxy is left to who uses it.
func (c *Config) documents(p *problems) {
	const hosts = "--client-document-hosts (GATEWAY_CLIENT_DOCUMENT_HOSTS)"
	for _, h := range c.ClientDocumentHosts {
		switch {
		case h == "*":
			if len(c.ClientDocumentHosts) > 1 {
				p.add(hosts, "* allows every host; leave it out, or the other hosts")
			}
		case strings.Contains(h, "*"):
			p.add(hosts, "%q has a wildcard in it; list each host, or * alone for every host", h)
		case h == "" || strings.ContainsAny(h, "/:@?# ") || strings.HasSuffix(h, "."):
			p.add(hosts, "%q is not a host; write its name alone, such as client.example.com", h)
		}
	}
	if slices.Contains([]string{"builtin", "off"}, c.ClientDocuments) && len(c.ClientDocumentHosts) > 0 {
		p.add(hosts, "has no effect with --client-documents %s, which fetches nothing; leave one of them out", c.ClientDocuments)
	}
}
