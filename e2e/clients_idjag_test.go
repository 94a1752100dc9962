//go:build unix

package e2e

import (
	"net/url"
	"strings"
	"testing"
)

const grantJWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

func TestMCPCCallsWithATokenOfAnIdentityAssertion(t *testing.T) {
	o := openOffice(t)
	assertion := o.company.Assertion("ann", atCompany, o.url, map[string]any{"scope": "messages:read messages:send", "resource": o.url + "/mcp"})
	access := o.token(t, url.Values{"grant_type": {grantJWT}, "client_id": {"agent"}, "client_secret": {listedSecret}, "assertion": {assertion}})
	o.callByMCPC(t, access, "mcpc, for Ann")
}

func TestTypeScriptSDKSignsInByIdentityAssertion(t *testing.T) {
	o := openOffice(t)
	by := func(sub, text string) (string, error) {
		return o.callBySDK(t, "id-jag", text, map[string]any{
			"client": "agent", "company": o.company.URL, "atCompany": atCompany, "idToken": o.company.IDToken(sub, atCompany),
		})
	}
	if out, err := by("ann", "SDK, for Ann"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	o.sent(t, "SDK, for Ann")
	if out, err := by("eve", "not this"); err == nil || !strings.Contains(err.Error(), "may not use this server") {
		t.Errorf("somebody who is shut out: %v %s", err, out)
	}
}
