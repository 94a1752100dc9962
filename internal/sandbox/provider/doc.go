// Package provider is a simulated OpenID Connect provider, in memory: the sandbox's sign-in for
// demonstrations and tests.
//
// Two people can sign in, without a password: Ann of the team Acme and Ben of the team Globex. A
// page lets the browser's user choose one of them, or deny. Headless, prompt=none with
// login_hint=ann (or an email address) signs in at once, and so does every request while the
// setting auto_approve names somebody.
//
// # What it serves
//
//   - discovery and its OAuth alias (RFC 8414), keys, authorize, token, userinfo, revocation (RFC
//     7009)
//   - authorization codes with PKCE (S256, always asked for), refresh tokens (with the scope
//     offline_access), token exchange (RFC 8693) of an access token for one whose audience is the
//     REST API
//   - access tokens that are JWTs (RFC 9068), good for userinfo and REST; with the parameter
//     resource (RFC 8707) good for that resource only
//   - two clients: gateway with the secret sandbox-client-secret (basic or post), and demo-app
//     without one. Both may redirect to any loopback URL.
//
// A code lives for a minute and is good once; its replay ends the sign-in it belongs to. A refresh
// token lives for a day; when they rotate, an old one ends its sign-in too. While they do not
// rotate, a refresh answers no new one.
//
// # Control
//
// Settings are changed by name, what is not named stays; GET shows them and how often each grant
// was redeemed.
//
//	curl -X PUT localhost:9090/_sandbox/oidc -d '{"access_token_seconds":5,"refresh_rotation":false}'
//	curl -X PUT localhost:9090/_sandbox/oidc -d '{"down_requests":3}'        # 503 for that many requests
//	curl -X PUT localhost:9090/_sandbox/oidc -d '{"auto_approve":"ann"}'     # or "ben"; "" asks again
//	curl -X PUT localhost:9090/_sandbox/oidc -d '{"clock_skew_seconds":-90}' # of the times in tokens
//	curl -X PUT localhost:9090/_sandbox/oidc -d '{"exchange_only":true}'     # REST takes exchanged tokens only
//	curl -X PUT localhost:9090/_sandbox/oidc -d '{"offline_access":"unknown"}' # not announced, no refresh tokens; or "refused"
//	curl -X PUT localhost:9090/_sandbox/oidc -d '{"redirect_uris":["https://gateway.test/oauth/callback"]}'
//	curl -X PUT localhost:9090/_sandbox/oidc/keys -d '{"alg":"ES256","keep_old":true}'
//	curl -X PUT localhost:9090/_sandbox/oidc/revoke -d '{"person":"ben"}'
//	curl -X PUT localhost:9090/_sandbox/oidc/claims -d '{"person":"ann","claims":{"groups":["left"],"hd":null}}'
//
// A provider that is slow, answers rubbish, does not know its client or refuses at userinfo is made
// with the sandbox's faults, for the operations token and userinfo:
//
//	fault '{"operation":"token","kind":"delay","ms":5000,"after_commit":true}'
//	fault '{"operation":"token","kind":"status","status":200,"body":"<h1>Oops</h1>","content_type":"text/html"}'
//	fault '{"operation":"token","kind":"status","status":401,"body":"{\"error\":\"invalid_client\"}","content_type":"application/json"}'
//	fault '{"operation":"userinfo","kind":"status","status":403,"count":100}'
//
// # Boundary
//
// The package knows nothing of REST but that it has a URL and teams. It must never guard anything
// real: whoever reaches it can be anybody it knows.
package provider
