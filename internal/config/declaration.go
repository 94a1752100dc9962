package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:generate go run ./cmd/settings

// Setting is what is declared of one setting. Its value comes from its flag, else from its
// variable, else it is the default.
type Setting struct {
	Name        string // "--flag (VARIABLE)", the constant of package setting
	Flag        string // without hyphens in front
	Variable    string
	Default     string
	Enum        string // what it may be, separated by commas; "" for anything
	Placeholder string
	Group       string
	Help        string // the first paragraph of the field's comment
	Secret      bool   // its value must not be shown

	field       int
	least, most string // the borders of a number
	need        *string
	only        choice
}

// documentation is what [Config] says where no tag does.
type documentation struct{ name, help string }

// choice is what another setting has to be; always true without one.
type choice struct {
	flag   string
	values []string
}

func (c choice) String() string { return "--" + c.flag + " " + strings.Join(c.values, " or ") }

// Settings are all settings, in the order of the fields.
func Settings() []Setting {
	t, texts, group := reflect.TypeFor[Config](), documented(), ""
	all := make([]Setting, t.NumField())
	for i := range all {
		f := t.Field(i)
		tag, text := f.Tag, texts[f.Name]
		group = cmp.Or(tag.Get("group"), group)
		_, variable, _ := strings.Cut(strings.TrimSuffix(text.name, ")"), " (")
		all[i] = Setting{
			Name: text.name, Flag: tag.Get("name"), Variable: variable, Default: tag.Get("default"), Enum: tag.Get("enum"),
			Placeholder: tag.Get("placeholder"), Group: group, Help: text.help,
			Secret: f.Type == reflect.TypeFor[Secret]() || f.Type == reflect.TypeFor[[]Secret](),
			field:  i, least: tag.Get("min"), most: tag.Get("max"),
		}
		if need, ok := tag.Lookup("need"); ok {
			all[i].need = &need
		}
		if flag, values, ok := strings.Cut(tag.Get("only"), "="); ok {
			all[i].only = choice{flag, strings.Split(values, ",")}
		}
	}
	return all
}

func (s *Setting) value(c *Config) reflect.Value { return reflect.ValueOf(c).Elem().Field(s.field) }

// values are the value as it is written: none where nothing is set, and of a list each entry. They
// may be secret.
func (s *Setting) values(c *Config) []string {
	v := s.value(c)
	switch v.Kind() {
	case reflect.Slice:
		list := make([]string, v.Len())
		for i := range list {
			list[i] = v.Index(i).String()
		}
		return list
	case reflect.String:
		if s.Enum != "" && v.Len() == 0 {
			return []string{s.Default}
		}
		if v.Len() > 0 {
			return []string{v.String()}
		}
		return nil
	}
	return []string{fmt.Sprint(v.Interface())}
}

// text are the values in one, with commas in between.
func (s *Setting) text(c *Config) string { return strings.Join(s.values(c), ",") }

// number is the value of a setting that is a number or a duration, 0 for any other.
func (s *Setting) number(c *Config) int64 {
	if v := s.value(c); v.CanInt() {
		return v.Int()
	}
	return 0
}

// border is a number of a tag, in the form of the setting.
func (s *Setting) border(written string) int64 {
	if d, err := time.ParseDuration(written); err == nil && s.value(&Config{}).Type() == reflect.TypeFor[time.Duration]() {
		return int64(d)
	}
	n, _ := strconv.ParseInt(written, 10, 64) // a test reads each
	return n
}

// given tells whether somebody chose the value: it is neither nothing nor the default.
func (s *Setting) given(c *Config) bool {
	text := s.text(c)
	if s.value(c).IsZero() || strings.TrimSpace(text) == "" || text == s.Default {
		return false
	}
	return !s.value(c).CanInt() || s.Default == "" || s.number(c) != s.border(s.Default)
}

// isOneOf tells whether the value is among those that are listed; any is where nothing is.
func (s *Setting) isOneOf(c *Config) bool {
	return s.Enum == "" || slices.Contains(strings.Split(s.Enum, ","), s.text(c))
}
