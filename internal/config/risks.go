package config

import "strings"

// risks lists settings that somebody may have reason for, and that take something away which others rely on. Each entry
// names the flag and its variable.
func (c *Config) risks() []string {
	var w problems
	c.networkRisks(&w)
	c.callerRisks(&w)
	c.onceRisks(&w)
	return w
}

func (c *Config) networkRisks(w *problems) {
	if isPlainHTTP(c.ClerkURL) && reachOfURL(c.ClerkURL) == nearby {
		w.add("--clerk-url (CLERK_API_URL)", "is http: whoever shares the network with it can read keys and texts")
	}
	if c.Auth == "oauth" && isPlainHTTP(c.OIDCBackchannel) && reachOfURL(c.OIDCBackchannel) == nearby {
		w.add(backchannelSetting, "is http: whoever shares the network with it can read the gateway's secret and people's tokens, and say who signed in")
	}
	if c.AdminListen != "" && exposed(c.AdminListen) {
		w.add("--admin-listen (GATEWAY_ADMIN_LISTEN)",
			"is reached by other machines, and metrics are not protected: keep the port from the outside")
	}
	if u := c.Public(); c.Auth == "none" && u != nil && u.Scheme == "http" && reachOf(u.Hostname()) != here {
		w.add("--public-url (GATEWAY_PUBLIC_URL)", "is http: whoever is in between can read texts, and change what is sent")
	}
	if url := c.RedisURL.Reveal(); redisInTheClear(url) {
		w.add("--redis-url (GATEWAY_REDIS_URL)",
			"has no TLS and a public host: whoever is in between can read its password, and end sessions and sign-ins; use rediss://")
	}
}

// redisInTheClear tells whether a Redis URL without TLS leads to a host far away. What is not such a URL is refused elsewhere.
func redisInTheClear(raw string) bool {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !strings.HasPrefix(scheme, "redis") || strings.HasPrefix(scheme, "rediss") {
		return false
	}
	hosts, _, _ := strings.Cut(rest, "/")
	hosts, _, _ = strings.Cut(hosts, "?")
	for host := range strings.SplitSeq(hosts[strings.LastIndexByte(hosts, '@')+1:], ",") {
		if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
			host = host[:colon]
		}
		if host != "" && reachOf(host) == faraway {
			return true
		}
	}
	return false
}

func (c *Config) callerRisks(w *problems) {
	if c.simulated() {
		for _, s := range c.weakSecrets() {
			w.add(s, "is published or easy to guess: it is good for a simulated Clerk Chat and for nothing else")
		}
	}
	if c.Auth == "none" && c.InsecureNoAuth && exposed(c.Listen) && !c.simulated() {
		w.add("--insecure-no-auth (GATEWAY_INSECURE_NO_AUTH)",
			"lets everybody who reaches %s send messages from the workspace: something in front of it has to keep others out", c.Listen)
	}
	if c.Auth == "none" && len(c.AllowedOrigins) > 0 {
		w.add("--allowed-origins (GATEWAY_ALLOWED_ORIGINS)",
			"with --auth none lets every page of these origins send messages from the workspace, whoever looks at it")
	}
	if c.Auth == "oauth" && c.LimitOAuth == 0 && c.PublicURL != "" && reachOfURL(c.PublicURL) != here {
		w.add("--limit-oauth (GATEWAY_LIMIT_OAUTH)", "is 0: anybody may register clients and try tokens as fast as they can")
	}
}

func (c *Config) onceRisks(w *problems) {
	if c.OnStoreOutage == "send" {
		w.add("--on-store-outage (GATEWAY_ON_STORE_OUTAGE)",
			"is send: while Redis does not answer, a call that is repeated without a key is done again")
	}
	if c.OnStoreLoss == "send" {
		w.add("--on-store-loss (GATEWAY_ON_STORE_LOSS)",
			"is send: after Redis lost its data, a call that was done before is done again under the same key")
	}
	if c.ResendAbsent {
		w.add("--resend-absent (GATEWAY_RESEND_ABSENT)", "breaks the promise to send once: a message that is late is sent twice")
	}
}
