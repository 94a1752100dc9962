// Package flags gives the flags of a command line what package config declares of their settings.
// It is apart from config so that who only uses a configuration needs no library for command lines.
package flags
