// Package observe is what operators see: the log, the metrics and one line for every tool call.
//
// It never sees a message's text, a token or a whole phone number, because nothing that carries one
// is handed to it.
package observe
