// Package args judges single values of a tool's arguments: phone numbers and identifiers, media
// URLs, texts and times. What it takes it gives in its normal form; what it refuses it says why,
// and what to write instead.
package args
