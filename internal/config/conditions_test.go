package config_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

type edit = func(*config.Config)

// takesTokens has an issuer of its own for tokens.
func takesTokens(c *config.Config) {
	c.Auth, c.AllowAnyUser, c.TokenIssuers = "external", true, []string{"https://a"}
}

// exchanges gets a token for the REST API for that of the person.
func exchanges(c *config.Config) {
	c.ClerkCredential, c.ClerkAPIKey, c.ExchangeAudience, c.AllowAnyUser = "exchange", "", "clerk", false
}

func all(edits ...edit) edit {
	return func(c *config.Config) {
		for _, e := range edits {
			e(c)
		}
	}
}

const easy = config.Secret("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")

// combinations has each condition with a smallest configuration that it is about and, mended, the
// nearest one that it is not. What is mended may be warned of.
var combinations = []struct {
	setting, says string
	broken, mend  edit
}{
	{setting.AdminListen, "is a public address", func(c *config.Config) { c.AdminListen = "8.8.8.8:9090" },
		func(c *config.Config) { c.AdminListen = "10.0.0.1:9090" }},
	{setting.AdminListen, "the same address", func(c *config.Config) { c.AdminListen = c.Listen },
		func(c *config.Config) { c.Listen, c.AdminListen = "127.0.0.1:0", "127.0.0.1:0" }},
	{setting.PublicURL, "required with --auth oauth on :80", all(signsIn, func(c *config.Config) { c.Listen = ":80" }),
		func(c *config.Config) { c.PublicURL = "https://a.example" }},
	{setting.PublicURL, "required with --auth external on :80", all(takesTokens, func(c *config.Config) { c.Listen = ":80" }),
		func(c *config.Config) { c.PublicURL = "https://a.example" }},
	{setting.PublicURL, "must be https with --auth oauth", all(signsIn, func(c *config.Config) { c.PublicURL = "http://a.example" }),
		func(c *config.Config) { c.PublicURL = "http://127.0.0.1" }},
	{setting.PublicURL, "must be https with --auth external", all(takesTokens, func(c *config.Config) { c.PublicURL = "http://10.0.0.1" }),
		func(c *config.Config) { c.PublicURL = "http://[::1]" }},
	{setting.Secrets, "is published or easy to guess, so that", func(c *config.Config) { c.Secrets = append(c.Secrets, easy) },
		func(c *config.Config) { c.ClerkURL = "http://127.0.0.1" }},
	{setting.RedisTimeout, "less than --call-budget", func(c *config.Config) { c.RedisTimeout = c.CallBudget },
		func(c *config.Config) { c.RedisTimeout-- }},
	{setting.Auth, "none on :80 would let everybody", func(c *config.Config) { c.Listen = ":80" },
		func(c *config.Config) { c.InsecureNoAuth = true }},
	{setting.AllowSignin, "keeps nobody out with --auth none", func(c *config.Config) { c.AllowSignin = []string{"hd=a.example"} },
		func(c *config.Config) { c.AllowSignin = nil }},
	{setting.AllowSignin, "or --allow-any-user is required", all(signsIn, func(c *config.Config) { c.AllowAnyUser = false }),
		func(c *config.Config) { c.AllowSignin = []string{"hd=a.example"} }},
	{setting.AllowAnyUser, "contradicts --allow-signin", all(takesTokens, func(c *config.Config) { c.AllowSignin = []string{"hd=a.example"} }),
		func(c *config.Config) { c.AllowAnyUser = false }},
	{setting.DenySignin, "keeps nobody out with --auth none", func(c *config.Config) { c.DenySignin = []string{"hd=a.example"} }, signsIn},
	{setting.GrantMaxAge, "longer than --recheck", all(signsIn, func(c *config.Config) { c.GrantMaxAge = c.Recheck }),
		func(c *config.Config) { c.GrantMaxAge++ }},
	{setting.OIDCClientAuth, "client_secret_basic needs a secret", all(signsIn, func(c *config.Config) { c.OIDCClientAuth = "client_secret_basic" }),
		func(c *config.Config) { c.OIDCClientSecret = "pa55" }},
	{setting.OIDCClientAuth, "is none, so that", all(signsIn, func(c *config.Config) { c.OIDCClientAuth, c.OIDCClientSecret = "none", "pa55" }),
		func(c *config.Config) { c.OIDCClientSecret = "" }},
	{setting.OIDCBackchannel, "would travel in the clear", all(signsIn, func(c *config.Config) { c.OIDCBackchannel = "http://login.example.com" }),
		func(c *config.Config) { c.OIDCBackchannel = "https://login.example.com" }},
	{setting.WorkloadIssuers, "a workload is not a person", all(signsIn, func(c *config.Config) {
		c.WorkloadIssuers, c.ClerkCredential, c.ClerkAPIKey, c.AllowAnyUser = "file", "linked", "", false
	}), func(c *config.Config) { c.ClerkCredential, c.ClerkAPIKey, c.AllowAnyUser = "api-key", "key", true }},
	{setting.IdentityAssertionIssuers, "needs --clerk-credential api-key or linked: with login", all(signsIn, func(c *config.Config) {
		c.IdentityAssertionIssuers, c.ClerkCredential, c.ClerkAPIKey, c.AllowAnyUser = []string{"https://a"}, "login", "", false
	}), func(c *config.Config) { c.ClerkCredential = "linked" }},
	{setting.ClientDocumentHosts, "has no effect with --client-documents off", all(signsIn, func(c *config.Config) {
		c.ClientDocuments, c.ClientDocumentHosts = "off", []string{"a.example"}
	}), func(c *config.Config) { c.ClientDocuments = "on" }},
	{setting.RefreshGrace, "at most half of --access-token-life", all(signsIn, func(c *config.Config) { c.RefreshGrace = c.AccessTokenLife/2 + 1 }),
		func(c *config.Config) { c.RefreshGrace-- }},
	{setting.RegistrationSecrets, "is published or easy to guess, so that", func(c *config.Config) { c.RegistrationSecrets = []config.Secret{easy} },
		func(c *config.Config) { c.RegistrationSecrets = c.Secrets }},
	{setting.ClerkURL, "is not the sandbox", signedInAtSandbox, func(c *config.Config) { c.ClerkURL = "http://127.0.0.1:8081" }},
	{setting.ClerkURL, "would travel in the clear", func(c *config.Config) { c.ClerkURL = "http://a.example" },
		func(c *config.Config) { c.ClerkURL = "https://a.example" }},
	{setting.ClerkCredential, "linked needs --auth oauth", func(c *config.Config) { c.ClerkCredential, c.ClerkAPIKey = "linked", "" },
		all(signsIn, func(c *config.Config) { c.AllowAnyUser = false })},
	{setting.ClerkCredential, "login needs --auth oauth", func(c *config.Config) { c.ClerkCredential, c.ClerkAPIKey = "login", "" },
		all(signsIn, func(c *config.Config) { c.AllowAnyUser = false })},
	{setting.ClerkCredential, "exchange needs --auth oauth or external", exchanges, all(signsIn, exchanges)},
	{setting.SettleTime, "less than --call-budget", func(c *config.Config) { c.SettleTime = c.CallBudget },
		func(c *config.Config) { c.SettleTime-- }},
	{setting.ExchangeAudience, "or --exchange-resource is required", all(signsIn, exchanges, func(c *config.Config) { c.ExchangeAudience = "" }),
		func(c *config.Config) { c.ExchangeResource = "https://a" }},
	{setting.ExchangeClientID, "is required with --auth external", all(takesTokens, exchanges),
		func(c *config.Config) { c.ExchangeClientID = "gateway" }},
	{setting.ExchangeClientID, "is missing", all(signsIn, exchanges, func(c *config.Config) { c.ExchangeClientSecret = "pa55" }),
		func(c *config.Config) { c.ExchangeClientID = "gateway" }},
	{setting.MaxInFlightPerCaller, "at most --max-in-flight", func(c *config.Config) { c.MaxInFlight, c.MaxInFlightPerCaller = 2, 3 },
		func(c *config.Config) { c.MaxInFlight = 0 }},

	{setting.AdminListen, "is reached by other machines", func(c *config.Config) { c.AdminListen = ":9090" },
		func(c *config.Config) { c.AdminListen = "localhost:9090" }},
	{setting.PublicURL, "can read texts, and change", func(c *config.Config) { c.PublicURL = "http://a.example" },
		func(c *config.Config) { c.PublicURL = "http://localhost" }},
	{setting.AllowedOrigins, "with --auth none lets every page", func(c *config.Config) { c.AllowedOrigins = []string{"https://a"} }, signsIn},
	{setting.Secrets, "good for a simulated", func(c *config.Config) { c.Secrets, c.ClerkURL = []config.Secret{easy}, "http://127.0.0.1" },
		func(c *config.Config) { c.Secrets = []config.Secret{secret} }},
	{setting.RedisURL, "has no TLS and a public host", func(c *config.Config) { c.RedisURL = "redis://:pa55@a.example" },
		func(c *config.Config) { c.RedisURL = "rediss://:pa55@a.example" }},
	{setting.InsecureNoAuth, "lets everybody who reaches :80", func(c *config.Config) { c.Listen, c.InsecureNoAuth = ":80", true },
		func(c *config.Config) { c.ClerkURL = "http://127.0.0.1" }},
	{setting.OIDCBackchannel, "shares the network", all(signsIn, func(c *config.Config) { c.OIDCBackchannel = "http://keycloak:8080" }),
		func(c *config.Config) { c.OIDCBackchannel = "http://127.0.0.1:8080" }},
	{setting.RegistrationSecrets, "good for a simulated", all(signsIn, func(c *config.Config) {
		c.RegistrationSecrets, c.ClerkURL = []config.Secret{easy}, "http://127.0.0.1"
	}), func(c *config.Config) { c.RegistrationSecrets = nil }},
	{setting.RegistrationSecrets, "has no effect; it needs --auth oauth", func(c *config.Config) { c.RegistrationSecrets = []config.Secret{secret} }, signsIn},
	{setting.ClerkURL, "can read keys and texts", func(c *config.Config) { c.ClerkURL = "http://clerk:8080" },
		func(c *config.Config) { c.ClerkURL = "http://[::1]:8080" }},
	{setting.OnStoreOutage, "is send", func(c *config.Config) { c.OnStoreOutage = "send" }, func(c *config.Config) { c.OnStoreOutage = "refuse" }},
	{setting.OnStoreLoss, "is send", func(c *config.Config) { c.OnStoreLoss = "send" }, func(c *config.Config) { c.OnStoreLoss = "refuse" }},
	{setting.ResendAbsent, "breaks the promise", func(c *config.Config) { c.ResendAbsent = true }, func(c *config.Config) { c.ResendAbsent = false }},
	{setting.LimitOAuth, "is 0", all(signsIn, func(c *config.Config) { c.PublicURL = "https://a.example" }),
		func(c *config.Config) { c.LimitOAuth = 1 }},
}

