package setting

import "strings"

// On is how a switch is turned on, by its flag and by its variable.
func On(name string) string { return strings.TrimSuffix(name, ")") + "=true)" }
