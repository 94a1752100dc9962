// Package gateway is the only place that wires: it makes every part from the configuration, mounts
// the routes on one page (routes.go), runs the listeners and drains them.
//
// [New] does everything that can be done at start and reports what is wrong; [Gateway.Run] serves
// until its context ends.
package gateway
