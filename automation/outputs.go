package automation

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/portico-iac/portico/internal/outputs"
)

// Contract is the version of the stacks' outputs that this package reads. A
// version may gain outputs; it never loses one, and never changes the meaning of
// one.
const Contract = outputs.Contract

// SharedOutputs are the outputs of the shared-services account's stack, as
// ReadSharedOutputs gives them. Its fields, with the outputs' names:
//
//   - Contract int (contract): the version of the outputs.
//   - Region string (region), AccountID mapping.AccountID (accountId), VPCID
//     string (vpcId): where the stack is.
//   - NamePrefix string (namePrefix): what the names of the stack's resources begin
//     with.
//   - VPCEndpointID, VPCEndpointDNSName string (vpcEndpointId,
//     vpcEndpointDnsName): the proxy's execute-api endpoint. Without a proxy it
//     is that of alb, or else that of native.
//   - LoadBalancerDNSName string (loadBalancerDnsName): empty where every host
//     has the front door native.
//   - LoadBalancers []LoadBalancer (loadBalancers): nil unless there are several.
//   - Cluster, Service string (ecsCluster, ecsService): the names of the ECS
//     cluster and of the proxy's service, once a deployment has come up; empty
//     without a proxy.
//   - LogGroup string (logGroup): the name of the proxy's log group in CloudWatch
//     Logs; empty without a proxy.
//   - MappingDigest string (mappingDigest): differs between mappings of different
//     meaning.
//   - Hosts []mapping.Host (hosts): the hosts that have a DNS name, sorted.
//   - Endpoints map[mapping.FrontDoor]string (endpoints): the IDs of the
//     execute-api endpoints that exist, by the front door that each one serves.
//   - FrontDoors map[mapping.Host]HostState (frontDoors): the hosts that nginx
//     doesn't serve alone, or that are to leave nginx.
//   - AssociationCommands []string (associationCommands): the commands to run in
//     the accounts of VPCs that are to be associated with the private hosted
//     zones, where Portico has no role there.
//   - ImportedCertificatesExpire map[string]string (importedCertificatesExpire):
//     the times (RFC 3339) at which imported certificates expire, by first name
//     and kind of key.
//   - Served *Served (served): the rows that the proxy serves, and those that it
//     awaits; nil: nothing is known.
//   - BaseImage *BaseImage (baseImage): what the proxy's image is built on; nil
//     where none is built.
type SharedOutputs = outputs.Shared

// BaseImage is what the proxy's image is built on. Its fields:
//
//   - Reference string: the base as the settings name it, or as the program does by
//     default.
//   - Digest string: what the reference's tag led to when it was last looked up;
//     empty where it never was, or where the reference has a digest itself.
//   - Since string: when the stack began to build on this image (RFC 3339).
//   - Refresh string: portico:image.refresh at the last look-up.
type BaseImage = outputs.BaseImage

// LoadBalancer is one of several load balancers. Its fields:
//
//   - Name string: part of the names of its resources; empty for the first.
//   - DNSName string.
//   - CertificateNames []mapping.Host: the names of the certificates that were
//     issued for it.
type LoadBalancer = outputs.LoadBalancer

// HostState is the state of a host between front doors. Its fields:
//
//   - Current mapping.FrontDoor: the front door that the host's DNS name leads to;
//     empty: the host has no name yet.
//   - Target mapping.FrontDoor: the front door that the host's rows want; empty
//     where it is Current.
//   - Retains []mapping.FrontDoor: other front doors that still serve the host, or
//     that are connected before its name moves.
//   - Pending Pending: what the host waits for; empty: nothing.
//   - Rows []string: the addresses of the host's rows ("orders.example.com/v1"),
//     all of which have to be provisioned before the name moves; nil where Target
//     is empty.
type HostState = outputs.HostState

// Pending is what a host waits for before its next step.
type Pending = outputs.Pending

// What hosts wait for.
const (
	// PendingProvider says that the provider account has not provisioned the
	// host's rows for the target front door yet.
	PendingProvider = outputs.PendingProvider
	// PendingAssociation says that the host's PRIVATE custom domain has been
	// associated with the endpoint. API Gateway provisions the association
	// within 15 minutes; the name moves in a later run.
	PendingAssociation = outputs.PendingAssociation
	// PendingClients says that the host's name has moved, and that clients may
	// use the earlier answer for 60 seconds.
	PendingClients = outputs.PendingClients
)

// ProviderOutputs are the outputs of a provider account's stack, as
// ReadProviderOutputs gives them. Its fields, with the outputs' names:
//
//   - Contract int (contract): the version of the outputs.
//   - AccountID mapping.AccountID (accountId).
//   - RedeployCommands []string (redeployCommands): what the APIs' owner runs
//     after an update that changed policies; empty where the stack deploys stages
//     itself.
//   - Provisioned map[mapping.FrontDoor][]string (provisioned): the addresses of
//     the rows ("orders.example.com/v1") for which the account has everything that
//     the front door needs. For nginx it has only rows of hosts that come from
//     another front door.
//   - ProvisionedFor map[mapping.FrontDoor]string (provisionedFor): the IDs of the
//     endpoints that Provisioned is about.
//   - Retains []mapping.Host (retains): the hosts whose earlier front door the
//     policies still admit, sorted.
//   - DomainNameARNs map[mapping.Host]string (domainNameArns): the ARNs of the
//     PRIVATE custom domains.
//   - ResourceShareARN string (resourceShareArn): the share through which the
//     shared account uses them; empty where there is none.
//   - ResourceShareName string (resourceShareName): the share's name.
//   - ImportedCertificatesExpire map[string]string (importedCertificatesExpire):
//     as in SharedOutputs.
//   - Policies map[mapping.APIID]string (policies): the digests of the policies that
//     the last update saved: their SHA-256, in hexadecimal.
//   - Digest string (digest): what the last update was for. Empty: it left something
//     to the next.
type ProviderOutputs = outputs.Provider

// ReadSharedOutputs gives the outputs of a shared stack their types. Outputs of
// another contract, or of none, are an error, and so is an output of another
// type. Outputs that the contract doesn't know are left out.
func ReadSharedOutputs(from auto.OutputMap) (*SharedOutputs, error) {
	shared, err := outputs.DecodeShared(valuesOf(from))
	if other := new(outputs.ContractError); errors.As(err, &other) {
		return nil, fmt.Errorf("read the shared stack's outputs: %w: use the version of Portico that brought the stack up, or bring it up with this one", err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the shared stack's outputs: %w", err)
	}
	return shared, nil
}

// ReadProviderOutputs gives the outputs of a provider account's stack their
// types, as ReadSharedOutputs does. A stack that has no contract among its
// outputs has reported nothing: the result has no other output.
func ReadProviderOutputs(from auto.OutputMap) (*ProviderOutputs, error) {
	provider, err := outputs.DecodeProvider(valuesOf(from))
	if err != nil {
		return nil, fmt.Errorf("read a provider stack's outputs: %w", err)
	}
	return provider, nil
}

// valuesOf are the values of outputs; nil where there are none.
func valuesOf(from auto.OutputMap) map[string]any {
	if from == nil {
		return nil
	}
	values := make(map[string]any, len(from))
	for name, output := range from {
		values[name] = output.Value
	}
	return values
}
