// Package setting has the names of the gateway's settings, for everything that tells a person which
// one to change. They are generated from the fields of internal/config.Config: each field gives a
// constant with the flag and its variable, and one with the flag alone. So a setting that is
// renamed is renamed everywhere, and nobody names one that does not exist.
//
// The package imports nothing, so that every other one may use it.
package setting
