// Package config is the one place where the gateway's settings are declared, documented and checked.
//
// [Config] is embedded by every command that starts a gateway; its tags give each setting its flag, its environment
// variable and its help text, so that help, documentation and code cannot drift apart. [Config.Problems] reports
// everything that is wrong at once, each with what to set instead.
//
// The package reads no environment by itself and imports nothing of ours.
package config
