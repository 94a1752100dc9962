// Package operator has the commands over the store and the configuration that people run beside a
// gateway, one file each: sessions, grants, check (and what its --connect asks), secret and
// healthcheck. They write results to one stream and advice to another; flags and exit codes are
// those of cmd/gateway.
//
// What check asks others with is what a gateway that serves would ask them with, see
// [gateway.Outgoing]. Nothing here is part of serving.
package operator
