package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/automation"
)

func (c *cli) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit that this program was built from, what it was built with, and which Pulumi CLI it takes",
		Args:  noArguments,
		RunE: c.immediate(func() error {
			b := buildOf(debug.ReadBuildInfo())
			if asJSON {
				return c.writeJSON(b)
			}
			fmt.Fprint(c.out, b.text())
			return nil
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// build is what a program was built from and with. What the Go tool did not
// record is empty.
type build struct {
	// Version is the module's version, "(devel)", or "unknown".
	Version string `json:"version"`
	// Commit is the commit's hash.
	Commit string `json:"commit,omitempty"`
	// Time is when the commit was made, in RFC 3339.
	Time string `json:"time,omitempty"`
	// Modified reports that files differed from the commit.
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go,omitempty"`
	// Platform is the operating system and the architecture, such as linux/arm64.
	Platform string `json:"platform,omitempty"`
	// Pulumi, AWS and Docker are the versions of the SDKs. The engine fetches the
	// providers' plugins of the same versions.
	Pulumi string `json:"pulumi,omitempty"`
	AWS    string `json:"pulumi-aws,omitempty"`
	Docker string `json:"pulumi-docker,omitempty"`
	// PulumiCLI is the range of versions of the Pulumi CLI that are used.
	PulumiCLI string `json:"pulumi-cli"`
}

func buildOf(info *debug.BuildInfo, ok bool) build {
	if !ok {
		return build{Version: "unknown", PulumiCLI: automation.PulumiRange()}
	}
	b := build{Version: info.Main.Version, Go: info.GoVersion, PulumiCLI: automation.PulumiRange()}
	if b.Version == "" {
		b.Version = "(devel)"
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	b.Commit, b.Time, b.Modified = settings["vcs.revision"], settings["vcs.time"], settings["vcs.modified"] == "true"
	if settings["GOOS"] != "" {
		b.Platform = settings["GOOS"] + "/" + settings["GOARCH"]
	}
	sdks := map[string]*string{
		"github.com/pulumi/pulumi/sdk/v3":        &b.Pulumi,
		"github.com/pulumi/pulumi-aws/sdk/v6":    &b.AWS,
		"github.com/pulumi/pulumi-docker/sdk/v4": &b.Docker,
	}
	for _, module := range info.Deps {
		if version := sdks[module.Path]; version != nil {
			*version = module.Version
		}
	}
	return b
}

// String is the version with the commit: "(devel) 0123456789ab, modified".
func (b build) String() string {
	text := b.Version
	if b.Commit != "" {
		text += fmt.Sprintf(" %.12s", b.Commit)
	}
	if b.Modified {
		text += ", modified"
	}
	return text
}

// text is the version with what it was built with, in one line.
func (b build) text() string {
	var with []string
	for _, part := range []struct{ name, value string }{
		{"", b.Time}, {"", b.Go}, {"", b.Platform}, {"pulumi ", b.Pulumi}, {"pulumi-aws ", b.AWS}, {"pulumi-docker ", b.Docker},
		{"Pulumi CLI ", b.PulumiCLI},
	} {
		if part.value != "" {
			with = append(with, part.name+part.value)
		}
	}
	return fmt.Sprintf("portico %s (%s)\n", b, strings.Join(with, ", "))
}
