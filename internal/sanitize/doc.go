// Package sanitize makes texts of others fit to be shown: to people, on operators' terminals, in
// logs.
package sanitize
