package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// The limiter: one Lua script counts what an owner takes of several quotas at once.

// Limits counts what owners take, and refuses what would be too much. Nothing that is refused
// counts.
//
// Within any period no more than the maximum is taken. What was taken is counted by steps of a
// hundredth of the period, and given free a whole period after the end of its step, so up to a
// hundredth late. The time is that of Redis, one for all replicas.
type Limits struct{ store *Store }

// Quota is something that an owner may take a certain amount of in any period.
type Quota struct {
	// Name tells the quotas of an owner apart; letters, digits, "-" and "_".
	Name string
	// Amount is how much to take, at least 1.
	Amount int
	// Max is how much may be taken in a Period, at least 1.
	Max    int
	Period time.Duration
}

// Taken is what came of a [Limits.Take].
type Taken struct {
	// Short is the place of the quota with too little room, of several the one that has none for
	// the longest; -1 if everything was taken.
	Short int
	// Room is how much of that quota can be taken at once.
	Room int
	// Wait is how long until there is room, if nobody takes it first; -1 if never, as the amount is
	// more than the maximum.
	Wait time.Duration
	// At is when it was taken, or refused.
	At time.Time
}

// limitSteps is how many steps a period has. A hash of so few fields is small in Redis and read at
// once.
const limitSteps = 100

// take has a hash for each quota: fields are numbers of steps, counted from the epoch. Arguments
// are amount, maximum and length of a step in milliseconds of each, and how many steps a period
// has. Nothing is written for a refusal. Steps of the future are there when the clock was set back,
// or after a fail-over to a server whose clock is behind: they become the present one, or they
// would count for as long as the clock was wrong.
var take = redis.NewScript(`
local steps = tonumber(ARGV[#ARGV])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(n) return string.format('%.0f', n) end
local short, room, wait, old = 0, 0, 0, {}
for i, key in ipairs(KEYS) do
  local amount, max, step = tonumber(ARGV[3*i-2]), tonumber(ARGV[3*i-1]), tonumber(ARGV[3*i])
  local current = math.floor(now / step)
  local used, counts = 0, {}
  old[i] = {}
  local all = redis.call('HGETALL', key)
  for j = 1, #all, 2 do
    local s, n = tonumber(all[j]), tonumber(all[j+1])
    if s < current - steps then
      table.insert(old[i], all[j])
    else
      if s > current then
        redis.call('HDEL', key, all[j])
        redis.call('HINCRBY', key, int(current), all[j+1])
        s = current
      end
      used = used + n
      table.insert(counts, {s, n})
    end
  end
  if used + amount > max then
    local free, w = max - used, -1
    if amount <= max then
      table.sort(counts, function(a, b) return a[1] < b[1] end)
      for _, c in ipairs(counts) do
        if free >= amount then break end
        free, w = free + c[2], (c[1] + steps + 1) * step - now
      end
    end
    if short == 0 or w == -1 or wait ~= -1 and w > wait then
      short, room, wait = i, math.max(max - used, 0), w
    end
  end
end
if short == 0 then
  for i, key in ipairs(KEYS) do
    local step = tonumber(ARGV[3*i])
    if #old[i] > 0 then redis.call('HDEL', key, unpack(old[i])) end
    redis.call('HINCRBY', key, int(math.floor(now / step)), ARGV[3*i-2])
    redis.call('PEXPIRE', key, int((steps + 1) * step))
  end
end
return {short - 1, room, wait, int(now)}`)

// giveBack has the hashes of take; arguments are step and amount of each. What a step did not count
// is not there to be given back.
var giveBack = redis.NewScript(`
for i, key in ipairs(KEYS) do
  if redis.call('HINCRBY', key, ARGV[2*i-1], '-' .. ARGV[2*i]) <= 0 then
    redis.call('HDEL', key, ARGV[2*i-1])
  end
end
return 0`)

// Take takes of all quotas of an owner, or, if one has too little room, of none.
func (l *Limits) Take(ctx context.Context, owner string, quotas []Quota) (taken Taken, err error) {
	args := make([]any, 0, 3*len(quotas)+1)
	for _, q := range quotas {
		args = append(args, q.Amount, q.Max, stepOf(q).Milliseconds())
	}
	args = append(args, limitSteps)
	err = l.store.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		n, err := take.Run(ctx, c, limitKeys(owner, quotas), args...).Int64Slice()
		if err != nil {
			return err
		}
		taken = Taken{Short: int(n[0]), Room: int(n[1]), Wait: time.Duration(n[2]) * time.Millisecond, At: time.UnixMilli(n[3])}
		if n[2] < 0 {
			taken.Wait = -1
		}
		return nil
	})
	return taken, err
}

// GiveBack undoes a part or all of what was taken at a time.
func (l *Limits) GiveBack(ctx context.Context, owner string, at time.Time, quotas []Quota) error {
	args := make([]any, 0, 2*len(quotas))
	for _, q := range quotas {
		args = append(args, at.UnixMilli()/stepOf(q).Milliseconds(), q.Amount)
	}
	return l.store.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return giveBack.Run(ctx, c, limitKeys(owner, quotas), args...).Err()
	})
}

func limitKeys(owner string, quotas []Quota) []string {
	keys := make([]string, len(quotas))
	for i, q := range quotas {
		keys[i] = limitKey(owner, q.Name)
	}
	return keys
}

// stepOf is rounded up to milliseconds, so that a hundred of them are at least the period.
func stepOf(q Quota) time.Duration {
	return atLeastOne((q.Period/limitSteps + time.Millisecond - 1).Truncate(time.Millisecond))
}