// said are the problems of a configuration, or else its warnings.
func said(c *config.Config) []string {
	if p := c.Problems(); len(p) > 0 {
		return p
	}
	return c.Warnings()
}

func TestEachConditionHoldsUpToItsBorder(t *testing.T) {
	seen := map[string]bool{}
	for _, tt := range combinations {
		t.Run(tt.setting+" "+tt.says, func(t *testing.T) {
			c := valid()
			tt.broken(&c)
			got := said(&c)
			if len(got) != 1 || !strings.HasPrefix(got[0], tt.setting+": ") || !strings.Contains(got[0], tt.says) {
				t.Fatalf("%q, want %s and %q", got, tt.setting, tt.says)
			}
			if strings.Contains(got[0], "pa55") {
				t.Errorf("%q quotes a secret", got[0])
			}
			for _, form := range config.Said() {
				if regexp.MustCompile(form).MatchString(got[0]) {
					seen[form] = true
				}
			}
			tt.mend(&c)
			if p := c.Problems(); len(p) > 0 || strings.Contains(strings.Join(c.Warnings(), "\n"), tt.says) {
				t.Errorf("mended: %q %q", p, c.Warnings())
			}
		})
	}
	for _, form := range config.Said() {
		if !seen[form] {
			t.Errorf("no configuration is about %s", form)
		}
	}
}

