package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Documents keeps a bounded number of values that people brought here, such as the metadata
// documents of clients. One script keeps a value and makes room for it, so the bound holds however
// many replicas keep something at once.
//
// Of too many, one goes of the owner who brought the most, and of those the one that was kept
// longest ago: whoever brings many pushes out their own. What several owners brought goes last.
// Names are letters, digits, "-" and "_".
type Documents struct {
	store *Store
	max   int
}

// keepDocument has the index (name: end in milliseconds and owner, "" for several) and the values.
// Arguments are name, value, owner, life in milliseconds and the maximum.
var keepDocument = redis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local name, owner, max = ARGV[1], ARGV[3], tonumber(ARGV[5])
local entries, brought = {}, {[owner] = 1}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local ends, by = string.match(all[i+1], '^(%d+) (.*)$')
  ends = tonumber(ends)
  if all[i] == name then
    if ends and ends > now and by ~= owner then owner = '' end
  elseif not ends or ends <= now then
    redis.call('HDEL', KEYS[1], all[i])
    redis.call('HDEL', KEYS[2], all[i])
  else
    brought[by] = (brought[by] or 0) + 1
    table.insert(entries, {name = all[i], ends = ends, by = by})
  end
end
local function weight(e) return e.by == '' and 0 or brought[e.by] end
while #entries >= max do
  local worst = 1
  for i, e in ipairs(entries) do
    local w, most = weight(e), weight(entries[worst])
    if w > most or w == most and e.ends < entries[worst].ends then worst = i end
  end
  local e = table.remove(entries, worst)
  brought[e.by] = brought[e.by] - 1
  redis.call('HDEL', KEYS[1], e.name)
  redis.call('HDEL', KEYS[2], e.name)
end
redis.call('HSET', KEYS[1], name, string.format('%.0f', now + tonumber(ARGV[4])) .. ' ' .. owner)
redis.call('HSET', KEYS[2], name, ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return #entries + 1`)

// dropDocument has the same keys; the argument is a name.
var dropDocument = redis.NewScript(`
redis.call('HDEL', KEYS[1], ARGV[1])
return redis.call('HDEL', KEYS[2], ARGV[1])`)

// Get gives the value of a name, and whether there is one. A value may be given that is older than
// its life, as long as a younger one is kept: whoever reads it has to look.
func (d *Documents) Get(ctx context.Context, name string) (value []byte, found bool, err error) {
	err = d.store.read(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		value, err = c.HGet(ctx, documentValues, name).Bytes()
		return err
	})
	return value, err == nil && value != nil, err
}

// Keep keeps a value for a life, which must be the same for all, instead of what was kept under its
// name.
func (d *Documents) Keep(ctx context.Context, name, owner string, value []byte, life time.Duration) error {
	return d.store.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return keepDocument.Run(ctx, c, documentKeys(), name, value, owner, atLeastOne(life).Milliseconds(), d.max).Err()
	})
}

// Drop forgets a name, and tells whether something was kept under it.
func (d *Documents) Drop(ctx context.Context, name string) (dropped bool, err error) {
	err = d.store.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		n, err := dropDocument.Run(ctx, c, documentKeys(), name).Int()
		dropped = n == 1
		return err
	})
	return dropped, err
}
