package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/topology"
)

type renderOptions struct{ mapping, out, base string }

func (c *cli) renderCommand() *cobra.Command {
	var o renderOptions
	cmd := &cobra.Command{
		Use:   "render --mapping FILE --out DIR",
		Short: "Write the proxy image's build context: Dockerfile, nginx.conf, routes, entrypoint",
		Long: `Write the proxy image's build context. The same mapping gives the same bytes.
DIR is created where it doesn't exist; what an earlier render wrote there is
replaced, and a directory with anything else in it is left alone.`,
		Args: noArguments,
		RunE: c.immediate(func() error { return c.render(o) }),
	}
	mappingFlag(cmd, &o.mapping)
	cmd.Flags().StringVarP(&o.out, "out", "o", "", "the `DIR` to write")
	cmd.Flags().StringVar(&o.base, "base-image", "", "the `IMAGE` to build on; default: the official unprivileged NGINX")
	required(cmd, "out")
	return cmd
}

func (c *cli) render(o renderOptions) error {
	m, err := c.load(o.mapping)
	if err != nil {
		return err
	}
	if err := topology.Check(m); err != nil {
		return err
	}
	rendered, err := nginxconf.Render(topology.Routes(m), nginxconf.Options{BaseImage: o.base})
	if err != nil {
		return fmt.Errorf("render %s: %w", m.Source, err)
	}
	if err := emptied(o.out); err != nil {
		return err
	}
	if err := rendered.WriteTo(o.out); err != nil {
		return fmt.Errorf("write the build context: %w", err)
	}
	fmt.Fprintf(c.err, "portico: %s in %s, sha256:%s\n", count(len(rendered.Files), "file"), o.out, rendered.Digest())
	return nil
}
