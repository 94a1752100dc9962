// Package survival holds the tests of what clients notice when parts of the topology fail: replicas
// of the real binary behind a balancer, with a real Redis, and many clients of the SDK that go on
// calling while replicas are stopped and killed and Redis loses its data or does not answer.
//
// It has no code of its own and must not get any. What a single package promises is tested there;
// here stands only what needs several processes.
package survival
