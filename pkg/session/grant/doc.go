// Package grant keeps what an authorization server has to remember between two requests, for all
// replicas together: [Grants] (codes, families of refresh tokens with their rotation, and
// revocation), [ProviderStates] (the identity provider's part of a grant), [AuthRequests]
// (authorization requests whose person has signed in, and the marks of those that are finished) and
// [Consents].
//
// It is kept in [session.Records], of which each kind has a part of its own. All but the marks is
// sealed, and bound to the place where it is kept. A store that cannot be asked is
// [session.ErrUnavailable]: it ends no grant.
//
// Sessions do not need any of it: see package session.
package grant
