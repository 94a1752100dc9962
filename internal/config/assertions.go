package config

// assertions is about tokens that are given for assertions, with no sign-in behind them. What only their readers can judge is left
// to these.
func (c *Config) assertions(p *problems) {
	const (
		workloads = "--workload-issuers (GATEWAY_WORKLOAD_ISSUERS)"
		identity  = "--identity-assertion-issuer (GATEWAY_IDENTITY_ASSERTION_ISSUER)"
	)
	if c.WorkloadIssuers != "" && c.ClerkCredential != "api-key" {
		p.add(workloads, "needs --clerk-credential api-key: with %s the REST API is shown something that a person has signed in for or entered, "+
			"and a workload is not a person", c.ClerkCredential)
	}
	if len(c.IdentityAssertionIssuers) > 0 && (c.ClerkCredential == "login" || c.ClerkCredential == "exchange") {
		p.add(identity, "needs --clerk-credential api-key or linked: with %s the REST API is shown a token that the gateway gets when a person signs in "+
			"there, and with an identity assertion nobody does", c.ClerkCredential)
	}
}
