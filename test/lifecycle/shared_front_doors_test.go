package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

const (
	certificateType = "aws:acm/certificate:Certificate"
	balancerType    = "aws:lb/loadBalancer:LoadBalancer"
	privateZoneType = "aws:route53/zone:Zone"
)

// domainsOf are so many hosts of one API, each under a parent domain of its own.
func domainsOf(n int) string {
	var b strings.Builder
	b.WriteString("ACCOUNTS:\n  orders: {ID: \"222222222222\", ROLE_ARN: \"arn:aws:iam::222222222222:role/portico\"}\nAPIS:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: orders.d%d.example.com, PRIVATE_API_URL: 'https://orders0001.execute-api.us-east-1.amazonaws.com/dev', ACCOUNT: orders}\n", i)
	}
	return b.String()
}

// ids are the resources of a type that Portico made in the shared account.
func (e *simulatedEnvironment) ids(token string) []string {
	var ids []string
	for _, r := range e.Resources(awssim.Filter{Account: sharedAccount, Type: token}) {
		if len(r.Properties.Object("tagsAll")) > 0 {
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// TestCertificatesSpillOverToFurtherLoadBalancers has more parent domains than
// one load balancer takes, and gets more of them.
func TestCertificatesSpillOverToFurtherLoadBalancers(t *testing.T) {
	slowly(t)
	t.Parallel()
	files := smallProject()
	files["mapping.yaml"] = domainsOf(2)
	files["Pulumi.dev.yaml"] = sharedSettings + "  portico:quotas: {certificatesPerLoadBalancer: 1, namesPerCertificate: 1}\n"
	e := newEnvironment(t, files, ordersSetup())
	before := e.things()
	e.up()
	require.Len(t, e.ids(balancerType), 1)
	first := e.ids(certificateType)
	require.Len(t, first, 2)

	write(t, e.project, map[string]string{"mapping.yaml": domainsOf(5)})
	e.up()
	require.Contains(t, e.log.String(), "nginx uses 3 load balancers")
	require.Len(t, e.ids(balancerType), 3)
	require.Subset(t, e.ids(certificateType), first, "those that exist stay")
	e.requireNoChanges()

	_, err := e.env.Destroy(t.Context())
	require.NoError(t, err)
	require.Empty(t, e.disagreements(before), e.log)
}

// TestSharesFromOutsideTheOrganizationAreAccepted serves a PRIVATE custom domain
// of an account that is no member of the shared account's organization: the stack
// accepts its share, or an administrator of the shared account has by then.
func TestSharesFromOutsideTheOrganizationAreAccepted(t *testing.T) {
	slowly(t)
	t.Run("by the stack", func(t *testing.T) { acceptShare(t, func(*simulatedEnvironment) {}) })
	t.Run("by hand", func(t *testing.T) {
		acceptShare(t, func(e *simulatedEnvironment) {
			e.OnCall(func(c awssim.Call) {
				if c.Type == "aws:ram/principalAssociation:PrincipalAssociation" && c.Action == "ram:AssociateResourceShare" {
					shares := e.Resources(awssim.Filter{Type: "aws:ram/resourceShare:ResourceShare"})
					require.Len(t, shares, 1)
					require.NoError(t, e.AcceptInvitation(sharedAccount, region, shares[0].ID))
				}
			})
		})
	})
}

// acceptShare takes an environment through its life with a share to accept.
func acceptShare(t *testing.T, meanwhile func(*simulatedEnvironment)) {
	t.Parallel()
	setup := movingSetup()
	setup.Accounts[1].OutsideOrganization = true
	files := movingProject("native")
	files["Pulumi.dev.yaml"] += "  portico:native: {acceptShares: [\"" + ordersAccount + "\"]}\n"
	files["accounts/provider/Pulumi.dev-orders.yaml"] += "  portico:native: {allowExternalPrincipals: true}\n"
	e := newEnvironment(t, files, setup)
	e.env.Settle = 0
	before := e.things()
	meanwhile(e)
	e.up()
	e.OnCall(nil)
	require.Len(t, e.domain(string(movingHost)).AssociatedEndpoints, 1)
	e.requireNoChanges()
	_, err := e.env.Destroy(t.Context())
	require.NoError(t, err)
	require.Empty(t, e.disagreements(before), e.log)
}

// TestEnvironmentsOfOneAccountHaveTheSameNames brings up two environments whose
// hosts are the same, by APIs of their own.
func TestEnvironmentsOfOneAccountHaveTheSameNames(t *testing.T) {
	slowly(t)
	t.Parallel()
	const toProd = "owned00001"
	files := movingProject("native")
	files["Pulumi.dev.yaml"] += "  portico:certificates: {sharedRecords: true}\n"
	orders := "accounts/provider/Pulumi.dev-orders.yaml"
	files[orders] = strings.Replace(files[orders], "{zones:", "{sharedRecords: true, zones:", 1)
	prod := strings.ReplaceAll(movingMapping("native"), emptyAPI, "other00001")
	files["prod.yaml"] = strings.ReplaceAll(prod, toProd, "other00002")
	files["Pulumi.prod.yaml"] = strings.NewReplacer("mapping.yaml", "prod.yaml", "environment: dev", "environment: prod", "/dev-orders", "/prod-orders").Replace(files["Pulumi.dev.yaml"])
	files["accounts/provider/Pulumi.prod-orders.yaml"] = strings.NewReplacer("mapping.yaml", "prod.yaml", "portico/dev", "portico/prod").Replace(files[orders])
	setup := movingSetup()
	for _, id := range []string{"other00001", "other00002"} {
		setup.RESTAPIs = append(setup.RESTAPIs, awssim.RESTAPI{Account: ordersAccount, Region: region, ID: id, Name: id, Stages: []string{"dev"}})
	}
	e := newEnvironment(t, files, setup)
	e.env.Settle = 0
	other, err := automation.Discover(e.project, "prod", automation.Programs{
		Shared: accounts.SharedIn, Provider: accounts.ProviderIn, SharedTagged: accounts.TaggedIn, ProviderTagged: accounts.ProviderTaggedIn,
	})
	require.NoError(t, err)
	other.Command, other.Progress, other.Env, other.Settle, other.Sleep = e.env.Command, e.env.Progress, e.env.Env, 0, e.sleep

	e.up()
	_, err = other.Up(t.Context())
	require.NoError(t, err, "%s", e.log)
	var names []string
	vpcs := map[string]bool{}
	for _, zone := range e.Resources(awssim.Filter{Account: sharedAccount, Type: privateZoneType}) {
		if attached := zone.Properties.Objects("vpcs"); len(attached) > 0 {
			names = append(names, zone.Properties.Text("name"))
			vpcs[attached[0].Text("vpcId")] = true
		}
	}
	require.Equal(t, []string{"internal.example.com", "internal.example.com"}, names)
	require.Len(t, vpcs, 2)
	e.requireNoChanges()
	report, err := other.Preview(t.Context())
	require.NoError(t, err)
	for _, stack := range report.Stacks {
		require.Zero(t, stack.Changes.Create+stack.Changes.Update+stack.Changes.Replace+stack.Changes.Delete, stack.Name)
	}

	_, err = e.env.Destroy(t.Context())
	require.NoError(t, err, "%s", e.log)
	_, err = other.Preview(t.Context())
	require.NoError(t, err, "the other environment is unaffected")
}

// TestAMoveThatFailsIsNotClaimed has a run fail in which a name was to move. The
// next one has to read which front door the host really has.
func TestAMoveThatFailsIsNotClaimed(t *testing.T) {
	slowly(t)
	for sentence, test := range map[string]struct {
		settings string
		from, to mapping.FrontDoor
		fault    awssim.Fault
	}{
		"to a load balancer without the host's rule": {
			"  portico:alb: {loadBalancer: own}\n", mapping.FrontDoorNGINX, mapping.FrontDoorALB,
			// The first rule has the targets' health checked, the second is the host's.
			awssim.Fault{Action: "elasticloadbalancing:CreateRule", Nth: 2},
		},
		"back to the proxy, while the host's rule leads to the endpoint": {
			"", mapping.FrontDoorALB, mapping.FrontDoorNGINX,
			awssim.Fault{Action: "elasticloadbalancing:ModifyRule"},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			files := movingProject(test.from)
			files["Pulumi.dev.yaml"] += test.settings
			e := newEnvironment(t, files, movingSetup())
			e.env.Settle = 0
			e.up()

			write(t, e.project, map[string]string{"mapping.yaml": movingMapping(test.to)})
			test.fault.Kind = awssim.Denial
			e.Inject(test.fault)
			_, err := e.env.Up(t.Context())
			require.ErrorContains(t, err, test.fault.Action)
			resources := e.state(e.env.Shared).Resources
			stack := slices.IndexFunc(resources, func(r apitype.ResourceV3) bool { return r.Type == "pulumi:pulumi:Stack" })
			outputs := resources[stack].Outputs
			require.Equal(t, map[string]any{string(movingHost): map[string]any{
				"current": string(test.from), "target": string(test.to), "pending": "provider", "rows": []any{string(movingHost)},
			}}, outputs["frontDoors"])
			require.Equal(t, []any{string(movingHost), string(stayHost)}, outputs["hosts"])
			for _, record := range e.Resources(awssim.Filter{Account: sharedAccount, Type: "aws:route53/record:Record"}) {
				require.NotEqual(t, string(movingHost), record.Properties.Text("name"), "the name moved to a load balancer without its rule")
			}

			report := e.up()
			e.requireAtFrontDoor(report, test.to)
			e.requireNoChanges()
		})
	}
}
