// Package pages makes what a browser is shown: one base layout, the pages' templates, their styles
// and the little script they share, all embedded and parsed once at start.
//
// Every page leaves with a content security policy that allows its own inline style and script by
// hash and nothing else, so a value that escaped its context would still not run. The package knows
// no page's data and imports nothing of ours; handlers bring the data and decide who may see the
// page. It must never write why a template failed to a browser.
package pages
