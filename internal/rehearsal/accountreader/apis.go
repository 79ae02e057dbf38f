package accountreader

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
)

func (a *account) RESTAPI(ctx context.Context, id string) (*doctor.RESTAPI, error) {
	apis, err := a.RESTAPIs(ctx)
	if i := slices.IndexFunc(apis, func(api doctor.RESTAPI) bool { return api.ID == id }); i >= 0 {
		return &apis[i], err
	}
	return nil, err
}

func (a *account) RESTAPIs(context.Context) ([]doctor.RESTAPI, error) {
	var apis []doctor.RESTAPI
	for _, api := range a.simulator.RESTAPIs(a.region) {
		if api.Account == a.id {
			apis = append(apis, doctor.RESTAPI{
				ID: api.ID, Name: api.Name, EndpointType: api.EndpointType, VPCEndpointIDs: api.VPCEndpointIDs, Policy: api.SavedPolicy, AccessMode: api.AccessMode,
			})
		}
	}
	slices.SortFunc(apis, func(x, y doctor.RESTAPI) int { return cmp.Compare(x.ID, y.ID) })
	return apis, nil
}

// Stages looks without copying: there may be many APIs.
func (a *account) Stages(_ context.Context, apiID string) ([]doctor.Stage, error) {
	var stages []doctor.Stage
	a.simulator.Look(a.id, a.region, func(op *engine.Op) {
		for _, r := range op.All(view.StageType) {
			if r.Properties.Text("restApi") == apiID {
				stages = append(stages, doctor.Stage{Name: r.Properties.Text("stageName"), DeploymentID: r.Properties.Text("deployment")})
			}
		}
	})
	slices.SortFunc(stages, func(x, y doctor.Stage) int { return cmp.Compare(x.Name, y.Name) })
	return stages, nil
}

func (a *account) Deployments(_ context.Context, apiID string) ([]doctor.Deployment, error) {
	var deployments []doctor.Deployment
	for _, r := range a.resources(view.DeploymentType) {
		if r.Properties.Text("restApi") != apiID {
			continue
		}
		created, err := time.Parse(time.RFC3339, r.Properties.Text("createdDate"))
		if err != nil {
			return nil, err
		}
		deployments = append(deployments, doctor.Deployment{ID: r.ID, Description: r.Properties.Text("description"), Created: created})
	}
	return deployments, nil
}

func (a *account) Domain(_ context.Context, name, id string) (*doctor.Domain, error) {
	domains := a.simulator.Domains(a.region)
	i := slices.IndexFunc(domains, func(d awssim.CustomDomain) bool {
		return d.Account == a.id && d.Name == name && (d.Type != view.PrivateDomain && id == "" || d.ID == id && id != "")
	})
	if i < 0 {
		return nil, nil
	}
	described := domains[i]
	domain := &doctor.Domain{
		Name: name, ID: described.ID, ARN: described.ARN, Type: described.Type, Status: "AVAILABLE",
		CertificateARN: described.CertificateARN, Policy: described.Policy,
	}
	for _, m := range described.Mappings {
		domain.Mappings = append(domain.Mappings, doctor.BasePathMapping{BasePath: m.BasePath, APIID: m.APIID, Stage: m.Stage})
	}
	return domain, nil
}

func (a *account) AccessAssociations(context.Context) ([]doctor.AccessAssociation, error) {
	var associations []doctor.AccessAssociation
	for _, r := range a.resources(view.AccessAssociationType) {
		associations = append(associations, doctor.AccessAssociation{
			ARN: r.ARN, DomainARN: r.Properties.Text("domainNameArn"), EndpointID: r.Properties.Text("accessAssociationSource"),
		})
	}
	return associations, nil
}
