package awsreader

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/portico-iac/portico/internal/doctor"
)

// get is the IAM action of every reading call of API Gateway's.
const get = "apigateway:GET"

// pageSize is the most that API Gateway returns at a time.
const pageSize = 500

func (a *account) RESTAPI(ctx context.Context, id string) (*doctor.RESTAPI, error) {
	out, err := a.apigateway.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &id})
	if err != nil {
		return nil, a.failed(get, err)
	}
	api := restAPI(out.Id, out.Name, out.Policy, out.EndpointConfiguration, out.EndpointAccessMode)
	return &api, nil
}

func restAPI(id, name, policy *string, endpoint *types.EndpointConfiguration, mode types.EndpointAccessMode) doctor.RESTAPI {
	api := doctor.RESTAPI{ID: aws.ToString(id), Name: aws.ToString(name), Policy: aws.ToString(policy), AccessMode: string(mode)}
	if endpoint != nil {
		api.VPCEndpointIDs = endpoint.VpcEndpointIds
		for _, kind := range endpoint.Types {
			api.EndpointType = string(kind)
		}
	}
	return api
}

func (a *account) RESTAPIs(ctx context.Context) ([]doctor.RESTAPI, error) {
	var apis []doctor.RESTAPI
	pages := apigateway.NewGetRestApisPaginator(a.apigateway, &apigateway.GetRestApisInput{Limit: aws.Int32(pageSize)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, a.failed(get, err)
		}
		for _, api := range out.Items {
			apis = append(apis, restAPI(api.Id, api.Name, api.Policy, api.EndpointConfiguration, api.EndpointAccessMode))
		}
	}
	return apis, nil
}

func (a *account) Stages(ctx context.Context, apiID string) ([]doctor.Stage, error) {
	out, err := a.apigateway.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: &apiID})
	if err != nil {
		return nil, a.failed(get, err)
	}
	var stages []doctor.Stage
	for _, stage := range out.Item {
		stages = append(stages, doctor.Stage{Name: aws.ToString(stage.StageName), DeploymentID: aws.ToString(stage.DeploymentId)})
	}
	return stages, nil
}

func (a *account) Deployments(ctx context.Context, apiID string) ([]doctor.Deployment, error) {
	var deployments []doctor.Deployment
	pages := apigateway.NewGetDeploymentsPaginator(a.apigateway, &apigateway.GetDeploymentsInput{RestApiId: &apiID, Limit: aws.Int32(pageSize)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, a.failed(get, err)
		}
		for _, one := range out.Items {
			deployments = append(deployments, doctor.Deployment{ID: aws.ToString(one.Id), Description: aws.ToString(one.Description), Created: aws.ToTime(one.CreatedDate)})
		}
	}
	return deployments, nil
}

func (a *account) Domain(ctx context.Context, name, id string) (*doctor.Domain, error) {
	in := &apigateway.GetDomainNameInput{DomainName: &name}
	if id != "" {
		in.DomainNameId = &id
	}
	out, err := a.apigateway.GetDomainName(ctx, in)
	if err != nil {
		return nil, a.failed(get, err)
	}
	domain := &doctor.Domain{
		Name: name, ID: id, ARN: aws.ToString(out.DomainNameArn), Status: string(out.DomainNameStatus), Policy: aws.ToString(out.Policy),
		CertificateARN: aws.ToString(out.CertificateArn) + aws.ToString(out.RegionalCertificateArn),
	}
	if out.EndpointConfiguration != nil {
		for _, kind := range out.EndpointConfiguration.Types {
			domain.Type = string(kind)
		}
	}
	pages := apigateway.NewGetBasePathMappingsPaginator(a.apigateway, &apigateway.GetBasePathMappingsInput{DomainName: &name, DomainNameId: in.DomainNameId, Limit: aws.Int32(pageSize)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, a.failed(get, err)
		}
		for _, m := range page.Items {
			path := aws.ToString(m.BasePath)
			if path == "(none)" {
				path = ""
			}
			domain.Mappings = append(domain.Mappings, doctor.BasePathMapping{BasePath: strings.Trim(path, "/"), APIID: aws.ToString(m.RestApiId), Stage: aws.ToString(m.Stage)})
		}
	}
	return domain, nil
}

func (a *account) AccessAssociations(ctx context.Context) ([]doctor.AccessAssociation, error) {
	var associations []doctor.AccessAssociation
	in := &apigateway.GetDomainNameAccessAssociationsInput{Limit: aws.Int32(pageSize)}
	for {
		out, err := a.apigateway.GetDomainNameAccessAssociations(ctx, in)
		if err != nil {
			return nil, a.failed(get, err)
		}
		for _, one := range out.Items {
			associations = append(associations, doctor.AccessAssociation{
				ARN: aws.ToString(one.DomainNameAccessAssociationArn), DomainARN: aws.ToString(one.DomainNameArn), EndpointID: aws.ToString(one.AccessAssociationSource),
			})
		}
		if aws.ToString(out.Position) == "" {
			return associations, nil
		}
		in.Position = out.Position
	}
}
