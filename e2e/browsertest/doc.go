// Package browsertest drives the machine's Chromium through pages, for tests, and watches it: a
// window in which anything was logged as an error, or blocked by a content security policy, fails
// its test. [Window.Look] checks that a page can be read in the dark, on a narrow screen and with
// weak eyes, and keeps pictures of it where BROWSER_SCREENSHOTS names a directory.
//
// Where there is no Chromium a test is skipped with the command that provides one; under CI=true it
// fails. The package is for tests only, imports nothing of ours, and knows no page.
package browsertest
