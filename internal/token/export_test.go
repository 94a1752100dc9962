package token

// CacheGeneration is how many tokens a generation of the cache holds.
const CacheGeneration = cacheGeneration

// ParseKeys reads a JWK set and says how many keys of it count.
func ParseKeys(data []byte) (int, error) {
	keys, err := parseKeys(data)
	return len(keys), err
}

// CacheSize is how many tokens the cache holds.
func (e *External) CacheSize() int {
	e.cache.mu.Lock()
	defer e.cache.mu.Unlock()
	return len(e.cache.young) + len(e.cache.old)
}
