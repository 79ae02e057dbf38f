package awssim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

const (
	resourceShareType        = "aws:ram/resourceShare:ResourceShare"
	resourceAssociationType  = "aws:ram/resourceAssociation:ResourceAssociation"
	principalAssociationType = "aws:ram/principalAssociation:PrincipalAssociation"
	shareAccepterType        = "aws:ram/resourceShareAccepter:ResourceShareAccepter"
)

// sharing is a PRIVATE domain of the provider account and an endpoint of the
// shared account that is to call it.
type sharing struct {
	*frontDoor
	owner  *client
	domain resourceOf
}

func newSharing(t *testing.T, setup *awssim.Setup) *sharing {
	t.Helper()
	s := &sharing{frontDoor: newFrontDoor(t, setup)}
	s.owner = newClient(t, s.simulator, providerAccount)
	s.domain = s.owner.create(domainNameType, "orders", private("orders.example.com", s.owner.certificate("*.example.com")))
	return s
}

func (s *sharing) association() properties {
	return properties{"accessAssociationSource": s.endpoint.id, "accessAssociationSourceType": "VPCE", "domainNameArn": s.domain.text("arn")}
}

// share shares the domain with accounts and gives the share.
func (s *sharing) share(external bool, principals ...string) resourceOf {
	s.t.Helper()
	share := s.owner.create(resourceShareType, "share", properties{"allowExternalPrincipals": external})
	s.owner.create(resourceAssociationType, "resource", properties{"resourceShareArn": share.id, "resourceArn": s.domain.text("arn")})
	for _, principal := range principals {
		s.owner.create(principalAssociationType, "principal "+principal, properties{"resourceShareArn": share.id, "principal": principal})
	}
	return share
}

func TestAnAssociationNeedsTheDomainToBeShared(t *testing.T) {
	s := newSharing(t, apiSetup())
	_, err := s.tryCreate(accessAssociationType, "a", s.association())
	require.ErrorContains(t, err, "AccessDeniedException: User: arn:aws:iam::"+sharedAccount+":user/deployer is not authorized to perform: apigateway:CreateAccessAssociation")
	share := s.share(false, sharedAccount)
	require.Regexp(t, `^arn:aws:ram:us-east-1:222222222222:resource-share/[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`, share.id)
	made := s.create(accessAssociationType, "a", s.association())
	require.Equal(t, "arn:aws:apigateway:us-east-1:111111111111:/domainnameaccessassociations/domainname/orders.example.com+"+
		s.domain.text("domainNameId")+"/vpcesource/"+s.endpoint.id, made.id)
	require.Empty(t, s.diff(accessAssociationType, "a", made, s.association()).Diffs)
	require.Equal(t, []string{s.endpoint.id}, s.simulator.Domains("us-east-1")[0].AssociatedEndpoints)

	require.ErrorContains(t, s.owner.delete(domainNameType, "orders", s.domain), "the account "+sharedAccount+" has to delete it first")
	require.NoError(t, s.owner.delete(resourceShareType, "share", share))
	for _, typ := range []string{resourceAssociationType, principalAssociationType} {
		require.Empty(t, s.simulator.Resources(awssim.Filter{Type: typ}), "gone with the share")
	}
	require.Len(t, s.simulator.Domains("us-east-1")[0].AssociatedEndpoints, 1, "what was associated stays so")
	require.NoError(t, s.delete(accessAssociationType, "a", made))
	require.NoError(t, s.owner.delete(domainNameType, "orders", s.domain))
}

func TestAnAssociationOfTheOwnersNeedsNoShare(t *testing.T) {
	d := newFrontDoor(t, apiSetup())
	domain := d.create(domainNameType, "own", but(private("own.example.com", d.certificate("own.example.com")), properties{"policy": nil}))
	d.create(accessAssociationType, "a", properties{"accessAssociationSource": d.endpoint.id, "accessAssociationSourceType": "VPCE", "domainNameArn": domain.text("arn")})
}

