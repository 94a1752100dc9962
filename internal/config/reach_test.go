package config

import "testing"

func TestHowFarAwayAHostIs(t *testing.T) {
	for want, hosts := range map[reach][]string{
		here: {"localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1", "0.0.0.0", "::"},
		nearby: {
			"redis", "sandbox", "gateway-1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1", "fd00::1", "fe80::1%eth0",
			"::ffff:10.0.0.1", "clerk.default.svc", "clerk.default.svc.cluster.local", "host.docker.internal", "nas.home.arpa", "a.lan", "a.test",
			"clerk.service.consul", "box.localdomain",
		},
		faraway: {
			"", "example.com", "8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "134744072", "0x8080808", "127.1", "0177.0.0.1", "8.8",
			"localhost.example.com", "10.0.0.1.example.com", "172.32.0.1", "100.128.0.1", "svc.example",
		},
	} {
		for _, host := range hosts {
			if got := reachOf(host); got != want {
				t.Errorf("%q is %d away, want %d", host, got, want)
			}
		}
	}
}

func TestRedisInTheClear(t *testing.T) {
	for url, want := range map[string]bool{
		"redis://:pw@redis.example.com:6379/0":                 true,
		"redis://redis.example.com":                            true,
		"redis+cluster://u:p@10.0.0.1:1,r.example.com:2":       true,
		"redis+sentinel://:p@8.8.8.8:26379/mymaster":           true,
		"redis://:pa@ss@r.example.com/0?x=@localhost":          true,
		"redis://[2001:4860:4860::8888]:6379":                  true,
		"rediss://:pw@redis.example.com:6379/0":                false,
		"rediss+cluster://r.example.com:2":                     false,
		"redis://redis:6379/0":                                 false,
		"redis://:pw@127.0.0.1:6379":                           false,
		"redis://[::1]:6379":                                   false,
		"unix:///run/redis.sock":                               false,
		"redis+sentinel://:p@sentinel-1:1,sentinel-2:1/master": false,
		"": false,
	} {
		if got := redisInTheClear(url); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}
