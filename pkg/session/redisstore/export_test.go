package redisstore

import "time"

// FastForward moves the clock of the Redis within the process.
func FastForward(s *Store, d time.Duration) { s.fastForward(d) }