// borders are the last numbers that are refused, and the first that are taken.
var borders = []struct {
	setting        string
	refused, taken int64
}{
	{setting.MaxBody, 1023, 1024},
	{setting.RedisTimeout, -1, 0},
	{setting.SessionMaxAge, int64(time.Minute) - 1, int64(time.Minute)},
	{setting.SessionIdle, int64(2*time.Minute) - 1, int64(2 * time.Minute)},
	{setting.Recheck, int64(time.Minute) - 1, int64(time.Minute)},
	{setting.AccessTokenLife, int64(10*time.Minute) - 1, int64(20 * time.Minute)},
	{setting.AccessTokenLife, int64(24*time.Hour) + 1, int64(24 * time.Hour)},
	{setting.RefreshGrace, int64(time.Second) - 1, int64(time.Second)},
	{setting.ClerkTimeout, int64(time.Second) - 1, int64(time.Second)},
	{setting.CallBudget, int64(time.Second) - 1, int64(time.Second)},
	{setting.SettleTime, int64(time.Millisecond) - 1, int64(time.Millisecond)},
	{setting.BatchSize, 0, 1},
	{setting.BatchSize, 1001, 1000},
	{setting.MaxInFlight, -1, 0},
	{setting.MaxInFlightPerCaller, -1, 0},
	{setting.MaxBatch, 0, 1},
	{setting.MaxAnswer, 1<<20 - 1, 1 << 20},
	{setting.WriteTimeout, int64(time.Second) - 1, int64(time.Second)},
	{setting.BodyTimeout, int64(time.Second) - 1, int64(time.Second)},
	{setting.LimitCalls, -1, 0},
	{setting.LimitMessages, -1, 0},
	{setting.LimitOAuth, -1, 0},
	{setting.MaxContacts, 0, 1},
	{setting.MaxContacts, 100_001, 100_000},
	{setting.MaxRecipients, -1, 0},
	{setting.DrainDelay, -1, 0},
	{setting.ShutdownTimeout, int64(time.Millisecond) - 1, int64(time.Millisecond)},
}

func TestEachBorderOfANumber(t *testing.T) {
	tested := map[string]int{}
	for _, tt := range borders {
		tested[tt.setting]++
		for _, s := range config.Settings() {
			if s.Name != tt.setting {
				continue
			}
			c := valid()
			if flag, _ := s.Only(); flag != "" {
				signsIn(&c)
			}
			s.Of(&c).SetInt(tt.refused)
			if p := c.Problems(); len(p) != 1 || !strings.HasPrefix(p[0], s.Name+": is ") || !strings.Contains(p[0], "; set ") {
				t.Errorf("%s %d: %q", s.Name, tt.refused, p)
			}
			s.Of(&c).SetInt(tt.taken)
			if p := c.Problems(); len(p) > 0 {
				t.Errorf("%s %d: %q", s.Name, tt.taken, p)
			}
		}
	}
	for _, s := range config.Settings() {
		want := 0
		for _, border := range func(least, most string) []string { return []string{least, most} }(s.Borders()) {
			if border != "" {
				want++
			}
		}
		if tested[s.Name] != want {
			t.Errorf("%s has %d borders, of which %d are tested", s.Name, want, tested[s.Name])
		}
	}
}
