package web

import (
	"fmt"
	"strings"
	"testing"
)

func TestProxiesThatAreEverybodyAreRefused(t *testing.T) {
	every := func(bits int) (all []string) {
		for i := range 1 << bits {
			all = append(all, fmt.Sprintf("%d.0.0.0/%d", i<<(8-bits), bits))
		}
		return all
	}
	for name, trusted := range map[string][]string{
		"one network":             {"0.0.0.0/0"},
		"two halves":              {"0.0.0.0/1", "128.0.0.0/1"},
		"four quarters":           every(2),
		"all parts of eight bits": every(8),
		"most of it":              {"1.0.0.0/8", "2.0.0.0/8"},
		"half of it":              {"0.0.0.0/1"},
		"half of it, twice":       {"128.0.0.0/1", "128.0.0.0/2"},
		"IPv6 in one":             {"::/0"},
		"IPv6 in halves":          {"::/1", "8000::/1"},
		"public IPv6":             {"2000::/3"},
		"a quarter of it":         {"2000::/5"},
		"private beside public":   {"10.0.0.0/8", "0.0.0.0/1"},
		"a network that hides":    {"8.0.0.0/7"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewProxies(trusted); err == nil || !strings.Contains(err.Error(), "call itself what it likes") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestLargeNetworksOfProxiesAreDoubted(t *testing.T) {
	cloudflare := strings.Fields("173.245.48.0/20 103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 141.101.64.0/18 108.162.192.0/18 " +
		"190.93.240.0/20 188.114.96.0/20 197.234.240.0/22 198.41.128.0/17 162.158.0.0/15 104.16.0.0/13 104.24.0.0/14 172.64.0.0/13 " +
		"131.0.72.0/22 2400:cb00::/32 2606:4700::/32 2803:f800::/32 2405:b500::/32 2405:8100::/32 2a06:98c0::/29 2c0f:f248::/32")
	for name, tt := range map[string]struct {
		trusted []string
		doubted bool
	}{
		"nobody":                   {nil, false},
		"one machine":              {[]string{"8.8.8.8", "2001:db8::1"}, false},
		"all of one's own":         {[]string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.1", "fc00::/7", "::1", "fe80::/10"}, false},
		"a content network":        {cloudflare, false},
		"a /8 of the internet":     {[]string{"8.0.0.0/8"}, true},
		"a /8 in parts":            {[]string{"8.0.0.0/9", "8.128.0.0/9"}, true},
		"a /10 of the internet":    {[]string{"8.0.0.0/10"}, true},
		"much of IPv6":             {[]string{"2600::/16"}, true},
		"one's own, overlapping":   {[]string{"10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/16"}, false},
		"public within its larger": {[]string{"8.0.0.0/12", "8.0.0.0/13", "8.0.0.0/12"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := NewProxies(tt.trusted)
			if err != nil {
				t.Fatal(err)
			}
			if doubt := p.Doubt(); (doubt != "") != tt.doubted {
				t.Errorf("doubt: %q", doubt)
			}
		})
	}
}
