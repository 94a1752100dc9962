package redisstore

import (
	"crypto/tls"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// tuning is the part of the three option types that we have an opinion on.
type tuning struct {
	dialTimeout, readTimeout, writeTimeout, poolTimeout *time.Duration
	idleTime, lifetime, lifetimeJitter                  *time.Duration
	poolSize, concurrentDials, pipelinePool             *int
	dialerRetries, retries, readBuffer, writeBuffer     *int
	contextTimeout, noIdentity                          *bool
	tls                                                 *tls.Config
}

// tune sets what a URL left open, each with its reason, and what must not be otherwise.
func tune(t tuning) {
	// A call waits no longer than its context says, which is much less; a dial that takes longer
	// goes on beside it and its connection serves the next call. So these bound only what nobody
	// waits for: a dial into a black hole, and a step of an operator's scan.
	orElse(t.dialTimeout, 2*time.Second)
	orElse(t.readTimeout, 5*time.Second)
	orElse(t.writeTimeout, 5*time.Second)
	orElse(t.poolTimeout, 5*time.Second)
	// At a quarter of a millisecond for a call, 32 connections carry more than 100,000 calls a
	// second. Calls use three quarters of them at most, see queue.
	orElse(t.poolSize, 32)
	// After a restart of Redis all replicas come back at once: a few dials at a time.
	orElse(t.concurrentDials, 4)
	// Balancers and servers drop what idles for long; let us be first. Connections end after an
	// hour, some earlier, so that they spread again after a change of addresses.
	orElse(t.idleTime, 5*time.Minute)
	orElse(t.lifetime, time.Hour)
	orElse(t.lifetimeJitter, 10*time.Minute)
	// Values are small; the default of 64 KiB for each connection is not needed. A pool for
	// pipelines isn't either.
	orElse(t.readBuffer, 4<<10)
	orElse(t.writeBuffer, 4<<10)
	orElse(t.pipelinePool, -1)

	// Without these a call to a server that is down takes seconds, whatever its context says.
	// Repeating is the caller's.
	*t.retries, *t.dialerRetries, *t.contextTimeout = -1, 1, true
	*t.noIdentity = true
	if t.tls != nil && t.tls.MinVersion == 0 {
		t.tls.MinVersion = tls.VersionTLS12
	}
}

func orElse[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// noMaintenance keeps clients from asking for notifications that only the vendor's cloud has.
func noMaintenance() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func singleTuning(o *redis.Options) tuning {
	o.MaintNotificationsConfig = noMaintenance()
	return tuning{
		&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout,
		&o.ConnMaxIdleTime, &o.ConnMaxLifetime, &o.ConnMaxLifetimeJitter,
		&o.PoolSize, &o.MaxConcurrentDials, &o.PipelinePoolSize,
		&o.DialerRetries, &o.MaxRetries, &o.ReadBufferSize, &o.WriteBufferSize,
		&o.ContextTimeoutEnabled, &o.DisableIdentity, o.TLSConfig,
	}
}

func sentinelTuning(o *redis.FailoverOptions) tuning {
	return tuning{
		&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout,
		&o.ConnMaxIdleTime, &o.ConnMaxLifetime, &o.ConnMaxLifetimeJitter,
		&o.PoolSize, &o.MaxConcurrentDials, &o.PipelinePoolSize,
		&o.DialerRetries, &o.MaxRetries, &o.ReadBufferSize, &o.WriteBufferSize,
		&o.ContextTimeoutEnabled, &o.DisableIdentity, o.TLSConfig,
	}
}

func clusterTuning(o *redis.ClusterOptions) tuning {
	o.MaintNotificationsConfig = noMaintenance()
	return tuning{
		&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout,
		&o.ConnMaxIdleTime, &o.ConnMaxLifetime, &o.ConnMaxLifetimeJitter,
		&o.PoolSize, &o.MaxConcurrentDials, &o.PipelinePoolSize,
		&o.DialerRetries, &o.MaxRetries, &o.ReadBufferSize, &o.WriteBufferSize,
		&o.ContextTimeoutEnabled, &o.DisableIdentity, o.TLSConfig,
	}
}
