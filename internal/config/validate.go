package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Problems lists everything that keeps a gateway from running with these settings, in the order of
// the fields. Each entry names the flag and its variable and says what to set. Secrets are never
// quoted. A setting that has no effect with the others is not judged. What only the user of a
// setting can judge, such as the parameters of the Redis URL, is not looked at here.
func (c *Config) Problems() []string {
	v, written, combinations, p := c.settings(), c.forms(), refused(), problems{}
	for i := range v.all {
		s := &v.all[i]
		if !v.works(s) {
			continue
		}
		values, text := s.values(c), s.text(c)
		if s.need != nil && strings.TrimSpace(text) == "" {
			p.add(s.Name, "%s", s.required())
		}
		if !s.isOneOf(c) {
			p.add(s.Name, "%q is not one of its values; set %s", text, strings.ReplaceAll(s.Enum, ",", ", "))
		}
		if !s.within(s.number(c)) {
			p.add(s.Name, "is %s; set %s", text, s.borders())
		}
		if form := written[s.Name]; form != nil && (len(values) > 0 || s.value(c).Kind() == reflect.Slice) {
			form(func(format string, args ...any) { p.add(s.Name, format, args...) }, values)
		}
		p.conditions(v, s, combinations)
	}
	return p
}

// Warnings lists what is not a problem and may not be meant: settings that have no effect with the
// others, so that nobody relies on them, and settings that take away what others rely on. Each
// entry names the flag and its variable.
func (c *Config) Warnings() []string {
	v, combinations, p := c.settings(), doubted(), problems{}
	for i := range v.all {
		switch s := &v.all[i]; {
		case v.works(s):
			p.conditions(v, s, combinations)
		case s.given(c):
			p.add(s.Name, "has no effect; it needs %s", s.only)
		}
	}
	return p
}

type problems []string

// add notes a problem of a setting.
func (p *problems) add(name, format string, args ...any) {
	*p = append(*p, name+": "+fmt.Sprintf(format, args...))
}

// conditions notes those that hold and begin with a setting.
func (p *problems) conditions(v *settings, s *Setting, all []condition) {
	for _, c := range all {
		if c.where[0].setting != s.Name || !c.holds(v) {
			continue
		}
		shown := make([]any, len(c.shown))
		for i, name := range c.shown {
			shown[i] = v.text(name)
		}
		p.add(s.Name, c.says, shown...)
	}
}

func (c condition) holds(v *settings) bool {
	for _, t := range c.where {
		if !t.holds(v) {
			return false
		}
	}
	return true
}

// required says that a setting is missing, and why it is needed or how to come by it.
func (s *Setting) required() string {
	says := "is required"
	if s.only.flag != "" {
		says += " with " + s.only.String()
	}
	if *s.need != "" {
		says += "; " + *s.need
	}
	return says
}

// within tells whether a number is within the borders of a setting.
func (s *Setting) within(n int64) bool {
	return (s.least == "" || n >= s.border(s.least)) && (s.most == "" || n <= s.border(s.most))
}

// borders says what a number may be, and what 0 means where help says that.
func (s *Setting) borders() string {
	if s.most != "" {
		return s.least + " to " + s.most
	}
	says := "at least " + s.least
	if _, zero, ok := strings.Cut(s.Help, " 0: "); ok {
		zero, _, _ = strings.Cut(strings.TrimSuffix(zero, "."), ". ")
		says += " (0: " + zero + ")"
	}
	return says
}
