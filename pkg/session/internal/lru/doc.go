// Package lru has the map of bounded caches, of which the least recently used entry goes first.
package lru
