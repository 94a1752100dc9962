package redisstore

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Forms is what a URL may be, for help texts.
const Forms = "redis://[user:password@]host[:port][/database], rediss:// for TLS, unix:///path/to/socket[?db=n], " +
	"redis+sentinel://host[:port][/database]?master_name=name[&addr=host2:port], " +
	"redis+cluster://host[:port][?addr=host2:port]; rediss+sentinel:// and rediss+cluster:// for TLS"

// ErrURL is matched by the errors of ParseURL and Open.
var ErrURL = errors.New("redis URL")

// target is the options of exactly one kind of client.
type target struct {
	single   *redis.Options
	sentinel *redis.FailoverOptions
	cluster  *redis.ClusterOptions
}

// ParseURL tells whether a URL is one of [Forms], without connecting. Parameters are those of
// go-redis, such as dial_timeout=2s or pool_size=64; what is not set there has our defaults. Under
// Sentinel, user and password are the sentinels', and the parameters username and password are
// Redis'. An error never quotes the URL, which may hold a password.
func ParseURL(raw string) error {
	_, err := parse(raw)
	return err
}

func parse(raw string) (*target, error) {
	if raw == "" {
		return nil, fmt.Errorf("%w: it is empty; give one of %s", ErrURL, Forms)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be read; in user and password write characters such as / ? # @ : %% with "+
			"percent signs (%%2F for /); give one of %s", ErrURL, Forms)
	}
	if u.Fragment != "" {
		return nil, fmt.Errorf("%w: it has a part after #; in a password write %%23 for #", ErrURL)
	}
	var t target
	kind := u.Scheme
	u.Scheme = strings.TrimSuffix(strings.TrimSuffix(u.Scheme, "+sentinel"), "+cluster")
	switch kind {
	case "redis", "rediss":
		t.single, err = redis.ParseURL(u.String())
	case "unix":
		if u.Host != "" {
			return nil, fmt.Errorf("%w: a socket needs three slashes: unix:///path/to/socket", ErrURL)
		}
		t.single, err = redis.ParseURL(raw)
	case "redis+sentinel", "rediss+sentinel":
		if !u.Query().Has("master_name") {
			return nil, fmt.Errorf("%w: Sentinel needs the name of the master; add ?master_name=mymaster", ErrURL)
		}
		if u.Port() == "" {
			u.Host += ":26379"
		}
		t.sentinel, err = redis.ParseFailoverURL(u.String())
	case "redis+cluster", "rediss+cluster":
		if strings.Trim(u.Path, "/") != "" {
			return nil, fmt.Errorf("%w: a cluster has one database only; remove the path", ErrURL)
		}
		t.cluster, err = redis.ParseClusterURL(u.String())
	default:
		return nil, fmt.Errorf("%w: it begins with none of the schemes; give one of %s", ErrURL, Forms)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: its path is not a database number or a parameter is unknown or malformed; give one of %s, "+
			"with parameters of go-redis such as dial_timeout=2s or pool_size=64", ErrURL, Forms)
	}
	if err := t.tune(); err != nil {
		return nil, err
	}
	return &t, nil
}

// poolSize is how many connections there may be to a server.
func (t *target) poolSize() int {
	switch {
	case t.cluster != nil:
		return t.cluster.PoolSize
	case t.sentinel != nil:
		return t.sentinel.PoolSize
	}
	return t.single.PoolSize
}

func (t *target) tune() error {
	switch {
	case t.cluster != nil:
		if t.cluster.ReadOnly || t.cluster.RouteByLatency || t.cluster.RouteRandomly {
			return fmt.Errorf("%w: reading from replicas would bring ended sessions back; remove read_only, "+
				"route_by_latency and route_randomly", ErrURL)
		}
		tune(clusterTuning(t.cluster))
	case t.sentinel != nil:
		if t.sentinel.ReplicaOnly || t.sentinel.RouteByLatency || t.sentinel.RouteRandomly {
			return fmt.Errorf("%w: replicas take no writes; remove replica_only, route_by_latency and route_randomly", ErrURL)
		}
		tune(sentinelTuning(t.sentinel))
	default:
		tune(singleTuning(t.single))
	}
	return nil
}
