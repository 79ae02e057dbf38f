package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/controls"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// explainControls prints which Security Hub controls the shared stack meets: that of
// an environment, or one of a mapping with the default settings.
func (c *cli) explainControls(o explainOptions) error {
	dir, stack := o.dir, o.environment
	if stack == "" {
		temporary, err := os.MkdirTemp("", "portico-controls-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		dir, stack = temporary, "dev"
		if o.mapping, err = c.mappingPath(o.mapping, temporary); err != nil {
			return err
		}
		m, err := mapping.Load(o.mapping)
		if err != nil {
			return err
		}
		if err := o.writeDefaults(dir, stack, m); err != nil {
			return err
		}
	}
	project := settings.Project{Files: settings.Dir(dir), Shown: dir}
	config, err := settings.Source{Project: project, Stack: stack}.Shared()
	if err != nil {
		return err
	}
	resources, err := controls.Registered(sharedProject, stack, existing(config), accounts.SharedFromFiles(dir))
	if err != nil {
		return err
	}
	judged := controls.Judge(resources)
	if o.json {
		return c.writeJSON(judged)
	}
	t := newTable(table.Row{"CONTROL", "VERDICT", "TITLE", "WHY", "KEY"})
	for _, control := range judged {
		t.AppendRow(table.Row{control.ID, control.Verdict, control.Title, control.Why, orDash(control.Key)})
	}
	_, err = io.WriteString(c.out, t.text(c.screen))
	return err
}

// mappingPath is the absolute path of a mapping. One of standard input is written
// into a directory.
func (c *cli) mappingPath(path, dir string) (string, error) {
	if path != "-" {
		return filepath.Abs(path)
	}
	data, err := io.ReadAll(c.in)
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	path = filepath.Join(dir, "stdin")
	return path, os.WriteFile(path, data, 0o600)
}

// existing is what the settings say that the account has already.
func existing(config *settings.Shared) controls.Existing {
	e := controls.Existing{
		Region: config.AWS.Region, VPC: config.Network.VPCID,
		Zones: map[string]string{}, Endpoints: map[string]string{}, Certificates: map[string][]string{},
	}
	for _, certificate := range config.Certificates.Existing {
		e.Certificates[certificate.ARN] = certificate.Names
	}
	for _, zone := range config.DNS.Existing {
		e.Zones[zone.ID] = zone.Name
	}
	for service, endpoint := range map[string]settings.Endpoint{
		"execute-api": config.Endpoints.ExecuteAPI.Endpoint(), "logs": config.Endpoints.Logs, "s3": config.Endpoints.S3,
		"ecr.api": config.Endpoints.ECRAPI, "ecr.dkr": config.Endpoints.ECRDKR,
	} {
		e.Endpoints[endpoint.ID] = service
	}
	for _, endpoint := range []settings.APIEndpoint{config.Endpoints.ALB, config.Endpoints.Native} {
		e.Endpoints[endpoint.ID] = "execute-api"
	}
	delete(e.Endpoints, "")
	return e
}

// sharedProject is the name of the shared-services account's project.
const sharedProject = "portico"

// writeDefaults writes the settings of a shared stack that the flags describe, and
// nothing else about it.
func (o explainOptions) writeDefaults(dir, stack string, m *mapping.Mapping) error {
	alb := map[string]any{}
	if o.ownALB {
		alb["loadBalancer"] = "own"
	}
	var providers []string
	for _, row := range m.Rows {
		if name := "organization/portico-provider/" + stack + "-" + string(row.Account); !slices.Contains(providers, name) {
			providers = append(providers, name)
		}
	}
	file, err := yaml.Marshal(map[string]any{"config": map[string]any{
		"portico:mapping":      o.mapping,
		"portico:aws":          map[string]any{"region": m.Rows[0].API.Region, "accountId": "111111111111"},
		"portico:loadBalancer": map[string]any{"type": o.balancer},
		"portico:alb":          alb,
		"portico:providers":    providers,
	}})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"Pulumi.yaml": fmt.Appendf(nil, "name: %s\nruntime: go\n", sharedProject), "Pulumi." + stack + ".yaml": file,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
