package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// durabilityTimeout bounds all questions about it. Nobody's request waits for them.
const durabilityTimeout = 5 * time.Second

// Durability tells whether Redis keeps what it acknowledged, as far as its settings do: on one
// server without fail, under Sentinel and in a cluster until a failover to a server that had not
// got the last writes.
type Durability struct {
	// Violations says what lets something be lost, each with what to set. They are in order and
	// each is there once, however many servers it is true of.
	Violations []string
	// Unchecked names the settings that a server does not tell, as many that are run for others do
	// not.
	Unchecked []string
}

// OK says that all was checked and nothing is wrong.
func (d Durability) OK() bool { return len(d.Violations) == 0 && len(d.Unchecked) == 0 }

// Losses says of each setting what is wrong with it, or that it is not known.
func (d Durability) Losses() []string {
	all := slices.Clone(d.Violations)
	if len(d.Unchecked) > 0 {
		all = append(all, strings.Join(d.Unchecked, ", ")+" cannot be checked: Redis does not tell")
	}
	return all
}

// setting is one that must have a value. Each can be asked for, and most are told among other
// information as well, which is what remains where CONFIG is not allowed.
type setting struct {
	name, want string
	// loses says what happens if it has another.
	loses string
	// section of INFO has field with wantField then; "" if it is not there.
	section, field, wantField string
}

var settings = []setting{
	{
		name: "maxmemory-policy", want: "noeviction", section: "memory", field: "maxmemory_policy", wantField: "noeviction",
		loses: "when its memory is full it drops what it had acknowledged",
	},
	{
		name: "appendonly", want: "yes", section: "persistence", field: "aof_enabled", wantField: "1",
		loses: "a restart loses what it had acknowledged",
	},
	{
		name: "appendfsync", want: "always",
		loses: "a crash of its machine loses what it had acknowledged last",
	},
	{
		name: "no-appendfsync-on-rewrite", want: "no",
		loses: "a crash of its machine while it rewrites its log loses what it had acknowledged last",
	},
}

// Durability asks every master. An error means that one could not be asked at all. A store within
// the process keeps nothing beyond that, whatever else is said of it.
func (s *Store) Durability(ctx context.Context) (Durability, error) {
	if s.inProcess {
		return Durability{Violations: []string{"it is part of this process and keeps nothing beyond it; use a Redis server"}}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, durabilityTimeout)
	defer cancel()
	masters, err := s.masters(ctx)
	if err != nil {
		return Durability{}, asError(err)
	}
	var d Durability
	for _, master := range masters {
		for _, want := range settings {
			met, known, err := want.ask(ctx, master)
			switch {
			case err != nil:
				return Durability{}, asError(err)
			case !known:
				d.Unchecked = append(d.Unchecked, want.name)
			case !met:
				d.Violations = append(d.Violations, fmt.Sprintf("%s is not %s: %s", want.name, want.want, want.loses))
			}
		}
	}
	d.Violations, d.Unchecked = unique(d.Violations), unique(d.Unchecked)
	return d, nil
}

// ask tells whether a setting is as it must be. What a server does not tell is not an error.
func (w setting) ask(ctx context.Context, server redis.Cmdable) (met, known bool, err error) {
	values, err := server.ConfigGet(ctx, w.name).Result()
	if value, told := values[w.name]; told || err != nil && !isSilence(err) {
		return value == w.want, told, err
	}
	if w.section == "" {
		return false, false, nil
	}
	info, err := server.Info(ctx, w.section).Result()
	if err != nil && !isSilence(err) {
		return false, false, err
	}
	for line := range strings.Lines(info) {
		if field, value, _ := strings.Cut(strings.TrimSpace(line), ":"); field == w.field {
			return value == w.wantField, true, nil
		}
	}
	return false, false, nil
}

// isSilence tells whether a server works and does not answer this: the command is not there, or not
// allowed.
func isSilence(err error) bool { return redis.IsPermissionError(err) || kindOf(err) == Refused }

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
