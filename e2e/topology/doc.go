// Package topology runs docker-compose.yml from processes, for machines without a container engine:
// the gateway's own binary, redis-server and haproxy, each listening on a loopback port. The
// compose file stays the one description of what runs with which settings; this package only knows
// how to start it differently, so both ways take the same variables and the same .env.
//
// [Load] reads the file and plans the processes; [Topology.Run] starts them in the order in which
// they depend on each other, starts again what ends, and stops everything when its context ends.
//
// It is a tool for developers and tests. The gateway must not import it, and it must not learn
// anything that docker-compose.yml does not say.
package topology
