// Package shop has faults of each kind that its tests notice, and some that they do not.
package shop
