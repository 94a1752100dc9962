// Package openapi holds the REST API document that everything else is checked against.
//
// The document is the one source for the REST API: the models of pkg/clerkapi are generated from
// it, a test matches the client's methods to its operations, and the sandbox validates what it
// takes and what it answers against it. The package only carries the bytes; it does not parse them.
package openapi

import _ "embed"

// Document is the OpenAPI 3.0 description of the Clerk Chat REST API, as YAML.
//
//go:embed clerk-chat.yaml
var Document []byte