func TestAssociationsAreRefused(t *testing.T) {
	s := newSharing(t, apiSetup())
	s.share(false, sharedAccount)
	logs := s.create(endpointType, "logs", properties{"vpcId": s.vpc.id, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface", "subnetIds": s.subnets})
	public := s.owner.create(domainNameType, "public", regional("public.example.com", s.owner.certificate("public.example.com")))
	stranger := newClient(t, s.simulator, strangerAccount)
	twin := stranger.create(domainNameType, "twin", private("orders.example.com", stranger.certificate("orders.example.com")))
	share := stranger.create(resourceShareType, "share", properties{})
	stranger.create(resourceAssociationType, "r", properties{"resourceShareArn": share.id, "resourceArn": twin.text("arn")})
	stranger.create(principalAssociationType, "p", properties{"resourceShareArn": share.id, "principal": sharedAccount})
	s.create(accessAssociationType, "a", s.association())
	for sentence, test := range map[string]struct {
		changes properties
		want    string
	}{
		"the same again":                       {nil, "ConflictException"},
		"another domain of the name":           {properties{"domainNameArn": twin.text("arn")}, "of one name can't be called through one endpoint"},
		"a public domain":                      {properties{"domainNameArn": public.text("arn")}, "there is no private custom domain name"},
		"a domain that isn't there":            {properties{"domainNameArn": s.domain.text("arn") + "0"}, "NotFoundException"},
		"the ARN that policies call it by":     {properties{"domainNameArn": strings.Replace(s.domain.text("arn"), "apigateway", "execute-api", 1)}, "is not an ARN of apigateway"},
		"an endpoint that isn't there":         {properties{"accessAssociationSource": "vpce-0"}, "does not exist in account"},
		"an endpoint of another service":       {properties{"accessAssociationSource": logs.id}, "is none of execute-api"},
		"something that is no endpoint":        {properties{"accessAssociationSource": s.vpc.id}, "is not a VPC endpoint ID"},
		"a source that is no VPC endpoint's":   {properties{"accessAssociationSourceType": "VPC"}, "is not one of VPCE"},
		"an endpoint that another account has": {nil, "does not exist in account " + providerAccount},
	} {
		t.Run(sentence, func(t *testing.T) {
			caller := s.client
			if strings.Contains(test.want, providerAccount) {
				caller = s.owner
			}
			_, err := caller.tryCreate(accessAssociationType, sentence, but(s.association(), test.changes))
			require.ErrorContains(t, err, test.want)
		})
	}
	second := s.create(endpointType, "second", properties{"vpcId": s.vpc.id, "serviceName": "com.amazonaws.us-east-1.execute-api", "vpcEndpointType": "Interface", "subnetIds": s.subnets})
	s.create(accessAssociationType, "twin", but(s.association(), properties{"domainNameArn": twin.text("arn"), "accessAssociationSource": second.id}))
}

func TestQuotaOfAssociations(t *testing.T) {
	setup := apiSetup()
	setup.Quotas = map[string]int{"Private custom domain names per account per Region": 200}
	d := newFrontDoor(t, setup)
	certificate := d.certificate("*.example.com")
	associate := func(i int) error {
		domain := d.create(domainNameType, fmt.Sprint("d", i), but(private(fmt.Sprintf("d%d.example.com", i), certificate), properties{"policy": nil}))
		_, err := d.tryCreate(accessAssociationType, fmt.Sprint("a", i), properties{"accessAssociationSource": d.endpoint.id, "accessAssociationSourceType": "VPCE", "domainNameArn": domain.text("arn")})
		return err
	}
	for i := range 100 {
		require.NoError(t, associate(i))
	}
	require.ErrorContains(t, associate(100), "the quota of 100 is reached")
}

func TestAccountsOutsideTheOrganizationAcceptWithinTwelveHours(t *testing.T) {
	setup := apiSetup()
	setup.Accounts[0].OutsideOrganization = true
	s := newSharing(t, setup)
	closed := s.owner.create(resourceShareType, "closed", properties{})
	_, err := s.owner.tryCreate(principalAssociationType, "p", properties{"resourceShareArn": closed.id, "principal": sharedAccount})
	require.ErrorContains(t, err, "OperationNotPermittedException")

	share := s.share(true, sharedAccount)
	_, err = s.tryCreate(accessAssociationType, "a", s.association())
	require.ErrorContains(t, err, "the invitation to "+share.id+" is pending")
	require.NoError(t, s.simulator.Pass(12*time.Hour+time.Minute))
	_, err = s.tryCreate(accessAssociationType, "a", s.association())
	require.ErrorContains(t, err, "was not accepted within 12 hours")
	_, err = s.tryCreate(shareAccepterType, "late", properties{"shareArn": share.id})
	require.ErrorContains(t, err, "No pending RAM Resource Share ("+share.id+") invitation found")

	require.NoError(t, s.owner.delete(principalAssociationType, "p", resourceOf{id: share.id + "," + sharedAccount}))
	s.owner.create(principalAssociationType, "again", properties{"resourceShareArn": share.id, "principal": sharedAccount})
	require.NoError(t, s.simulator.Pass(11*time.Hour))
	accepter := s.create(shareAccepterType, "in time", properties{"shareArn": share.id})
	require.Equal(t, share.id, accepter.id)
	require.Equal(t, providerAccount, accepter.text("senderAccountId"))
	require.Equal(t, sharedAccount, accepter.text("receiverAccountId"))
	require.Equal(t, s.domain.text("arn"), accepter.outputs.Fields["resources"].GetListValue().Values[0].GetStringValue())
	_, err = s.tryCreate(shareAccepterType, "twice", properties{"shareArn": share.id})
	require.ErrorContains(t, err, "No pending RAM Resource Share")
	s.create(accessAssociationType, "a", s.association())
	require.NoError(t, s.owner.delete(resourceAssociationType, "resource", resourceOf{id: share.id + "," + s.domain.text("arn")}))
	require.Empty(t, s.readByID(shareAccepterType, share.id).Properties.Fields["resources"].GetListValue().GetValues())

	require.NoError(t, s.delete(shareAccepterType, "in time", accepter))
	require.Empty(t, s.simulator.Resources(awssim.Filter{Type: principalAssociationType}), "who leaves a share is no principal of it any more")
}

func TestSharesAreRefused(t *testing.T) {
	s := newSharing(t, apiSetup())
	share := s.share(false, sharedAccount)
	public := s.owner.create(domainNameType, "public", regional("public.example.com", s.owner.certificate("public.example.com")))
	resource := func(arn string) properties {
		return properties{"resourceShareArn": share.id, "resourceArn": arn}
	}
	principal := func(id string) properties {
		return properties{"resourceShareArn": share.id, "principal": id}
	}
	for sentence, test := range map[string]struct {
		typ    string
		inputs properties
		want   string
	}{
		"a public domain":                      {resourceAssociationType, resource(public.text("arn")), "of custom domain names only PRIVATE ones can"},
		"a domain that isn't there":            {resourceAssociationType, resource(s.domain.text("arn") + "0"), "does not exist in account"},
		"the domain again":                     {resourceAssociationType, resource(s.domain.text("arn")), "InvalidParameterException"},
		"a share that isn't there":             {principalAssociationType, but(principal(strangerAccount), properties{"resourceShareArn": share.id + "0"}), "UnknownResourceException"},
		"the principal again":                  {principalAssociationType, principal(sharedAccount), "InvalidParameterException"},
		"the owner":                            {principalAssociationType, principal(providerAccount), "is the owner of the resource share"},
		"an account that does not exist":       {principalAssociationType, principal("999999999999"), "does not allow external principals"},
		"a principal that is no account":       {principalAssociationType, principal("everybody"), "is not an account ID"},
		"an accepter that needs no invitation": {shareAccepterType, properties{"shareArn": share.id}, "this resource is not necessary"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := s.owner.tryCreate(test.typ, sentence, test.inputs)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestSetupsMayBeginWithDomainsThatAreShared(t *testing.T) {
	const (
		domain      = "arn:aws:apigateway:us-east-1:" + providerAccount + ":/domainnames/old.example.com+abcd1234"
		share       = "arn:aws:ram:us-east-1:" + providerAccount + ":resource-share/old"
		certificate = "arn:aws:acm:us-east-1:" + providerAccount + ":certificate/old"
	)
	setup := apiSetup()
	setup.CertificateAuthorities = []awssim.CertificateAuthority{{ARN: privateAuthority}}
	for _, e := range []awssim.Existing{
		{Type: certificateType, ID: certificate, Properties: awssim.Object{"domainName": "old.example.com", "certificateAuthorityArn": privateAuthority}},
		{Type: domainNameType, ID: "old.example.com/abcd1234", Properties: awssim.Object{"domainName": "old.example.com", "certificateArn": certificate,
			"endpointConfiguration": map[string]any{"types": "PRIVATE"}, "policy": allowed}},
		{Type: resourceShareType, ID: share, Properties: awssim.Object{"name": "old"}},
		{Type: resourceAssociationType, ID: share + "," + domain, Properties: awssim.Object{"resourceShareArn": share, "resourceArn": domain}},
		{Type: principalAssociationType, ID: share + "," + sharedAccount, Properties: awssim.Object{"resourceShareArn": share, "principal": sharedAccount}},
	} {
		e.Account, e.Region = providerAccount, "us-east-1"
		setup.Existing = append(setup.Existing, e)
	}
	d := newFrontDoor(t, setup)
	d.create(accessAssociationType, "a", properties{"accessAssociationSource": d.endpoint.id, "accessAssociationSourceType": "VPCE", "domainNameArn": domain})
	found := d.simulator.Domains("us-east-1")
	require.Len(t, found, 1)
	require.Equal(t, "abcd1234", found[0].ID)
	require.Equal(t, []string{d.endpoint.id}, found[0].AssociatedEndpoints)
}

func TestSimulatedTimeIsKept(t *testing.T) {
	dir := t.TempDir()
	simulator, err := awssim.Open(dir, apiSetup())
	require.NoError(t, err)
	before := simulator.Now()
	require.NoError(t, simulator.Pass(72*time.Hour))
	require.NoError(t, simulator.Close())
	for range 2 {
		reopened, err := awssim.Open(dir, apiSetup())
		require.NoError(t, err)
		require.WithinDuration(t, before.Add(72*time.Hour), reopened.Now(), time.Hour)
		require.NoError(t, reopened.Close())
	}
}

func TestAShareIsAcceptedOnceAndThenLookedUp(t *testing.T) {
	setup := apiSetup()
	setup.Accounts[1].OutsideOrganization = true
	s := newSharing(t, setup)
	share := s.share(true, sharedAccount)
	lookup := properties{"name": share.text("name"), "resourceOwner": "OTHER-ACCOUNTS", "resourceShareStatus": "ACTIVE"}
	_, err := s.invoke("aws:ram/getResourceShare:getResourceShare", lookup)
	require.ErrorContains(t, err, "no matching RAM Resource Share found", "a pending share is not listed")
	require.NoError(t, s.simulator.AcceptInvitation(sharedAccount, "us-east-1", share.id))

	_, err = s.tryCreate(shareAccepterType, "accepter", properties{"shareArn": share.id})
	require.ErrorContains(t, err, "No pending RAM Resource Share ("+share.id+") invitation found")
	found, err := s.invoke("aws:ram/getResourceShare:getResourceShare", lookup)
	require.NoError(t, err)
	require.Equal(t, share.id, found["arn"])
}
