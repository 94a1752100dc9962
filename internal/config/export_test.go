package config

import (
	"regexp"
	"strings"
)

// Said are the combinations that are refused or warned of, each as an expression for what is said
// of it.
func Said() (all []string) {
	for _, c := range append(refused(), doubted()...) {
		all = append(all, "^"+strings.ReplaceAll(regexp.QuoteMeta(c.where[0].setting+": "+c.says), "%s", ".+")+"$")
	}
	return all
}

// Borders are the least and the most of a setting that is a number, "" for neither.
func (s Setting) Borders() (least, most string) { return s.least, s.most }

// Only is the flag that decides whether the setting has an effect, and with which values it has; ""
// for none.
func (s Setting) Only() (flag string, values []string) { return s.only.flag, s.only.values }

// Of gives access to a number of a configuration.
func (s Setting) Of(c *Config) interface{ SetInt(int64) } { return s.value(c) }
