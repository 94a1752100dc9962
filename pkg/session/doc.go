// Package session keeps MCP sessions that survive: any replica serves any request, and neither a
// lost record nor a store that is down costs a client its session.
//
// The id is the session. It is sealed around the subject, the negotiated version, what the client
// said of itself and the time of birth, so it can be opened without asking anybody. A record in the
// store, under a hash of the id, holds only what changes: last use, and whether the session was
// ended.
//
// # Beginning
//
// A [Table] puts the two together. The keyring comes as a [Sealer], the store as [Records];
// packages seal and redisstore have one each. All replicas need the same secret and the same store:
//
//	ring, err := seal.New([]byte(secret))
//	if err != nil {
//		return err
//	}
//	table, err := session.NewTable(session.Options{Sealer: ring.Sealer("session id"), Records: records})
//	if err != nil {
//		return err
//	}
//
// A client that initializes gets a session, whose ID goes into the header Mcp-Session-Id. Its
// subject is whoever the caller has proven to be elsewhere, "" for anonymous callers:
//
//	begun, err := table.Create(ctx, session.Info{Subject: "ann", Version: "2025-11-25", ClientName: "editor"})
//	if err != nil {
//		return err
//	}
//
// # Each later request
//
// Resume opens the id. Ids authenticate nobody: a session is bound to its subject, and to nobody
// else it exists. The only error is [ErrNotFound], which a server answers with 404, so that the
// client initializes again by itself:
//
//	resumed, err := table.Resume(ctx, begun.ID, "ann")
//	if errors.Is(err, session.ErrNotFound) {
//		return err
//	}
//
// A record that the store lost is written again ([Session].Recovered). While the store is down the
// id alone is the session ([Session].Unstored); sessions that this process saw end stay ended.
//
// # Ending
//
// A tombstone outlives the id, on all replicas. This needs the store: [ErrUnavailable] says that
// the session goes on, and is to be answered with 503:
//
//	if err := table.End(ctx, begun.ID, "ann"); errors.Is(err, session.ErrUnavailable) {
//		return err
//	}
//
// # Operators
//
// They see sessions without ids, by a key from which no id can be made:
//
//	for entry, err := range table.List(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(entry.ClientName, entry.Ended)
//	}
//
// # A store of your own
//
// [Records] are five operations on names with a time to live. Package sessiontest has the suite
// that an implementation must pass, and one in memory whose operations fail on demand.
//
// The package knows neither HTTP nor Redis. It must not log, and an id must not appear in any
// error.
package session
