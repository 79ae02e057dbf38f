package main

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/review"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// reviewedSettings are the keys of a stack's settings file that decide what a
// mapping means. The stacks' programs hold all keys to their rules; here a key
// of the wrong kind is an error and everything else is let be.
type reviewedSettings struct {
	Mapping      string               `yaml:"portico:mapping"`
	Certificates reviewedCertificates `yaml:"portico:certificates"`
	DNS          struct {
		Records  string `yaml:"records"`
		Scope    string `yaml:"scope"`
		Existing []struct {
			Name mapping.Zone `yaml:"name"`
		} `yaml:"existing"`
	} `yaml:"portico:dns"`
	// Quotas are the stack's; 0 stands for AWS's default.
	Quotas struct {
		CertificatesPerLoadBalancer int `yaml:"certificatesPerLoadBalancer"`
		NamesPerCertificate         int `yaml:"namesPerCertificate"`
		LoadBalancers               int `yaml:"loadBalancers"`
		RulesPerLoadBalancer        int `yaml:"rulesPerLoadBalancer"`
		HostedZones                 int `yaml:"hostedZones"`
		RecordsPerZone              int `yaml:"recordsPerZone"`
		PrivateDomains              int `yaml:"privateDomains"`
		RegionalDomains             int `yaml:"regionalDomains"`
		Associations                int `yaml:"associations"`
		ResourcePolicySize          int `yaml:"resourcePolicySize"`
	} `yaml:"portico:quotas"`
	LoadBalancer struct {
		Type string `yaml:"type"`
	} `yaml:"portico:loadBalancer"`
	ALB struct {
		LoadBalancer string `yaml:"loadBalancer"`
	} `yaml:"portico:alb"`
	Providers []string `yaml:"portico:providers"`
	// Native is a provider stack's.
	Native struct {
		VPCEndpointIDs []string `yaml:"vpcEndpointIds"`
	} `yaml:"portico:native"`
	AWS struct {
		AccountID string `yaml:"accountId"`
	} `yaml:"portico:aws"`
	APIs                     []mapping.APIID `yaml:"portico:apis"`
	Redeploy                 *bool           `yaml:"portico:redeploy"`
	AdditionalVPCEndpointIDs []string        `yaml:"portico:additionalVpcEndpointIds"`
	Policy                   struct {
		DenyForm string `yaml:"denyForm"`
		MaxSize  int    `yaml:"maxSize"`
	} `yaml:"portico:policy"`
}

type reviewedCertificates struct {
	// Source is "import" or "existing" where no certificate is issued.
	Source              string `yaml:"source"`
	NamesPerCertificate int    `yaml:"namesPerCertificate"`
	// Import has PEM, or the paths of PEM files.
	Import []struct {
		Certificate string `yaml:"certificate"`
	} `yaml:"import"`
	Existing []struct {
		Names []string `yaml:"names"`
	} `yaml:"existing"`
}

