// Package nginxconf writes the proxy: NGINX's configuration for a set of
// routes, the entrypoint that starts it, and the Dockerfile that packs both.
//
// One server block answers for every host. Which route a request takes is
// looked up in hash maps, so that 10,000 hosts start in milliseconds. How the
// maps work together is explained in docs/design/nginx-routing.md, and by the
// comments of the rendered files.
//
// Render does no I/O and decides nothing by the machine it runs on: the same
// routes give the same bytes. What differs from one environment to another
// reaches NGINX through the entrypoint's environment variables.
package nginxconf

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"text/template"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/topology"
)

// DefaultBaseImage is the base image unless Options names another one: the
// official unprivileged NGINX, in its Debian variant, since the entrypoint
// needs openssl.
const DefaultBaseImage = "public.ecr.aws/nginx/nginx-unprivileged:1.30"

// imageHome is where the context lies in the image.
const imageHome = "/etc/portico"

// Modes that the image's files have whatever the umask of the machine that
// renders them.
const (
	fileMode   fs.FileMode = 0o644
	scriptMode fs.FileMode = 0o755
)

// Options are what a rendering depends on besides the routes.
type Options struct {
	// BaseImage is the image to build on, by tag or by digest; empty:
	// DefaultBaseImage.
	BaseImage string
	// Elsewhere are hosts for which the proxy doesn't answer, though a wildcard host's
	// route covers their names: other front doors serve them.
	Elsewhere []string
}

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*.tmpl"))

// Render writes the build context for the routes, which have to be unique by
// host and base path. It refuses routes whose values don't keep to the
// grammars of mapping, naming every such value; nothing else can reach the
// configuration.
func Render(routes []topology.Route, o Options) (*Context, error) {
	if o.BaseImage == "" {
		o.BaseImage = DefaultBaseImage
	}
	// The grammar's references can stand in a Dockerfile without quotes.
	if _, err := aws.ParseImage(o.BaseImage); err != nil {
		return nil, fmt.Errorf("render Dockerfile: base image %q is no image reference: write registry/name:tag or registry/name@sha256:digest", o.BaseImage)
	}
	if err := errors.Join(checkRoutes(routes), checkElsewhere(o.Elsewhere)); err != nil {
		return nil, err
	}
	table := newRouteTable(routes, o.Elsewhere)
	routeMaps := table.maps()
	hash := newMapHash(routeMaps)
	otherMaps := slices.Concat(routingMaps(table.depths), []Map{table.narrower.spellings()}, refusalMaps(), answerMaps(table.region), logMaps())
	configuration := []File{
		execute("headers.conf", "headers.conf.tmpl", newHeaders()),
		execute("log.conf", "log.conf.tmpl", nil),
		execute("nginx.conf", "nginx.conf.tmpl", newMain(routes, hash)),
		execute("routes.conf", "maps.conf.tmpl", routeMaps),
		execute("routing.conf", "maps.conf.tmpl", otherMaps),
		execute("strict.conf", "strict.conf.tmpl", strictUpstreams(routes)),
	}
	script, err := templateFiles.ReadFile("templates/entrypoint.sh")
	if err != nil {
		return nil, fmt.Errorf("read embedded entrypoint: %w", err)
	}
	entrypoint := File{Name: "entrypoint.sh", Mode: scriptMode, Data: script}
	dockerfile := execute(DockerfileName, "Dockerfile.tmpl", newDockerfile(o.BaseImage, entrypoint, configuration))
	return &Context{BaseImage: o.BaseImage, Files: append([]File{dockerfile, entrypoint}, configuration...)}, nil
}

// Dockerfile is what the Dockerfile's template takes.
type Dockerfile struct {
	BaseImage, Home string
	// Files are what the image copies, by name.
	Files []string
}

func newDockerfile(baseImage string, entrypoint File, configuration []File) Dockerfile {
	d := Dockerfile{BaseImage: baseImage, Home: imageHome, Files: []string{entrypoint.Name}}
	for _, f := range configuration {
		d.Files = append(d.Files, f.Name)
	}
	return d
}

// execute renders a template that is part of the program; that it can't be
// rendered is a mistake of the program.
func execute(name, templateName string, data any) File {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, templateName, data); err != nil {
		panic(fmt.Sprintf("nginxconf: execute %s: %v", templateName, err))
	}
	return File{Name: name, Mode: fileMode, Data: bytes.TrimLeft(b.Bytes(), "\n")}
}
