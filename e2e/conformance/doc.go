// Package conformance has the conformance suite judge what requests and answers go through: whole
// gateways that have the suite's fixtures mounted on their own handlers, in every version of the
// protocol, alone and as replicas behind a round robin. It needs the tag conformance, with which
// the gateway can be given other tools than its own; make conformance runs it. The *.yml beside it
// are of the gateway as it is, which the tests of e2e run.
package conformance
