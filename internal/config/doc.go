// Package config is the one place where the gateway's settings are declared, documented and
// checked.
//
// [Config] is embedded by every command that starts a gateway. A field, its comment and its tag are
// all that is declared of a setting: help, documentation, the names in package setting and the
// flags of other commands (package flags) are made from it, so that they cannot drift apart.
// [Settings] lists it for whatever shows or reads settings. Run go generate after a change.
//
// [Config.Problems] reports everything that is wrong at once, each with what to set instead.
// Borders, choices and what a setting needs stand in its tag; conditions between settings are the
// tables of conditions.go; how a value has to be written is a function of forms.go.
//
// The package reads no environment by itself. It imports the rules that settings are judged by: who
// may sign in, and which hosts are loopback.
package config
