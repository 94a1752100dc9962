package main

import (
	"fmt"
	"runtime/debug"
)

// buildVersion is set by the linker: -ldflags "-X main.buildVersion=v1.2.3".
var buildVersion string

type versionCmd struct{}

// Run prints version, revision and toolchain.
func (versionCmd) Run(s streams) error { //nolint:unparam // the form that kong calls
	info, _ := debug.ReadBuildInfo()
	goVersion, revision := "", ""
	if info != nil {
		goVersion, revision = info.GoVersion, buildSetting(info, "vcs.revision")
	}
	line := "gateway " + version()
	if revision != "" {
		line += " (" + revision + ")"
	}
	fmt.Fprintln(s.Out, line, goVersion)
	return nil
}

// version is the linker's, else the module's, else "devel".
func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

func buildSetting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
