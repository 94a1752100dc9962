package identity

import "strings"

// Claim finds a claim by its path: as a claim of exactly that name first, such as
// https://example.com/groups, then by dots into objects, such as realm_access.roles. A name inside
// may have dots itself, the longest one that is there counts. found is false for what is absent or
// null, and for a path that leads into something other than an object. The claims are as JSON
// decodes into any.
func Claim(claims map[string]any, path string) (value any, found bool) {
	if value = claims[path]; value != nil {
		return value, true
	}
	for i := strings.LastIndexByte(path, '.'); i >= 0; i = strings.LastIndexByte(path[:i], '.') {
		inner, isObject := claims[path[:i]].(map[string]any)
		if !isObject {
			continue
		}
		if value, found = Claim(inner, path[i+1:]); found {
			return value, true
		}
	}
	return nil, false
}
