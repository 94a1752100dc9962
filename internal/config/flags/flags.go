package flags

import (
	"github.com/alecthomas/kong"
	"github.com/clerkchat/mcp-gateway/internal/config"
)

// Declare gives every flag that is a setting what is declared of it, in whatever command it stands:
// its variable, and its default, placeholder, choices and help where the command says nothing else.
// It is for [kong.PostBuild].
func Declare(k *kong.Kong) error {
	settings := map[string]config.Setting{}
	for _, s := range config.Settings() {
		settings[s.Flag] = s
	}
	return kong.Visit(k.Model.Node, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			if s, ok := settings[flag.Name]; ok {
				declare(flag, &s)
			}
		}
		return next(nil)
	})
}

func declare(flag *kong.Flag, s *config.Setting) {
	if len(flag.Tag.Envs) == 0 {
		flag.Tag.Envs = []string{s.Variable}
	}
	if flag.Help == "" {
		flag.Help, flag.Group = s.Help, &kong.Group{Key: s.Group, Title: s.Group}
	}
	if flag.PlaceHolder == "" {
		flag.PlaceHolder = s.Placeholder
	}
	if flag.Enum == "" {
		flag.Enum = s.Enum
	}
	if !flag.HasDefault && s.Default != "" {
		flag.HasDefault, flag.Default = true, s.Default
	}
}
