package rehearsal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/mapping"
)

// sharedAccount is the shared-services account of an initial state for which
// nothing else is said.
const sharedAccount mapping.AccountID = "111111111111"

// owners are the accounts of APIs whose rows name none.
var owners = []mapping.AccountID{"200000000001", "200000000002", "200000000003"}

// initialState is what exists before the first deployment: the values from which
// an awssim.Setup is built.
type initialState struct {
	mapping *mapping.Mapping
	// shared is the shared-services account, and region where it works.
	shared mapping.AccountID
	region string
	// roles are further roles that have to exist, by ARN.
	roles []string
	// zones are public zones that belong to their roles' accounts.
	zones []validationZone
	// keys are the ARNs of keys of AWS KMS that settings name.
	keys []string
}

// setup is what exists before the first deployment: accounts with the roles
// that the mapping names, the public hosted zones in which certificates are
// validated, and the owners' private APIs.
func (s initialState) setup() (*awssim.Setup, error) {
	apis, err := s.apis()
	if err != nil {
		return nil, err
	}
	w := &awssim.Setup{
		Home: awssim.Identity{
			Account:   string(s.shared),
			Principal: aws.ARN{Partition: s.partition(), Service: "iam", AccountID: string(s.shared), Resource: "user/operator"}.String(),
		},
		Accounts: s.accounts(),
		RESTAPIs: apis,
		// What the program builds on where the settings name no other base.
		Images: []awssim.PublicImage{{Reference: nginxconf.DefaultBaseImage}},
	}
	for _, key := range s.keys {
		w.Keys = append(w.Keys, awssim.Key{ARN: key, Policy: keyPolicy(s.region)})
	}
	for name, account := range s.publicZones() {
		w.HostedZones = append(w.HostedZones, awssim.HostedZone{Account: string(account), ID: zoneID(name), Name: string(name)})
	}
	slices.SortFunc(w.HostedZones, func(x, y awssim.HostedZone) int { return strings.Compare(x.Name, y.Name) })
	return w, nil
}

