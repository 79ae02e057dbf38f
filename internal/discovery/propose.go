package discovery

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/mapping"
)

// Template makes the host of a proposed row: {api} is the API's name as a DNS label,
// {team} the account's name in the mapping or its number, {stage} the stage, {id} the
// API's ID.
type Template string

// DefaultTemplate is the template where nothing else is said.
const DefaultTemplate Template = "{api}.{team}.private.example.com"

// Check reports what is wrong with the template.
func (t Template) Check() error {
	sample := t.host("orders", "team", "prod", "abcdef1234")
	if strings.ContainsAny(sample, "{}") {
		return fmt.Errorf("template %q: the parts that are filled in are {api}, {team}, {stage} and {id}", string(t))
	}
	if _, _, err := mapping.ParseCustomDomain(sample); err != nil {
		return fmt.Errorf("template %q makes %s: %w", string(t), sample, err)
	}
	if !strings.Contains(string(t), "{api}") && !strings.Contains(string(t), "{id}") {
		return fmt.Errorf("template %q makes one host of all APIs: write {api} or {id} in it", string(t))
	}
	return nil
}

func (t Template) host(api, team, stage, id string) string {
	return strings.NewReplacer("{api}", api, "{team}", team, "{stage}", stage, "{id}", id).Replace(string(t))
}

// maxLabel is the longest that a DNS label may be (RFC 1035).
const maxLabel = 63

// label is a text as a DNS label: lower-case letters, digits and single hyphens
// between them; empty where nothing of it can be one.
func label(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	made := b.String()
	return strings.Trim(made[:min(len(made), maxLabel)], "-")
}

// propose gives each stage to which no row leads a row with an address of its own.
func (o *Options) propose(apis []API) {
	taken, led := map[string]bool{}, map[string]bool{}
	for _, row := range o.Mapping.Rows {
		taken[string(row.Host)] = true
		if !row.Retired && row.API.Region == o.Region {
			led[string(row.API.ID)+"/"+string(row.API.Stage)] = true
		}
	}
	for i := range apis {
		api := &apis[i]
		missing := slices.DeleteFunc(slices.Clone(api.Stages), func(stage string) bool { return led[string(api.ID)+"/"+stage] })
		hosts := map[string]string{} // by what the template makes
		for _, stage := range missing {
			made := o.hostOf(*api, stage, "")
			if made == "" {
				continue
			}
			host, own := hosts[made]
			if !own {
				if host = made; taken[host] {
					host = o.hostOf(*api, stage, "-"+string(api.ID))
				}
				if host == "" || taken[host] {
					continue
				}
				hosts[made], taken[host] = host, true
			}
			if len(api.Stages) > 1 && !strings.Contains(string(o.Template), "{stage}") {
				host += "/" + stage // stages of one API are told apart by their base path
			}
			api.Proposed = append(api.Proposed, Row{CustomDomainURL: host, PrivateAPIURL: o.url(api.ID, stage), Account: o.accountName(api.Account)})
		}
	}
}

// hostOf is the host that the template makes for a stage of an API, with a suffix to
// the API's name; empty where it makes none.
func (o *Options) hostOf(api API, stage, suffix string) string {
	name := label(api.Name)
	if name == "" {
		name = string(api.ID)
	}
	if suffix != "" {
		name = strings.Trim(name[:min(len(name), maxLabel-len(suffix))], "-") + suffix
	}
	host := o.Template.host(name, label(o.accountName(api.Account)), label(stage), string(api.ID))
	if _, _, err := mapping.ParseCustomDomain(host); err != nil {
		return ""
	}
	return host
}

// accountName is the account's name in the mapping, or its number.
func (o *Options) accountName(id mapping.AccountID) string {
	for _, account := range o.Mapping.Accounts {
		if account.ID == id {
			return account.Name
		}
	}
	return string(id)
}

func (o *Options) url(id mapping.APIID, stage string) string {
	partition, _ := aws.PartitionOf(o.Region)
	return fmt.Sprintf("https://%s.execute-api.%s.%s/%s", id, o.Region, partition.DNSSuffix, stage)
}
