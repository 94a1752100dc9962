package config_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

func byFlag(t *testing.T, flag string) config.Setting {
	t.Helper()
	all := config.Settings()
	i := slices.IndexFunc(all, func(s config.Setting) bool { return s.Flag == flag })
	if i < 0 {
		t.Fatalf("there is no setting %s", flag)
	}
	return all[i]
}

func TestEachSettingIsDeclaredOnceAndInFull(t *testing.T) {
	seen := map[string]bool{}
	all := config.Settings()
	for i, s := range all {
		field := reflect.TypeFor[config.Config]().Field(i)
		if s.Name != "--"+s.Flag+" ("+s.Variable+")" || s.Group == "" {
			t.Errorf("%s is named %q, in the group %q: run go generate", field.Name, s.Name, s.Group)
		}
		if len(s.Help) < len("text or json.") || !strings.HasSuffix(s.Help, ".") {
			t.Errorf("%s: its comment is not made of sentences: %q", s.Flag, s.Help)
		}
		if seen[s.Flag] || seen[s.Variable] {
			t.Errorf("%s is there twice", s.Name)
		}
		seen[s.Flag], seen[s.Variable] = true, true
		if secret := strings.Contains(field.Type.String(), "Secret"); s.Secret != secret {
			t.Errorf("%s is secret: %v", s.Name, s.Secret)
		}
		if s.Enum != "" && !slices.Contains(strings.Split(s.Enum, ","), s.Default) {
			t.Errorf("%s: %q is not one of %s", s.Name, s.Default, s.Enum)
		}
		if flag, values := s.Only(); flag != "" {
			for _, value := range values {
				if !slices.Contains(strings.Split(byFlag(t, flag).Enum, ","), value) {
					t.Errorf("%s has an effect with --%s %s only, which there is not", s.Name, flag, value)
				}
			}
		}
		least, most := s.Borders()
		for _, number := range []string{least, most} {
			if field.Type == reflect.TypeFor[time.Duration]() && number != "" {
				if _, err := time.ParseDuration(number); err != nil {
					t.Errorf("%s: %v", s.Name, err)
				}
			}
		}
	}
}

func TestVariablesGoByTheirFlags(t *testing.T) {
	for flag, want := range map[string]string{
		"listen": "GATEWAY_LISTEN", "oidc-backchannel-url": "OIDC_BACKCHANNEL_URL", "clerk-timeout": "CLERK_TIMEOUT", "clerk-url": "CLERK_API_URL",
	} {
		if got := byFlag(t, flag).Variable; got != want {
			t.Errorf("--%s has the variable %s, want %s", flag, got, want)
		}
	}
}

// A setting that has an effect with some other setting only is named where that is otherwise,
// unless it is as by default.
func TestSettingsWithoutEffectAreNamedWhateverTheyAre(t *testing.T) {
	for i, s := range config.Settings() {
		flag, values := s.Only()
		if flag == "" {
			continue
		}
		c := valid()
		if slices.Contains(values, "none") || flag == "clerk-credential" {
			signsIn(&c)
			c.ClerkCredential, c.ClerkAPIKey, c.AllowAnyUser = "linked", "", false
		}
		switch v := reflect.ValueOf(&c).Elem().Field(i); v.Kind() {
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			v.Index(0).SetString("other")
		case reflect.String:
			v.SetString("other")
		default:
			v.SetInt(v.Int() + 1)
		}
		want := s.Name + ": has no effect; it needs --" + flag + " " + strings.Join(values, " or ")
		if w := c.Warnings(); !slices.Equal(w, []string{want}) {
			t.Errorf("%q, want %q", w, want)
		}
	}
}
