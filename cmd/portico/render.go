package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/sbom"
	"github.com/portico-iac/portico/internal/topology"
)

type renderOptions struct{ mapping, out, base string }

func (c *cli) renderCommand() *cobra.Command {
	var o renderOptions
	cmd := &cobra.Command{
		Use:   "render --mapping FILE --out DIR",
		Short: "Write the proxy image's build context: Dockerfile, nginx.conf, routes, entrypoint",
		Long: `Write the proxy image's build context, and sbom.spdx.json, its bill of materials
in SPDX 2.3: the base image's reference and the hashes of the files. It lists no
packages of the base: Amazon ECR's image scanning lists those of a pushed image.

The same mapping gives the same bytes. The bill of materials states the time of
SOURCE_DATE_EPOCH, in seconds since 1970, or else 1970-01-01.

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
	routes := topology.Routes(m)
	rendered, err := nginxconf.Render(routes, nginxconf.Options{BaseImage: o.base, Elsewhere: topology.Elsewhere(m, routes)})
	if err != nil {
		return fmt.Errorf("render %s: %w", m.Source, err)
	}
	bill, err := billOfMaterials(rendered, os.Getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return err
	}
	if err := emptied(o.out); err != nil {
		return err
	}
	if err := rendered.WriteTo(o.out); err != nil {
		return fmt.Errorf("write the build context: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.out, sbom.FileName), bill, 0o644); err != nil { //nolint:gosec // readers are other users too
		return fmt.Errorf("write the bill of materials: %w", err)
	}
	fmt.Fprintf(c.err, "portico: %s in %s, sha256:%s\n", count(len(rendered.Files), "file"), o.out, rendered.Digest())
	return nil
}

// billOfMaterials is the bill of materials of a context's image. epoch is the time that
// it states, in seconds since 1970; empty: 1970.
//
// Source: https://reproducible-builds.org/specs/source-date-epoch/
func billOfMaterials(rendered *nginxconf.Context, epoch string) ([]byte, error) {
	origin := sbom.Origin{Version: buildOf(debug.ReadBuildInfo()).String(), Created: time.Unix(0, 0)}
	if epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil || seconds < 0 || seconds > maxEpoch {
			return nil, fmt.Errorf("write the bill of materials: SOURCE_DATE_EPOCH is %q, which is no time: write seconds since 1970-01-01, such as the last commit's: git log -1 --format=%%ct", epoch)
		}
		origin.Created = time.Unix(seconds, 0)
	}
	image := sbom.Image{Base: rendered.BaseImage, Dockerfile: nginxconf.DockerfileName, ContextDigest: rendered.Digest()}
	for _, f := range rendered.Files {
		image.Files = append(image.Files, sbom.File{Name: f.Name, Data: f.Data})
	}
	return sbom.Write(image, origin)
}

// maxEpoch is the last second of the year 9999, after which years have five digits.
const maxEpoch = 253402300799
