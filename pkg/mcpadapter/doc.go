// Package mcpadapter is the seven Clerk Chat tools: what they are called, what they take, which request to the REST API a
// call means, and what a client of them is told.
//
// The way of a call is straight: the arguments are decoded and checked, which makes a plan (the exact request, and how
// many recipients and SMS segments it has); the plan is executed once with the caller's credential; the answer or the
// failure becomes a [Report]. What decides about a call stands between plan and execution, in [Tools.Call].
//
// The package speaks of the Model Context Protocol only in its tool definitions. It must not know of transports,
// sessions, logins or stores, must not keep anything between two calls, and must not write to a log: [Observer] is told
// the facts, which hold no message text, no number and no cause of an error.
package mcpadapter
