// Package sandbox is a simulated Clerk Chat: its REST API, in memory, for demonstrations and tests.
//
// A [Sandbox] is an [net/http.Handler]. It checks every request against the REST document of
// package openapi, carries it out on a small team it keeps in memory, and checks its own regular
// answers against the same document, so that a client written for the sandbox fits the document and
// the other way round. Nothing leaves the process, nothing is kept.
//
// # The team
//
//	key               apiKey: sandbox-key
//	number, inbox     +15551234567  5d0e8d03-d09f-47e5-8017-4d00cbf737f4
//	number, inbox     +15557654321  c3a5f0de-6b1c-4e52-9a77-2f8d1b90e6a4
//	WhatsApp, inbox   whatsapp:+15557778888  e2b7c6a1-5d43-4f0b-8c19-6a0f3d92b7e5
//	list              PremiumTierSubscribers: three contacts, +14155550101 to +14155550103
//	opted out         +14155550199, a contact: a message to it is taken (201) but has failed, error code 21610
//	unreachable       +14155550000, no contact: a message to it fails on its way, error code 30003
//
// The second team is Globex, a world of its own; ids are 10^15 further on, there is no history:
//
//	key               apiKey: sandbox-key-globex
//	number, inbox     +15553334444  9a41c7e2-38f5-4b0d-a6c3-71de50b28f19
//	list              GlobexCustomers: two contacts, +14155550151 and +14155550152
//
// Instead of a key, REST takes the access token of a person who signed in under /oidc, as Bearer:
// Ann is of the first team, Ben of the second. Package provider tells of that sign-in, of its
// client and of its own control under /_sandbox/oidc.
//
// Message ids count up from [Options].FirstID, also after a reset. With [Options].History
// findMessages also shows some older messages.
//
// # What it does where the real API is not documented
//
//   - Messages go from sending to sent to delivered (or failed), one step every
//     [Options].AdvanceEvery, as the clock moves; the status is worked out when it is read. Times
//     have milliseconds, so a message may look a little older than the request that made it.
//   - A message to several recipients is one message; members are the recipients, without the
//     sender. If one of them opted out, the message failed.
//   - A sender that is not a number of the team, a text that is empty without media, an empty
//     recipient: 422. An unknown list: 404.
//   - Unless it is lenient, it refuses what no carrier takes, with all that is wrong: see
//     docs/sandbox.md.
//   - A campaign is answered with status scheduled, always. When it is due (at once without a
//     timestamp, or with one in the past) every member of its list that has a phone gets a message
//     of its own; until then there is none.
//   - findMessages answers newest first, 50 on a page unless told otherwise; links are relative,
//     null where there is none.
//   - A contact needs a name, an email or a phone; several may have the same phone. A batch of 1 to
//     1000 contacts is taken as a whole or not at all. An update changes what it names, data is
//     replaced. A deletion is answered 200.
//   - searchContacts answers all contacts; the parameter search narrows them down by a part of
//     name, phone or email.
//   - A value that violates the document: 422, with message a string or a list of strings; a sender
//     that is a JSON number: 422 without detail. No JSON at all: 400. More than 1 MiB: 413.
//
// # Control
//
// Control needs no key; it refuses browser requests of other origins. All of it is on the start
// page, and in docs/sandbox.md with examples: inbound messages, lists, history, the clock and rates
// are only there.
//
//	curl -s localhost:9090/_sandbox/messages       # all that was committed, in order: {"messages":[…]}
//	curl -s localhost:9090/_sandbox/requests       # REST requests by operation: {"requests":{"sendMessage":3}}
//	curl -s localhost:9090/_sandbox/faults         # faults still to come: {"faults":[…]}
//	curl -X DELETE localhost:9090/_sandbox/faults  # forget them
//	curl -X POST localhost:9090/_sandbox/reset     # the team as at the start; counts and faults too, ids go on
//
//	fault() { curl -X PUT localhost:9090/_sandbox/faults -d "$1"; }
//	fault '{"operation":"sendMessage","kind":"drop_after_commit"}'
//	fault '{"operation":"sendMessage","kind":"commit_late","ms":30000,"status":504}'
//	fault '{"operation":"findMessages","kind":"delay","ms":500,"count":3}'
//	fault '{"operation":"createContact","kind":"status","status":429,"retry_after":2}'
//	fault '{"operation":"sendMessage","kind":"status","status":502,"after_commit":true,"body":"<h1>Oops</h1>",
//	        "content_type":"text/html"}'
//
// The listing of messages has one field more than REST: mediaUrls, where there are any; those of
// the second team have the field team too. Messages that failed are part of it, with their status.
// Requests are counted whatever becomes of them.
//
// Faults can also be made for token, authorize, jwks and userinfo of the sign-in, whose requests
// are counted too; they are spent on the next request, whatever it is.
//
// A fault is spent on the next request of its operation that is authentic and fits the document;
// several of one operation queue up, one for each request. Kinds:
//
//   - drop_before_commit: the connection is cut, nothing was stored. (Go's client then makes a GET
//     again by itself if the connection had been used before; count 2 holds against that.)
//   - drop_after_commit: it was stored, then the connection is cut without an answer.
//   - status: status is answered (200 to 599), with a Retry-After of retry_after seconds if given,
//     and body with content_type in place of the usual error. Nothing was stored, unless
//     after_commit is true.
//   - delay: waits ms milliseconds (10 minutes at most), then goes on as usual; if the client goes
//     away meanwhile, nothing is stored. With after_commit it is stored at once, and the answer is
//     late.
//   - commit_late: the connection is cut, or answered with status if given (and retry_after, body,
//     content_type as above), and the request is carried out ms milliseconds later (a day at most):
//     as of then everybody can see what it made, created says that time, and what it would have
//     been refused for is as it is then. Only for operations that change something.
//
// # Boundary
//
// The package must not know the gateway or MCP, and must not be reached by a gateway that serves a
// real backend.
package sandbox
