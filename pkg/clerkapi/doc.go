// Package clerkapi is a client of the Clerk Chat REST API.
package clerkapi
