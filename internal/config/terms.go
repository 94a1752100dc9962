package config

import (
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// settings are a configuration with what is declared of it.
type settings struct {
	*Config
	all    []Setting
	byName map[string]*Setting
}

func (c *Config) settings() *settings {
	v := &settings{c, Settings(), map[string]*Setting{}}
	for i := range v.all {
		s := &v.all[i]
		v.byName[s.Name], v.byName["--"+s.Flag] = s, s
	}
	return v
}

// text is the value of a setting; it may be a secret.
func (v *settings) text(name string) string { return v.byName[name].text(v.Config) }

// works tells whether a setting has an effect with the others.
func (v *settings) works(s *Setting) bool {
	return s.only.flag == "" || slices.Contains(s.only.values, v.text("--"+s.only.flag))
}

// term is something that a setting is or is not.
type term struct {
	setting string
	holds   func(*settings) bool
}

// is holds where a setting has one of these values.
func is(name string, values ...string) term {
	return term{name, func(v *settings) bool { return slices.Contains(values, v.text(name)) }}
}

// given holds where somebody chose a value, and missing where nobody did.
func given(name string) term {
	return term{name, func(v *settings) bool { return v.byName[name].given(v.Config) }}
}

func missing(name string) term { return not(given(name)) }

func not(t term) term {
	return term{t.setting, func(v *settings) bool { return !t.holds(v) }}
}

// has holds where the value of a setting is of some kind.
func has(name string, kind func(value string) bool) term {
	return term{name, func(v *settings) bool { return kind(v.text(name)) }}
}

// that is what only a function over several settings can tell. A problem of it names the setting.
func that(name string, holds func(*Config) bool) term {
	return term{name, func(v *settings) bool { return holds(v.Config) }}
}

// weakly holds where one of a setting's secrets is weak. One that is too short is reported for
// that.
func weakly(name string) term {
	return term{name, func(v *settings) bool {
		return slices.ContainsFunc(v.byName[name].values(v.Config), func(s string) bool { return len(s) >= MinSecretLength && weak(s) })
	}}
}

// simulates holds where the REST API is certainly not the workspace.
func simulates() term { return that(setting.ClerkURL, (*Config).simulated) }
