package config

import "github.com/clerkchat/mcp-gateway/internal/setting"

// condition is a combination of settings that is refused, or only warned of: all its terms hold. It
// is asked where the setting of its first term has an effect, and that is the one that is named.
type condition struct {
	where []term
	says  string   // each %s is the value of one that is shown
	shown []string // none of them is secret
}

// order refuses a number that is not to another one as it has to be. It is asked where both are
// within their borders, and the other one is not 0.
func order(name, relation, of string, fits func(n, other int64) bool) condition {
	breaks := func(v *settings) bool {
		s, other := v.byName[name], v.byName[of]
		n, m := s.number(v.Config), other.number(v.Config)
		return s.within(n) && m != 0 && other.within(m) && !fits(n, m)
	}
	return condition{where: []term{{name, breaks}}, says: "is %s; it must be " + relation + " " + of + ", which is %s", shown: []string{name, of}}
}

const (
	clearNames = "http is for this machine and for private networks, whose names have no dot or end like "
	noSignin   = "keeps nobody out with " + setting.AuthFlag + " none, where nobody signs in; set " + setting.AuthFlag +
		" oauth or external, or leave it out"
	oneOut = "; leave one of them out"
)

// refused are the combinations with which no gateway runs.
func refused() []condition {
	none, oauth, external := is(setting.Auth, "none"), is(setting.Auth, "oauth"), is(setting.Auth, "external")
	login, oneKey := is(setting.Auth, "oauth", "external"), is(setting.ClerkCredential, "api-key")
	return []condition{
		{where: []term{has(setting.AdminListen, listensInPublic)},
			says: "is a public address, and metrics are not protected: listen on a loopback or private address"},
		{where: []term{that(setting.AdminListen, (*Config).oneAddress)},
			says: "is the same address as " + setting.ListenFlag + "; give it a port of its own"},

		{where: []term{missing(setting.PublicURL), oauth, has(setting.Listen, exposed)}, shown: []string{setting.Listen},
			says: "is required with " + setting.AuthFlag + " oauth on %s: it is the issuer of the gateway's tokens"},
		{where: []term{missing(setting.PublicURL), external, has(setting.Listen, exposed)}, shown: []string{setting.Listen},
			says: "is required with " + setting.AuthFlag + " external on %s: a token is good for one URL, and no request can be trusted to say which"},
		{where: []term{has(setting.PublicURL, inTheClear), oauth},
			says: "must be https with " + setting.AuthFlag + " oauth; clients refuse to sign in over http"},
		{where: []term{has(setting.PublicURL, inTheClear), external},
			says: "must be https with " + setting.AuthFlag + " external, or tokens travel in the clear"},

		{where: []term{weakly(setting.Secrets), not(simulates())}, says: weakSecret},
		order(setting.RedisTimeout, "less than", setting.CallBudget, func(n, budget int64) bool { return n < budget }),

		{where: []term{none, missing(setting.InsecureNoAuth), has(setting.Listen, exposed)}, shown: []string{setting.Listen},
			says: "none on %s would let everybody who reaches it send messages from the workspace; listen on a loopback address, or say " +
				setting.On(setting.InsecureNoAuth) + " if something in front of it keeps others out"},
		{where: []term{given(setting.AllowSignin), none}, says: noSignin},
		{where: []term{missing(setting.AllowSignin), missing(setting.AllowAnyUser), login, oneKey},
			says: "or " + setting.AllowAnyUserFlag + " is required with one API key for everybody: else all whom the authorization server knows " +
				"could send messages from the workspace"},
		{where: []term{given(setting.AllowAnyUser), given(setting.AllowSignin), oneKey}, says: "contradicts " + setting.AllowSigninFlag + oneOut},
		{where: []term{given(setting.DenySignin), none}, says: noSignin},
		order(setting.GrantMaxAge, "longer than", setting.Recheck, func(n, recheck int64) bool { return n > recheck }),

		{where: []term{is(setting.OIDCClientAuth, "client_secret_basic", "client_secret_post"), missing(setting.OIDCClientSecret)},
			says: "%s needs a secret: set " + setting.OIDCClientSecret, shown: []string{setting.OIDCClientAuth}},
		{where: []term{is(setting.OIDCClientAuth, "none"), given(setting.OIDCClientSecret)},
			says: "is none, so that " + setting.OIDCClientSecret + " would not be used" + oneOut},
		{where: []term{has(setting.OIDCBackchannel, clearAndFar)},
			says: "is http, so the gateway's secret and people's tokens would travel in the clear: use https; " + clearNames +
				"keycloak.login.svc or keycloak.internal"},
		{where: []term{given(setting.WorkloadIssuers), not(oneKey)}, shown: []string{setting.ClerkCredential},
			says: "needs " + setting.ClerkCredentialFlag + " api-key: with %s the REST API is shown something that a person has signed in for or " +
				"entered, and a workload is not a person"},
		{where: []term{given(setting.IdentityAssertionIssuers), is(setting.ClerkCredential, "login", "exchange")}, shown: []string{setting.ClerkCredential},
			says: "needs " + setting.ClerkCredentialFlag + " api-key or linked: with %s the REST API is shown a token that the gateway gets when " +
				"a person signs in there, and with an identity assertion nobody does"},
		{where: []term{given(setting.ClientDocumentHosts), is(setting.ClientDocuments, "builtin", "off")}, shown: []string{setting.ClientDocuments},
			says: "has no effect with " + setting.ClientDocumentsFlag + " %s, which fetches nothing" + oneOut},
		order(setting.RefreshGrace, "at most half of", setting.AccessTokenLife, func(n, life int64) bool { return n <= life/2 }),
		{where: []term{weakly(setting.RegistrationSecrets), not(simulates())}, says: weakSecret},

		{where: []term{that(setting.ClerkURL, (*Config).signsStrangersIn)},
			says: "is not the sandbox, but people sign in at the sandbox, which asks nobody for a password: set " + setting.OIDCIssuerFlag + " or " +
				setting.TokenIssuersFlag + " to a real provider"},
		{where: []term{has(setting.ClerkURL, clearAndFar)},
			says: "is http, so keys and texts would travel in the clear: use https; " + clearNames + "clerk.apps.svc or clerk.internal"},
		{where: []term{is(setting.ClerkCredential, "linked"), not(oauth)},
			says: "linked needs " + setting.AuthFlag + " oauth: people enter their keys on a page of the gateway, after they signed in there"},
		{where: []term{is(setting.ClerkCredential, "login"), not(oauth)},
			says: "login needs " + setting.AuthFlag + " oauth: only then does the gateway get an access token at sign-in"},
		{where: []term{is(setting.ClerkCredential, "exchange"), not(login)},
			says: "exchange needs " + setting.AuthFlag + " oauth or external: without a login there is no token to exchange"},
		order(setting.SettleTime, "less than", setting.CallBudget, func(n, budget int64) bool { return n < budget }),
		{where: []term{missing(setting.ExchangeAudience), missing(setting.ExchangeResource)},
			says: "or " + setting.ExchangeResourceFlag + " is required with " + setting.ClerkCredentialFlag + " exchange: it names the REST API to the provider"},
		{where: []term{missing(setting.ExchangeClientID), external},
			says: "is required with " + setting.AuthFlag + " external: it is the gateway's OAuth client ID at the authorization server"},
		{where: []term{missing(setting.ExchangeClientID), given(setting.ExchangeClientSecret), not(external)},
			says: "is missing; " + setting.ExchangeClientSecretFlag + " is nobody's without it"},
		order(setting.MaxInFlightPerCaller, "at most", setting.MaxInFlight, func(n, all int64) bool { return n <= all }),
	}
}

