package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/newfiles"
	"github.com/portico-iac/portico/internal/reference"
)

type importOptions struct{ mapping, vars, out string }

func (c *cli) importReferenceCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import-reference --mapping FILE --vars FILE --out DIR",
		Short: "Turn the reference implementation's proxy-config.yaml and vars.yaml into a mapping and stack settings",
		Long: `Turn the files of the reference implementation, AWS's CDK and Terraform sample,
into Portico's: the mapping, the settings of the shared stack, and settings of
the provider accounts' stacks, with a comment beside whatever behaves otherwise
than it did there. Without --vars the reference's defaults hold. DIR is created
where it doesn't exist; no file in it is overwritten.`,
		Args: noArguments,
		RunE: c.immediate(func() error { return c.importReference(o) }),
	}
	f := cmd.Flags()
	f.StringVarP(&o.mapping, "mapping", "m", "", "the `FILE` proxy-config.yaml of the reference; \"-\" reads it from standard input")
	f.StringVar(&o.vars, "vars", "", "the `FILE` vars.yaml of the reference")
	f.StringVarP(&o.out, "out", "o", "", "the `DIR` to write")
	required(cmd, "mapping")
	required(cmd, "out")
	return cmd
}

func (c *cli) importReference(o importOptions) error {
	proxyConfig, err := c.document(o.mapping)
	if err != nil {
		return err
	}
	var vars reference.Document
	if o.vars != "" {
		if vars, err = c.document(o.vars); err != nil {
			return err
		}
	}
	result, err := reference.Import(proxyConfig, vars)
	if err != nil {
		return err
	}
	if err := c.writeNew(o.out, result.Files); err != nil {
		return err
	}
	fmt.Fprintln(c.err, "portico: read the comments, and put account numbers where they say FILL IN")
	return nil
}

// writeNew writes files that replace no others, and says which it wrote.
func (c *cli) writeNew(dir string, files []newfiles.File) error {
	written, err := newfiles.Write(dir, files)
	for _, name := range written {
		fmt.Fprintf(c.err, "portico: wrote %s in %s\n", name, dir)
	}
	return err
}

// document reads an input file, or standard input.
func (c *cli) document(path string) (reference.Document, error) {
	if path == "-" {
		data, err := io.ReadAll(c.in)
		if err != nil {
			return reference.Document{}, fmt.Errorf("read standard input: %w", err)
		}
		return reference.Document{Name: "stdin", Data: data}, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return reference.Document{}, fmt.Errorf("read an input file: %w", err)
	}
	return reference.Document{Name: path, Data: data}, nil
}
