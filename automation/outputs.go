package automation

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/portico-iac/portico/mapping"
)

// Contract is the version of the stacks' outputs that this package reads. A
// version gains outputs, and never loses or changes one.
const Contract = 1

// SharedOutputs are the outputs of the shared-services account's stack.
type SharedOutputs struct {
	Contract  int               `json:"contract"`
	Region    string            `json:"region"`
	AccountID mapping.AccountID `json:"accountId"`
	VPCID     string            `json:"vpcId"`
	// VPCEndpointID is the execute-api endpoint's: the proxy's where it stands,
	// or else the one of Endpoints that does.
	VPCEndpointID      string `json:"vpcEndpointId"`
	VPCEndpointDNSName string `json:"vpcEndpointDnsName"`
	// LoadBalancerDNSName is empty where every host has the front door native.
	LoadBalancerDNSName string `json:"loadBalancerDnsName"`
	// LoadBalancers tell load balancers apart where there are several.
	LoadBalancers []LoadBalancer `json:"loadBalancers"`
	// MappingDigest tells mappings of different meaning apart.
	MappingDigest string `json:"mappingDigest"`
	// Hosts are the hosts whose names lead somewhere, sorted.
	Hosts []mapping.Host `json:"hosts"`
	// Endpoints are the IDs of the execute-api endpoints that stand, by the
	// front door that each one serves.
	Endpoints map[mapping.FrontDoor]string `json:"endpoints"`
	// Doors says for each host that isn't served by nginx alone where it stands.
	Doors map[mapping.Host]Placement `json:"doors"`
	// AssociationCommands are what has to be run in the accounts of VPCs that
	// are to be associated with the hosted zones, where no role lets Portico.
	AssociationCommands []string `json:"associationCommands"`
	// ImportedCertificatesExpire are the times (RFC 3339) until which imported
	// certificates, which nobody renews, are valid, by first name and kind of key.
	ImportedCertificatesExpire map[string]string `json:"importedCertificatesExpire"`
}

// LoadBalancer is one of several load balancers.
type LoadBalancer struct {
	// Suffix ends the names of the load balancer's resources; empty for the first.
	Suffix  string `json:"suffix"`
	DNSName string `json:"dnsName"`
	// CertificateNames are those of the certificates that were issued for it.
	CertificateNames []string `json:"certificateNames"`
}

// Placement is where a host stands on its way from one front door to another.
type Placement struct {
	// Name is the front door that the host's name leads to; empty where it has
	// no name yet.
	Name mapping.FrontDoor `json:"name"`
	// Keeps are the other front doors whose way to the API stays up, or while
	// the host waits for its domain, is put up beforehand.
	Keeps []mapping.FrontDoor `json:"keeps"`
	// Waits says what the host waits for; empty where it has arrived.
	Waits Wait `json:"waits"`
}

// Wait is what a host waits for before its next step.
type Wait string

// What hosts wait for.
const (
	// WaitsForProvider says that the account of the host's APIs has to be
	// brought up: its side of the wanted front door isn't there.
	WaitsForProvider Wait = "provider"
	// WaitsForDomain says that the host's private custom domain has been
	// associated with the endpoint, which API Gateway provisions by and by, and
	// that the name moves in the next run.
	WaitsForDomain Wait = "domain"
	// WaitsForClients says that the host's name has moved, and that clients may
	// hold the old answer.
	WaitsForClients Wait = "clients"
)

// ProviderOutputs are the outputs of a provider account's stack.
type ProviderOutputs struct {
	AccountID mapping.AccountID `json:"accountId"`
	// RedeployCommands are what the APIs' owner runs after an update that
	// changed policies, where the stack doesn't deploy stages itself.
	RedeployCommands []string `json:"redeployCommands"`
	// Ready are the rows, as host and base path ("orders.example.com/v1"), whose
	// whole way stands on the account's side, by front door. For nginx it has
	// rows of those hosts only that SharedOutputs.Doors has.
	Ready map[mapping.FrontDoor][]string `json:"ready"`
	// ReadyFor are the IDs of the endpoints that Ready is about.
	ReadyFor map[mapping.FrontDoor]string `json:"readyFor"`
	// Keeps are the hosts whose earlier front door the policies still admit.
	Keeps []mapping.Host `json:"keeps"`
	// DomainNameARNs are the private custom domains' ARNs, by host.
	DomainNameARNs map[mapping.Host]string `json:"domainNameArns"`
	// ResourceShareARN is the share through which the shared account gets at
	// the private custom domains; empty where there is none.
	ResourceShareARN string `json:"resourceShareArn"`
}

// ReadSharedOutputs gives the outputs of a shared stack their types. Outputs of
// another contract are an error; outputs that it doesn't know are left out.
func ReadSharedOutputs(outputs auto.OutputMap) (*SharedOutputs, error) {
	var typed SharedOutputs
	contract, found := outputs["contract"]
	switch {
	case !found:
		return nil, errors.New("read the shared stack's outputs: there is no output contract: bring the stack up with Portico first")
	case contract.Value != float64(Contract):
		return nil, fmt.Errorf("read the shared stack's outputs: they are of contract %v, and this program knows %d: use the version of Portico that brought the stack up, or bring it up with this one",
			contract.Value, Contract)
	}
	if err := decode(outputs, &typed); err != nil {
		return nil, fmt.Errorf("read the shared stack's outputs: %w", err)
	}
	return &typed, nil
}

// ReadProviderOutputs gives the outputs of a provider account's stack their
// types. Outputs that it doesn't know are left out.
func ReadProviderOutputs(outputs auto.OutputMap) (*ProviderOutputs, error) {
	var typed ProviderOutputs
	if err := decode(outputs, &typed); err != nil {
		return nil, fmt.Errorf("read a provider stack's outputs: %w", err)
	}
	return &typed, nil
}

// decode reads outputs into a struct by its JSON names.
func decode(outputs auto.OutputMap, typed any) error {
	values := make(map[string]any, len(outputs))
	for name, output := range outputs {
		values[name] = output.Value
	}
	data, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, typed)
}
