package gateway

import (
	"os"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// Problems lists everything that is wrong with a configuration: what config itself can tell, and
// what only the packages can tell that will use a setting.
func Problems(c *config.Config) []string {
	p := c.Problems()
	note := func(name string, err error) {
		if err != nil {
			p = append(p, name+": "+oneLine(err))
		}
	}
	if c.RedisURL != "" {
		note(setting.RedisURL, redisstore.ParseURL(c.RedisURL.Reveal()))
	}
	_, err := web.NewGuard(nil, c.AllowedHosts, nil)
	note(setting.AllowedHosts, err)
	_, err = web.NewProxies(c.TrustedProxies)
	note(setting.TrustedProxies, err)
	if _, err := web.NewGuard(nil, nil, c.AllowedOrigins); err != nil {
		note(setting.AllowedOrigins, err)
	} else if open := web.OpenOrigins(c.AllowedOrigins); c.Auth == "none" && len(open) > 0 {
		p = append(p, setting.AllowedOrigins+": "+strings.Join(open, ", ")+" lets every web page that somebody visits "+
			"send from the workspace, as "+setting.AuthFlag+" none asks for no login; name the origins, or use "+setting.AuthFlag+" oauth or external")
	}
	p = append(p, toolsetProblems(c)...)
	_, ruleErr := newAdmission(c) // of what config.Problems has told
	if c.Auth == "external" && ruleErr == nil && len(c.TokenIssuers) > 0 {
		p = append(p, externalProblems(c)...)
	}
	if _, err := egressProxy(c); err != nil && c.Auth == "oauth" {
		p = append(p, err.Error())
	}
	if c.Auth == "oauth" && c.OIDCIssuer != "" && c.OIDCClientID != "" {
		if _, err := newProvider(c, nil, nil, 0); err != nil && ruleErr == nil {
			p = append(p, setting.Auth+": oauth: "+err.Error())
		}
		if _, err := readClients(c); err != nil {
			p = append(p, err.Error())
		}
		if _, err := readWorkloads(c, checkKeys()); err != nil {
			p = append(p, oneLine(err))
		}
		if _, err := newIdentityAssertions(c, checkKeys()); err != nil && ruleErr == nil {
			p = append(p, strings.Split(err.Error(), "\n")...)
		}
	}
	if c.ClerkCredential == "exchange" && c.Auth != "none" && ownTokenServer(c) && (c.ExchangeClientID != "" || c.OIDCClientID != "") {
		if _, err := newTokenServer(c, nil); err != nil {
			p = append(p, setting.ClerkCredential+": exchange: "+err.Error())
		}
	}
	return p
}

// Warnings lists what is not a problem of a configuration and may not be meant: what config itself
// can tell, and what only the packages can tell that will use a setting. What Redis is set to is
// said by [StoreWarnings].
func Warnings(c *config.Config) []string {
	w := c.Warnings()
	if proxies, err := web.NewProxies(c.TrustedProxies); err == nil { // else it is a problem
		if doubt := proxies.Doubt(); doubt != "" {
			w = append(w, setting.TrustedProxies+": "+doubt)
		}
	}
	if c.Auth == "oauth" && c.OAuthClients != "" {
		const everybody = 0o004
		clients, err := readClients(c)
		info, statErr := os.Stat(c.OAuthClients)
		if err == nil && statErr == nil && clients.HasSecrets() && info.Mode().Perm()&everybody != 0 {
			w = append(w, setting.OAuthClients+": the file has secrets of clients, and everybody on this machine can read it: chmod 640")
		}
	}
	return w
}
