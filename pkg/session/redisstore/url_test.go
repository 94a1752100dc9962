package redisstore

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestURLsOfEveryForm(t *testing.T) {
	type summary struct {
		Kind     string
		Addrs    []string
		DB       int
		Password string
		TLS      bool
		Master   string
	}
	for raw, want := range map[string]summary{
		"redis://h":                        {Kind: "single", Addrs: []string{"h:6379"}},
		"rediss://u:p%2Fw@h:1/3":           {Kind: "single", Addrs: []string{"h:1"}, DB: 3, Password: "p/w", TLS: true},
		"redis://[::1]:7/2":                {Kind: "single", Addrs: []string{"[::1]:7"}, DB: 2},
		"unix:///run/redis.sock?db=2":      {Kind: "single", Addrs: []string{"/run/redis.sock"}, DB: 2},
		"redis+cluster://:p@h?addr=h2:7":   {Kind: "cluster", Addrs: []string{"h:6379", "h2:7"}, Password: "p"},
		"rediss+cluster://h":               {Kind: "cluster", Addrs: []string{"h:6379"}, TLS: true},
		"redis+sentinel://h?master_name=m": {Kind: "sentinel", Addrs: []string{"h:26379"}, Master: "m"},
		"rediss+sentinel://h:5/1?master_name=m&addr=h2:7&password=p": {
			Kind: "sentinel", Addrs: []string{"h:5", "h2:7"}, DB: 1, Master: "m", Password: "p", TLS: true,
		},
	} {
		target, err := parse(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		var got summary
		switch {
		case target.single != nil:
			o := target.single
			got = summary{Kind: "single", Addrs: []string{o.Addr}, DB: o.DB, Password: o.Password, TLS: o.TLSConfig != nil}
		case target.cluster != nil:
			o := target.cluster
			got = summary{Kind: "cluster", Addrs: o.Addrs, Password: o.Password, TLS: o.TLSConfig != nil}
		case target.sentinel != nil:
			o := target.sentinel
			got = summary{Kind: "sentinel", Addrs: o.SentinelAddrs, DB: o.DB, Password: o.Password, TLS: o.TLSConfig != nil,
				Master: o.MasterName}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
	}
}

func TestBadURLsAreRefusedWithoutQuotingThem(t *testing.T) {
	for raw, want := range map[string]string{
		"":                                 "empty",
		"hunter2":                          "schemes",
		"http://:hunter2@h":                "schemes",
		"redis+other://:hunter2@h":         "schemes",
		"redis://:hunter2/x@h":             "percent signs",
		"redis://:hunter2%@h":              "percent signs",
		"redis://:hunter2#x@h":             "percent signs",
		"redis://h/1#hunter2":              "%23 for #",
		"redis://h:1?hunter2@h":            "parameter is unknown",
		"redis://h?password=hunter2":       "parameter is unknown",
		"redis://h/hunter2":                "database number",
		"redis://h?dial_timeout=hunter2":   "malformed",
		"unix://hunter2@path/to":           "three slashes",
		"redis+sentinel://:hunter2@h":      "master_name",
		"redis+cluster://:hunter2@h/1":     "one database only",
		"redis+cluster://h?read_only=true": "read_only",
		"redis+cluster://h?addr=hunter2":   "malformed",
		"redis+sentinel://h?master_name=m&replica_only=true": "replica_only",
	} {
		err := ParseURL(raw)
		if !errors.Is(err, ErrURL) {
			t.Errorf("%s: error %v, want ErrURL", raw, err)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %q lacks %q", raw, err, want)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %q quotes it", raw, err)
		}
	}
}

func TestAURLMaySetWhatWeLeaveOpenButNotWhatWeNeed(t *testing.T) {
	target, err := parse("redis://h?dial_timeout=7s&pool_size=5&max_retries=9")
	if err != nil {
		t.Fatal(err)
	}
	o := target.single
	if o.DialTimeout != 7*time.Second || o.PoolSize != 5 {
		t.Errorf("dial time-out %v and pool %d, want 7s and 5", o.DialTimeout, o.PoolSize)
	}
	if o.MaxRetries != -1 || o.DialerRetries != 1 || !o.ContextTimeoutEnabled {
		t.Error("it retries, or does not heed a call's deadline")
	}
	if o.ConnMaxIdleTime != 5*time.Minute {
		t.Errorf("idle time %v, want ours", o.ConnMaxIdleTime)
	}
}
