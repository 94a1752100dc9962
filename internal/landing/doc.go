// Package landing is what people see of the gateway in a browser. So far that is the landing page:
// what this server is, and how to connect each client to it.
//
// How to connect is data, [Clients], because the page, the terminal and the documentation must say
// the same thing. The package decides what a page says; how it looks is internal/pages. It must not
// show anything of a caller's workspace without a sign-in, and it trusts no Host header: whoever
// computes the endpoint's URL has checked it.
package landing
