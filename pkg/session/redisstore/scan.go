package redisstore

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// scanCount is about how many keys Redis looks at in one step, which takes it well under a
	// millisecond.
	scanCount = 500
	// scanTimeout bounds one step. Operators wait, requests do not.
	scanTimeout = 5 * time.Second
)

// Record is a name and its value.
type Record = struct {
	Name  string
	Value []byte
}

// Scan gives all that is under names with a prefix, in no order, from every master of a cluster.
// What is added or removed meanwhile may be given or not, and a name may be given twice. After an
// error there is nothing more. Unlike the other methods it is not bounded by Options.Timeout, and
// it ends when ctx does.
func (b *Keyspace) Scan(ctx context.Context, namePrefix string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		masters, err := b.store.masters(ctx)
		if err != nil {
			yield(Record{}, asError(err))
			return
		}
		for _, master := range masters {
			if !b.scanOne(ctx, master, namePrefix, yield) {
				return
			}
		}
	}
}

func (b *Keyspace) scanOne(ctx context.Context, c redis.Cmdable, prefix string, yield func(Record, error) bool) bool {
	for cursor := uint64(0); ; {
		records, next, err := b.scanStep(ctx, c, cursor, prefix)
		if err != nil {
			yield(Record{}, asError(err))
			return false
		}
		for _, r := range records {
			if !yield(r, nil) {
				return false
			}
		}
		if next == 0 {
			return true
		}
		cursor = next
	}
}

func (b *Keyspace) scanStep(ctx context.Context, c redis.Cmdable, cursor uint64, prefix string) ([]Record, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, scanTimeout)
	defer cancel()
	keys, next, err := c.Scan(ctx, cursor, escapeGlob(b.key(prefix))+"*", scanCount).Result()
	if err != nil || len(keys) == 0 {
		return nil, next, err
	}
	values, err := b.values(ctx, c, keys)
	if err != nil {
		return nil, 0, err
	}
	records := make([]Record, 0, len(keys))
	for i, key := range keys {
		if values[i] != nil { // else it expired since
			records = append(records, Record{Name: strings.TrimPrefix(key, b.prefix), Value: values[i]})
		}
	}
	return records, next, nil
}

// values gives the values of keys, nil for those that are gone: with one MGET, or in a cluster,
// which refuses that for keys of several slots, with a GET each.
func (b *Keyspace) values(ctx context.Context, c redis.Cmdable, keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	if _, ok := b.store.client.(*redis.ClusterClient); !ok {
		found, err := c.MGet(ctx, keys...).Result()
		for i, v := range found {
			if text, ok := v.(string); ok {
				values[i] = []byte(text)
			}
		}
		return values, err
	}
	gets, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, key := range keys {
			p.Get(ctx, key)
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	for i, get := range gets {
		if values[i], err = get.(*redis.StringCmd).Bytes(); err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
	}
	return values, nil
}

// masters gives a client for each server that keeps a part of the keys.
func (s *Store) masters(ctx context.Context) ([]redis.Cmdable, error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return []redis.Cmdable{s.client}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, scanTimeout)
	defer cancel()
	var mu sync.Mutex
	var masters []redis.Cmdable
	err := cluster.ForEachMaster(ctx, func(_ context.Context, master *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters = append(masters, master)
		return nil
	})
	return masters, err
}

var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

func escapeGlob(s string) string { return globEscaper.Replace(s) }