const weakSecret = "is published or easy to guess, so that anybody could make tokens for this gateway: make one with gateway secret"

// doubted are combinations that somebody may have reason for, and that take something away which
// others rely on.
func doubted() []condition {
	none, oauth := is(setting.Auth, "none"), is(setting.Auth, "oauth")
	const onlySimulated = "is published or easy to guess: it is good for a simulated Clerk Chat and for nothing else"
	return []condition{
		{where: []term{has(setting.AdminListen, exposed)},
			says: "is reached by other machines, and metrics are not protected: keep the port from the outside"},
		{where: []term{has(setting.PublicURL, inTheClear), none},
			says: "is http: whoever is in between can read texts, and change what is sent"},
		{where: []term{given(setting.AllowedOrigins), none},
			says: "with " + setting.AuthFlag + " none lets every page of these origins send messages from the workspace, whoever looks at it"},
		{where: []term{weakly(setting.Secrets), simulates()}, says: onlySimulated},
		{where: []term{has(setting.RedisURL, redisInTheClear)},
			says: "has no TLS and a public host: whoever is in between can read its password, and end sessions and sign-ins; use rediss://"},
		{where: []term{given(setting.InsecureNoAuth), has(setting.Listen, exposed), not(simulates())}, shown: []string{setting.Listen},
			says: "lets everybody who reaches %s send messages from the workspace: something in front of it has to keep others out"},
		{where: []term{has(setting.OIDCBackchannel, clearAndNearby)},
			says: "is http: whoever shares the network with it can read the gateway's secret and people's tokens, and say who signed in"},
		{where: []term{weakly(setting.RegistrationSecrets), simulates()}, says: onlySimulated},
		{where: []term{given(setting.RegistrationSecrets), not(oauth)}, says: "has no effect; it needs " + setting.AuthFlag + " oauth"},
		{where: []term{has(setting.ClerkURL, clearAndNearby)},
			says: "is http: whoever shares the network with it can read keys and texts"},
		{where: []term{is(setting.OnStoreOutage, "send")},
			says: "is send: while Redis does not answer, a call that is repeated without a key is done again"},
		{where: []term{is(setting.OnStoreLoss, "send")},
			says: "is send: after Redis lost its data, a call that was done before is done again under the same key"},
		{where: []term{given(setting.ResendAbsent)},
			says: "breaks the promise to send once: a message that is late is sent twice"},
		{where: []term{is(setting.LimitOAuth, "0"), oauth, has(setting.PublicURL, elsewhere)},
			says: "is 0: anybody may register clients and try tokens as fast as they can"},
	}
}
