package config

const (
	clientAuthSetting  = "--oidc-client-auth (OIDC_CLIENT_AUTH)"
	backchannelSetting = "--oidc-backchannel-url (OIDC_BACKCHANNEL_URL)"

	defaultClientAuth = "auto"
)

// provider is about how the gateway speaks to the provider that people sign in at.
func (c *Config) provider(p *problems) {
	switch c.OIDCClientAuth {
	case "", defaultClientAuth:
	case "client_secret_basic", "client_secret_post":
		if c.OIDCClientSecret == "" {
			p.add(clientAuthSetting, "%s needs a secret: set --oidc-client-secret (OIDC_CLIENT_SECRET)", c.OIDCClientAuth)
		}
	case "none":
		if c.OIDCClientSecret != "" {
			p.add(clientAuthSetting, "is none, so that --oidc-client-secret (OIDC_CLIENT_SECRET) would not be used; leave one of them out")
		}
	default:
		p.add(clientAuthSetting, "%q is not a method; set auto, client_secret_basic, client_secret_post or none", c.OIDCClientAuth)
	}
	if c.OIDCBackchannel == "" {
		return
	}
	switch u, ok := webURL(p, backchannelSetting, c.OIDCBackchannel, "http://keycloak:8080"); {
	case !ok:
	case u.RawQuery != "" || u.Fragment != "":
		p.add(backchannelSetting, "must have no query and no fragment")
	case u.Scheme == "http" && reachOf(u.Hostname()) == faraway:
		p.add(backchannelSetting, "is http, so the gateway's secret and people's tokens would travel in the clear: use https; http is for this "+
			"machine and for private networks, whose names have no dot or end like keycloak.login.svc or keycloak.internal")
	}
}
