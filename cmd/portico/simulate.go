package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/rehearsal"
)

func (c *cli) simulateCommand() *cobra.Command {
	var o rehearsal.SimulateOptions
	cmd := &cobra.Command{
		Use:   "simulate --mapping FILE",
		Short: "Serve simulated AWS accounts to plain pulumi, until interrupted",
		Long: `Serve simulated AWS accounts with what exists before Portico comes: the public
zones, the roles, the owners' REST APIs. The lines that it prints, pasted into
another terminal, make ` + "`pulumi up -s dev`" + ` work there as on real accounts.`,
		Args: noArguments,
		RunE: c.action(func(ctx context.Context) error {
			if o.Mapping == "-" {
				return usagef(`--mapping "-": the simulation reads the file more than once: give its path`)
			}
			o.Out, o.Progress = c.out, c.err
			return rehearsal.Simulate(ctx, o)
		}),
	}
	mappingFlag(cmd, &o.Mapping)
	f := cmd.Flags()
	f.StringVar(&o.StateDir, "state", "", "the `DIR` that keeps the simulated accounts and the Pulumi state")
	f.StringVar(&o.Setup, "world", "", "the `FILE` that describes what exists in the accounts before Portico deploys")
	f.StringVarP(&o.Project, "dir", "C", ".", "the `DIR` of the shared account's project")
	f.StringVar(&o.EnvFile, "env-file", "", "the `FILE` to write the lines to as well")
	return cmd
}
