// Package request is what is known of the HTTP request under way: one struct under one key of the
// context. Each stage fills its part and hands the request on, none reaches back:
//
//	internal/web         who calls, and how the request is named
//	internal/resource    the caller, and what a challenge would say
//	internal/upstream    what is kept of the caller's sign-in
//	internal/endpoint    what the client says of itself, and what the body asks for
//	internal/credential  what the REST API is shown
//
// Whoever works beside a request, or for one of several calls in it, takes a copy.
package request