func readSettings(files tree, path string) (*reviewedSettings, error) {
	data, err := files.read(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Config reviewedSettings `yaml:"config"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read settings %s: %w", path, err)
	}
	return &file.Config, nil
}

// options are those of the environment's topology.
func (s *reviewedSettings) options(files tree) (topology.Options, error) {
	options := topology.Options{
		Quotas: topology.Quotas{
			NamesPerCertificate:         cmp.Or(s.Quotas.NamesPerCertificate, s.Certificates.NamesPerCertificate),
			CertificatesPerLoadBalancer: s.Quotas.CertificatesPerLoadBalancer,
			LoadBalancers:               s.Quotas.LoadBalancers,
			RulesPerLoadBalancer:        s.Quotas.RulesPerLoadBalancer,
			HostedZones:                 s.Quotas.HostedZones,
			RecordsPerZone:              s.Quotas.RecordsPerZone,
			PrivateDomains:              s.Quotas.PrivateDomains,
			RegionalDomains:             s.Quotas.RegionalDomains,
			Associations:                s.Quotas.Associations,
		},
		DNS:       topology.DNS{HostRecords: s.DNS.Records == "host", HostZones: s.DNS.Scope == "host"},
		SharedALB: s.ALB.LoadBalancer != "own" && s.LoadBalancer.Type != "NLB",
	}
	for _, zone := range s.DNS.Existing {
		options.DNS.ExistingZones = append(options.DNS.ExistingZones, zone.Name)
	}
	var err error
	options.Supplied, err = s.Certificates.supplied(files, ".")
	return options, err
}

// issuesNone tells whether only supplied certificates are used.
func (c reviewedCertificates) issuesNone() bool {
	return slices.Contains([]string{"import", "existing"}, c.Source)
}

// supplied are the names of each certificate that need not be issued. Paths are
// relative to the project in dir.
func (c reviewedCertificates) supplied(files tree, dir string) ([]topology.Certificate, error) {
	var all []topology.Certificate
	for i, imported := range c.Import {
		text := []byte(imported.Certificate)
		if !strings.Contains(imported.Certificate, "-----BEGIN") {
			name := imported.Certificate
			if !filepath.IsAbs(name) {
				name = path.Join(dir, name)
			}
			var err error
			if text, err = files.read(name); err != nil {
				return nil, fmt.Errorf("read portico:certificates.import[%d]: %w", i, err)
			}
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, fmt.Errorf("read portico:certificates.import[%d]: it is no PEM", i)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read portico:certificates.import[%d]: %w", i, err)
		}
		all = append(all, topology.Certificate{Origin: topology.Imported, Names: hostNames(certificate.DNSNames)})
	}
	for _, existing := range c.Existing {
		all = append(all, topology.Certificate{Origin: topology.Existing, Names: hostNames(existing.Names)})
	}
	return all, nil
}

func hostNames(names []string) []mapping.Host {
	hosts := make([]mapping.Host, len(names))
	for i, name := range names {
		hosts[i] = mapping.Host(strings.ToLower(name))
	}
	return hosts
}

func (s *reviewedSettings) stack(files tree, name string) (review.Stack, error) {
	supplied, err := s.Certificates.supplied(files, automation.ProviderProject)
	if err != nil {
		return review.Stack{}, fmt.Errorf("stack %s: %w", name, err)
	}
	redeploy := review.RedeployUnset
	switch {
	case s.Redeploy != nil && *s.Redeploy:
		redeploy = review.RedeployAutomatic
	case s.Redeploy != nil:
		redeploy = review.RedeployByHand
	}
	return review.Stack{
		Name: name, Account: s.AWS.AccountID, APIs: s.APIs, Redeploy: redeploy,
		AdditionalVPCEndpointIDs: s.AdditionalVPCEndpointIDs,
		NativeEndpointIDs:        s.Native.VPCEndpointIDs,
		DenyForm:                 resourcepolicy.DenyForm(s.Policy.DenyForm),
		MaxPolicySize:            cmp.Or(s.Quotas.ResourcePolicySize, s.Policy.MaxSize),
		Supplied:                 supplied,
		SuppliedOnly:             s.Certificates.issuesNone(),
	}, nil
}

// settingsFile is a stack's, in its project's directory.
func settingsFile(stack string) string { return "Pulumi." + stack + ".yaml" }

// described is an environment as a revision's files describe it. Where its
// mapping can't be read the error says why, and the state has the rest.
func described(files tree, environment, displayDir string) (state review.State, mappingPath string, err error) {
	state.Revision = files.name
	settings, err := readSettings(files, settingsFile(environment))
	if errors.Is(err, fs.ErrNotExist) {
		state.Absent = "has no environment " + environment
		return state, "", fmt.Errorf("find environment %q: no %s in %s: name the project's directory with --dir",
			environment, settingsFile(environment), displayDir)
	}
	if err != nil {
		state.Absent = "has settings of the environment that can't be read"
		return state, "", err
	}
	if state.Options, err = settings.options(files); err != nil {
		state.Absent = "has certificates that can't be read"
		return state, "", err
	}
	state.SuppliedOnly = settings.Certificates.issuesNone()
	state.ReadsProviders = len(settings.Providers) > 0
	if state.Stacks, err = describedStacks(files, environment); err != nil {
		state.Absent = "has settings of provider stacks that can't be read"
		return state, "", err
	}
	if settings.Mapping == "" {
		state.Absent = "names no mapping file"
		return state, "", fmt.Errorf("find the mapping of environment %q: %s has no portico:mapping", environment, settingsFile(environment))
	}
	data, err := files.read(settings.Mapping)
	if err != nil {
		state.Absent = "has no mapping file of the environment"
		return state, settings.Mapping, fmt.Errorf("read the mapping of environment %q: %w", environment, err)
	}
	source := settings.Mapping
	if !filepath.IsAbs(source) {
		source = filepath.Join(displayDir, source)
	}
	state.Mapping, err = mapping.Parse(source, data)
	if err != nil {
		state.Absent = "has a mapping with mistakes"
	}
	return state, settings.Mapping, err
}

func describedStacks(files tree, environment string) ([]review.Stack, error) {
	environments, err := describedNames(files, ".")
	if err != nil {
		return nil, err
	}
	names, err := describedNames(files, automation.ProviderProject)
	if err != nil {
		return nil, err
	}
	var stacks []review.Stack
	for _, name := range automation.ProviderStacks(environment, environments, names) {
		settings, err := readSettings(files, automation.ProviderProject+"/"+settingsFile(name))
		if err != nil {
			return nil, err
		}
		stack, err := settings.stack(files, name)
		if err != nil {
			return nil, err
		}
		stacks = append(stacks, stack)
	}
	return stacks, nil
}

// describedNames are the names of the stacks that have a settings file in a
// directory, sorted.
func describedNames(files tree, dir string) ([]string, error) {
	all, err := files.list(dir)
	if err != nil {
		return nil, fmt.Errorf("list the stacks of %s at %s: %w", dir, files.name, err)
	}
	var names []string
	for _, file := range all {
		name, isSettings := strings.CutPrefix(file, "Pulumi.")
		name, isYAML := strings.CutSuffix(name, ".yaml")
		if isSettings && isYAML && name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}
