// Package customer has the tests that package shop lacks.
package customer
