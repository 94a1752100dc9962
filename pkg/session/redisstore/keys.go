package redisstore

// This file is the one place where keys are built. A key is the mark of the gateway, the bucket's prefix and the name that
// the bucket's owner gave. Redis keeps a key of up to 28 bytes in 32: "gw:s:" and a session's 22 characters fit.
//
// Each bucket so far keeps single keys, which a cluster may put anywhere. Keys that one script or transaction changes
// together will share a hash tag, in braces, of what they belong to.
const (
	prefix = "gw:"

	// sessions: name is a hash of the session's id, lives as long as the record may be unused, or a tombstone as long
	// as the id could.
	sessionsPrefix = prefix + "s:"

	// probeKey is written by Ping and lives for probeTTL.
	probeKey = prefix + "ping"
)

// Sessions is where the records of MCP sessions are.
func (s *Store) Sessions() *Bucket { return &Bucket{store: s, prefix: sessionsPrefix} }

func (b *Bucket) key(name string) string { return b.prefix + name }
