//go:build unix

package share_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// usage is what a process takes of the machine.
type usage struct {
	resident, peak int           // MB of memory now, and at most so far
	cpu            time.Duration // of processor, in all threads
}

const (
	tick = 10 * time.Millisecond // of the times in /proc, which are always told in hundredths of a second
	kB   = 1024
	mB   = 1000 * 1000
)

// needUsage skips where the system does not tell what a process takes.
func needUsage(t testing.TB) {
	t.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		skip(t, "no /proc on this machine, which tells what a process takes; Linux has it")
	}
}

// usage reads /proc (proc_pid_status(5), proc_pid_stat(5)).
func (p *process) usage() usage {
	p.t.Helper()
	dir := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid))
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		p.t.Fatalf("the process has ended: %v\n%s", err, p.log.String())
	}
	var u usage
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "VmRSS":
			u.resident = number(p.t, strings.Fields(value)[0]) * kB / mB
		case "VmHWM":
			u.peak = number(p.t, strings.Fields(value)[0]) * kB / mB
		}
	}
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name before may hold spaces
	fields := strings.Fields(rest)
	u.cpu = time.Duration(number(p.t, fields[11])+number(p.t, fields[12])) * tick // utime and stime
	return u
}

// connections is how many connections of clients the process holds (proc_net(5)). What the kernel
// still has of one that the process closed has no inode.
func (p *process) connections() int {
	p.t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		p.t.Fatal(err)
	}
	local := fmt.Sprintf(":%04X", number(p.t, p.port()))
	const listening = "0A"
	held := 0
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if strings.HasSuffix(fields[1], local) && fields[3] != listening && fields[9] != "0" {
			held++
		}
	}
	return held
}

func number(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
