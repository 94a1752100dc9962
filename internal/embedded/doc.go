// Package embedded is the Redis within this process, for a gateway that was given no server: a
// store over miniredis whose clock moves. It keeps nothing beyond the process. That it is a package
// of its own spares whoever imports pkg/session/redisstore miniredis.
package embedded
