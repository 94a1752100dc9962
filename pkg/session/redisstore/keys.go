package redisstore

// Redis keys. This file is the one place where they are built. A key is the mark of the gateway,
// the prefix of a keyspace and the name that the owner of the keyspace gave. Redis keeps a key of
// up to 28 bytes in 32: "gw:s:" and a session's 22 characters fit.
//
// The letters of prefixes stay what they are, whatever the thing is called by now: replicas of two
// versions share the keys while a deployment is updated, and what is under another letter would be
// lost.
//
// Keyspaces keep single keys, which a cluster may put anywhere. Keys that one script or transaction
// changes together share a hash tag, in braces, of what they belong to.
const (
	prefix = "gw:"

	// sessions: name is a hash of the session's id, lives as long as the record may be unused, or a
	// tombstone as long as the id could.
	sessionsPrefix = prefix + "s:"

	// grants: name is the grant's id; lives as long as the code, then as the grant may be unused,
	// or a mark as long as access tokens of a revoked grant could be used.
	grantsPrefix = prefix + "g:"
	// provider states: name is the grant's id, or that and "-lease" or "-pause"; lives like the
	// grant, as long as the lease, or as the provider is not asked again.
	providerStatesPrefix = prefix + "u:"
	// authorization requests: name is a hash of the handle of an authorization request; a mark
	// lives as long as a claim, then longer than the browser may come again; a request whose person
	// has signed in as long as they may take to answer.
	authRequestsPrefix = prefix + "x:"
	// consents: name is a hash of person, client and redirect; lives as long as an approval is
	// remembered.
	consentsPrefix = prefix + "c:"
	// personal keys: name is a hash of the person; lives longer than any grant may after the
	// person's last sign-in.
	personalKeysPrefix = prefix + "k:"

	// assertions: name is a hash of a client and of the jti that it used up; lives until the
	// assertion has expired.
	assertionsPrefix = prefix + "a:"

	// documents: a hash of values and one of when they end and whose they are, by a digest of the
	// client's id; both live as long as the one that was kept last.
	documentIndex  = prefix + "d:{documents}index"
	documentValues = prefix + "d:{documents}values"

	// limits: the owner in braces and the quota's name behind it; lives a step longer than the
	// quota's period.
	limitsPrefix = prefix + "l:"

	// operations: name is a digest of an idempotency key or of what a retransmission is recognized
	// by; lives as long as the key is good, or a while longer than the call.
	operationsPrefix = prefix + "w:"
	// queues: name is a digest of a tenant and a fingerprint; lives as long as an attempt may take.
	queuesPrefix = prefix + "q:"
	// fingerprints: name is a digest of a fingerprint; lives longer than any key.
	fingerprintsPrefix = prefix + "n:"
	// claims: name is a digest of what was made; lives longer than any key.
	claimsPrefix = prefix + "m:"
	// replicas: name is random, of one process; lives as long as a few heartbeats may be lost.
	replicasPrefix = prefix + "r:"
	// epoch: there is one name; lives as long as any replica does, and months longer.
	epochPrefix = prefix + "e:"

	// cancellations: name is a digest of a session, whose it is and the id of a request; lives
	// longer than a call, unless the call that it stops takes it back.
	cancellationsPrefix = prefix + "z:"
	// cancellationsChannel is where names of cancellations are told.
	cancellationsChannel = prefix + "cancellations"

	// probeKey is written by Ping and lives for probeTTL.
	probeKey = prefix + "ping"
	// checkKey is written by CheckWrites and lives for probeTTL.
	checkKey = prefix + "check"
)

// Sessions is where the records of MCP sessions are.
func (s *Store) Sessions() *Keyspace { return &Keyspace{store: s, prefix: sessionsPrefix} }

// Grants is where the grants of the authorization server are.
func (s *Store) Grants() *Keyspace { return &Keyspace{store: s, prefix: grantsPrefix} }

// ProviderStates is where the provider's part of grants is.
func (s *Store) ProviderStates() *Keyspace { return &Keyspace{store: s, prefix: providerStatesPrefix} }

// AuthRequests is where authorization requests are whose person has signed in, and the marks of
// those that are finished.
func (s *Store) AuthRequests() *Keyspace { return &Keyspace{store: s, prefix: authRequestsPrefix} }

// Consents is where approvals are remembered.
func (s *Store) Consents() *Keyspace { return &Keyspace{store: s, prefix: consentsPrefix} }

// PersonalKeys is where people's own keys of the REST API are.
func (s *Store) PersonalKeys() *Keyspace { return &Keyspace{store: s, prefix: personalKeysPrefix} }

// Assertions is where it is remembered which assertions clients have used.
func (s *Store) Assertions() *Keyspace { return &Keyspace{store: s, prefix: assertionsPrefix} }

// Documents is where up to max metadata documents of clients are kept. All replicas must give the
// same max.
func (s *Store) Documents(max int) *Documents { return &Documents{store: s, max: max} }

func documentKeys() []string { return []string{documentIndex, documentValues} }

// Limits is where it is counted how much of something was taken lately.
func (s *Store) Limits() *Limits { return &Limits{store: s} }

func limitKey(owner, quota string) string { return limitsPrefix + "{" + owner + "}" + quota }

// Operations is where idempotency records are.
func (s *Store) Operations() *Keyspace { return &Keyspace{store: s, prefix: operationsPrefix} }

// Queues is where it is noted which operation of a tenant and fingerprint is in flight.
func (s *Store) Queues() *Keyspace { return &Keyspace{store: s, prefix: queuesPrefix} }

// Fingerprints is where the open attempts of each fingerprint are noted.
func (s *Store) Fingerprints() *Keyspace { return &Keyspace{store: s, prefix: fingerprintsPrefix} }

// Claims is where it is noted which attempt made what.
func (s *Store) Claims() *Keyspace { return &Keyspace{store: s, prefix: claimsPrefix} }

// Replicas is where the heartbeats of processes are.
func (s *Store) Replicas() *Keyspace { return &Keyspace{store: s, prefix: replicasPrefix} }

// Epoch is where the epoch is, by which data loss is noticed.
func (s *Store) Epoch() *Keyspace { return &Keyspace{store: s, prefix: epochPrefix} }

// Cancellations is where calls are marked that their clients canceled.
func (s *Store) Cancellations() *Marks {
	return &Marks{Keyspace{store: s, prefix: cancellationsPrefix}}
}

func (b *Keyspace) key(name string) string { return b.prefix + name }
