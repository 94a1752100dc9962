// Package session keeps MCP sessions that survive: any replica serves any request, and neither a lost record nor a store
// that is down costs a client its session.
//
// The id is the session. It is sealed around the subject, the negotiated version, what the client said of itself and the
// time of birth, so it can be opened without asking anybody. A record in the store, under a hash of the id, holds only
// what changes: last use and whether the session was ended. [Table] puts the two together:
//
//	table, err := session.NewTable(session.Options{Sealer: sealer, Records: records})
//	s, err := table.Create(ctx, session.Info{Subject: subject, Version: "2025-11-25"}) // initialize
//	s, err = table.Resume(ctx, id, subject)                                            // each later request
//	err = table.End(ctx, id, subject)                                                  // DELETE
//
// Ids authenticate nobody: a session is bound to the subject that the caller has proven elsewhere, and to nobody else it
// exists.
//
// The package knows neither HTTP nor Redis. The keyring comes as a [Sealer], the store as
// [Records]. It must not log, and an id must not appear in any error.
package session