// keyPolicy is the policy of a key that CloudWatch Logs of a region may use. What the
// real key's says isn't known here.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
func keyPolicy(region string) string {
	partition, _ := aws.PartitionOf(region)
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"logs.` + region + "." + partition.DNSSuffix + `"},
		"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*"}]}`
}

// setupOr is the setup of a file, or without one what the mapping needs.
func (s initialState) setupOr(file string) (*awssim.Setup, error) {
	if file != "" {
		return readSetup(file)
	}
	return s.setup()
}

func (s initialState) partition() string {
	if len(s.mapping.Rows) > 0 {
		return s.mapping.Rows[0].API.Partition
	}
	return "aws"
}

// accountOf is the account that owns a row's API; where the row names none, an
// account is made up, the same one each time.
func (s initialState) accountOf(row mapping.Row) mapping.AccountID {
	if row.Account != "" {
		return row.Account
	}
	return owners[digest("owner of "+string(row.API.ID))%uint32(len(owners))]
}

// digest is a small number that a name always gets.
func digest(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name)) // hash.Hash never returns an error
	return h.Sum32()
}

// accounts are the shared-services account and the owners, each with the roles
// by which it is entered.
func (s initialState) accounts() []awssim.Account {
	roles := s.rolesByAccount()
	aliases := map[mapping.AccountID]string{s.shared: "shared"}
	for _, account := range s.mapping.Accounts {
		aliases[account.ID] = account.Name
	}
	var all []string
	for _, id := range slices.Sorted(maps.Keys(roles)) {
		all = append(all, string(id))
	}
	var accounts []awssim.Account
	for _, id := range slices.Sorted(maps.Keys(roles)) {
		account := awssim.Account{ID: string(id), Alias: aliases[id]}
		for _, name := range slices.Sorted(maps.Keys(roles[id])) {
			// How long the real role's sessions last isn't known here: this one's may
			// last as long as any, portico:aws.sessionDuration.
			role := awssim.Role{Name: name, Trusts: []string{string(s.shared)}, MaxSession: longestSession}
			if roles[id][name] {
				role.Trusts = all
			}
			account.Roles = append(account.Roles, role)
		}
		accounts = append(accounts, account)
	}
	return accounts
}

// rolesByAccount are the accounts' roles by name, each with whether any of the
// accounts may assume it: those for validation records.
func (s initialState) rolesByAccount() map[mapping.AccountID]map[string]bool {
	roles := map[mapping.AccountID]map[string]bool{s.shared: {}}
	add := func(arn string, trustsAll bool) {
		account, name, ok := roleOf(arn)
		if !ok {
			return
		}
		if roles[account] == nil {
			roles[account] = map[string]bool{}
		}
		roles[account][name] = roles[account][name] || trustsAll
	}
	for _, arn := range s.roles {
		add(arn, false)
	}
	for _, account := range s.mapping.Accounts {
		if roles[account.ID] == nil {
			roles[account.ID] = map[string]bool{}
		}
		add(account.RoleARN, false)
	}
	for _, zone := range s.zones {
		add(zone.RoleARN, true)
	}
	if s.leavesProxy() {
		add(s.validationRoleARN(), true)
	}
	for _, row := range s.mapping.Rows {
		if account := s.accountOf(row); roles[account] == nil {
			roles[account] = map[string]bool{}
		}
	}
	for account := range roles {
		if account != s.shared && len(roles[account]) == 0 {
			roles[account][ownerRole] = false
		}
	}
	return roles
}

// longestSession is the longest session that a role may have, in seconds.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
const longestSession = 12 * 3600

// ownerRole is the role in an owner's account for which the mapping names none.
const ownerRole = "portico"

// roleARN is the role by which a provider account is entered.
func (s initialState) roleARN(account mapping.AccountID) string {
	for _, known := range s.mapping.Accounts {
		if known.ID == account && known.RoleARN != "" {
			return known.RoleARN
		}
	}
	if account == s.shared {
		return ""
	}
	return aws.RoleARN{Partition: s.partition(), AccountID: string(account), Path: "/", Name: ownerRole}.String()
}

// roleOf splits a role's ARN into its account and its name with path.
func roleOf(arn string) (account mapping.AccountID, name string, ok bool) {
	role, err := aws.ParseRoleARN(arn)
	if err != nil {
		return "", "", false
	}
	return mapping.AccountID(role.AccountID), strings.TrimPrefix(role.Path, "/") + role.Name, true
}

// publicZones are the public hosted zones that certificates need, with their
// accounts: for each host the registered domain, the zones that
// rows name, and those of settings.
func (s initialState) publicZones() map[mapping.Zone]mapping.AccountID {
	zones := make(map[mapping.Zone]mapping.AccountID)
	for _, row := range s.mapping.Rows {
		zones[registeredZone(row)] = s.shared
		if row.PublicZone != "" {
			zones[row.PublicZone] = s.shared
		}
	}
	for _, zone := range s.zones {
		if account, _, ok := roleOf(zone.RoleARN); ok {
			zones[zone.Name] = account
		}
	}
	return zones
}

// registeredZone is the zone of the registered domain of which a row's host is
// part.
func registeredZone(row mapping.Row) mapping.Zone {
	host := strings.TrimPrefix(string(row.Host), "*.")
	registered, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		// The host is a public suffix itself, which has a zone too.
		registered = host
	}
	return mapping.Zone(registered)
}

// leavesProxy reports whether a row has another front door than the proxy.
func (s initialState) leavesProxy() bool {
	return slices.ContainsFunc(s.mapping.Rows, func(row mapping.Row) bool { return row.FrontDoor != mapping.FrontDoorNGINX })
}

// validatedBy are the public zones of an account's rows, in which it validates
// certificates of its own while hosts come and go.
func (s initialState) validatedBy(account mapping.AccountID) []mapping.Zone {
	zones := make(map[mapping.Zone]bool)
	for _, row := range s.mapping.Rows {
		if s.accountOf(row) != account {
			continue
		}
		zones[registeredZone(row)] = true
		if row.PublicZone != "" {
			zones[row.PublicZone] = true
		}
	}
	return slices.Sorted(maps.Keys(zones))
}

// validationRole is the shared account's role by which provider accounts write
// validation records into its public zones.
const validationRole = "portico-validation"

func (s initialState) validationRoleARN() string {
	return aws.RoleARN{Partition: s.partition(), AccountID: string(s.shared), Path: "/", Name: validationRole}.String()
}

// zoneID is a hosted zone's ID, of Route 53's form.
func zoneID(name mapping.Zone) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	id := []byte("Z")
	h := fnv.New64a()
	h.Write([]byte(name)) // hash.Hash never returns an error
	for sum := h.Sum64(); len(id) < 14; sum /= uint64(len(letters)) {
		id = append(id, letters[sum%uint64(len(letters))])
	}
	return string(id)
}

// readSetup reads a setup from a JSON file.
func readSetup(path string) (*awssim.Setup, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read what the accounts begin with: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var w awssim.Setup
	if err := decoder.Decode(&w); err != nil {
		return nil, fmt.Errorf("read what the accounts begin with: %s: %w: write it as internal/awssim's type Setup is", path, err)
	}
	return &w, nil
}
