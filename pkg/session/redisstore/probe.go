package redisstore

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

// This file is for operators who ask whether Redis answers (gateway check --connect). It changes
// nothing but one key of its own, which is gone after seconds.

// CheckReach asks every master whether it is there. Errors are [*Error].
func (s *Store) CheckReach(ctx context.Context) error {
	return s.read(ctx, func(ctx context.Context, _ redis.UniversalClient) error {
		masters, err := s.masters(ctx)
		if err != nil {
			return err
		}
		for _, master := range masters {
			if err := master.Ping(ctx).Err(); err != nil {
				return err
			}
		}
		return nil
	})
}

// CheckWrites tells whether Redis takes writes and runs scripts, which the gateway changes records
// with: by a key that nothing else uses. In a cluster it is the master of that key that is asked.
// Errors are [*Error].
func (s *Store) CheckWrites(ctx context.Context) error {
	value := rand.Text()
	return s.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		if err := c.Set(ctx, checkKey, value, probeTTL).Err(); err != nil {
			return err
		}
		// Another check at the same moment may have replaced the value: that is an answer too.
		return replace.Run(ctx, c, []string{checkKey}, value, value, probeTTL.Milliseconds()).Err()
	})
}

// Target is a URL of [Forms] without user, password and parameters that may hold one. It is "redis"
// for what is not such a URL.
func Target(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || !strings.HasPrefix(u.Scheme, "redis") && u.Scheme != "unix" {
		return "redis"
	}
	shown, params := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}, url.Values{}
	for _, name := range []string{"addr", "master_name", "db"} {
		for _, value := range u.Query()[name] {
			params.Add(name, value[strings.LastIndexByte(value, '@')+1:])
		}
	}
	shown.RawQuery = params.Encode()
	return shown.String()
}
