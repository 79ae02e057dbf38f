package awssim_test

import (
	"fmt"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

func checkOf(typ string) *pulumirpc.CheckRequest {
	return &pulumirpc.CheckRequest{Urn: urnOf(typ, "r")}
}

func dnsSetup() *awssim.Setup {
	setup := testSetup()
	setup.HostedZones = []awssim.HostedZone{
		{Account: sharedAccount, ID: "ZPUBLIC", Name: "example.com"},
		{Account: sharedAccount, ID: "ZOTHER", Name: "example.org"},
		{Account: providerAccount, ID: "ZDELEGATED", Name: "sub.example.com"},
	}
	return setup
}

// validationRecords is the records that a certificate asks for, each once.
func validationRecords(certificate resourceOf) map[string]string {
	records := map[string]string{}
	for _, option := range certificate.outputs.Fields["domainValidationOptions"].GetListValue().GetValues() {
		fields := option.GetStructValue().Fields
		records[fields["resourceRecordName"].GetStringValue()] = fields["resourceRecordValue"].GetStringValue()
	}
	return records
}

func (c *client) validate(zone string, certificate resourceOf) {
	c.t.Helper()
	for name, value := range validationRecords(certificate) {
		c.create(recordType, zone+name, properties{"zoneId": zone, "name": name, "type": "CNAME", "ttl": 60, "records": []string{value}})
	}
}

func TestCertificateIsIssuedOnlyByTheZoneThatAnswers(t *testing.T) {
	for sentence, test := range map[string]struct {
		domain, zone string
		want         string
	}{
		"the record is in the public zone":         {"*.example.com", "ZPUBLIC", ""},
		"the record is in a zone of another name":  {"*.example.com", "ZOTHER", "zone ZPUBLIC (example.com) of account 111111111111, which answers for"},
		"a closer zone of another account answers": {"*.sub.example.com", "ZPUBLIC", "zone ZDELEGATED (sub.example.com) of account 222222222222, which answers for"},
		"no public zone answers":                   {"*.example.net", "ZPUBLIC", "no public hosted zone answers for"},
	} {
		t.Run(sentence, func(t *testing.T) {
			simulator, err := awssim.New(dnsSetup())
			require.NoError(t, err)
			c := newClient(t, simulator, sharedAccount)
			certificate := c.create(certificateType, "c", properties{"domainName": test.domain, "validationMethod": "DNS"})
			c.validate(test.zone, certificate)
			_, err = c.tryCreate(validationType, "v", properties{"certificateArn": certificate.id})
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "timeout while waiting for state to become 'ISSUED'")
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestPrivateZoneIssuesNothing(t *testing.T) {
	n := newNetwork(t)
	zone := n.create(zoneType, "private", properties{"name": "example.com", "vpcs": []properties{{"vpcId": n.vpc.id}}})
	certificate := n.create(certificateType, "c", properties{"domainName": "*.example.com", "validationMethod": "DNS"})
	n.validate(zone.id, certificate)
	_, err := n.tryCreate(validationType, "v", properties{"certificateArn": certificate.id})
	require.ErrorContains(t, err, "no public hosted zone answers for")
}

func TestWildcardAndApexShareOneRecord(t *testing.T) {
	simulator, err := awssim.New(dnsSetup())
	require.NoError(t, err)
	c := newClient(t, simulator, sharedAccount)
	certificate := c.create(certificateType, "c", properties{"domainName": "*.example.com", "subjectAlternativeNames": []string{"example.com"}, "validationMethod": "DNS"})
	require.Len(t, certificate.outputs.Fields["domainValidationOptions"].GetListValue().GetValues(), 2)
	require.Len(t, validationRecords(certificate), 1)
	for name, value := range validationRecords(certificate) {
		record := properties{"zoneId": "ZPUBLIC", "name": name, "type": "CNAME", "ttl": 60, "records": []string{value}}
		c.create(recordType, "one", record)
		_, err := c.tryCreate(recordType, "two", record)
		require.ErrorContains(t, err, "InvalidChangeBatch")
		require.ErrorContains(t, err, "already exists")
		c.create(recordType, "three", but(record, properties{"allowOverwrite": true}))
	}
}

func TestCertificateNamesHaveAQuota(t *testing.T) {
	simulator, err := awssim.New(dnsSetup())
	require.NoError(t, err)
	c := newClient(t, simulator, sharedAccount)
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprintf("*.n%d.example.com", i))
	}
	c.create(certificateType, "ten", properties{"domainName": names[0], "subjectAlternativeNames": names[1:], "validationMethod": "DNS"})
	_, err = c.tryCreate(certificateType, "eleven", properties{"domainName": "*.example.com", "subjectAlternativeNames": names, "validationMethod": "DNS"})
	require.ErrorContains(t, err, "Too many domain names requested: 11; the quota is 10 a certificate")
}

func TestListenersTakeOnlyIssuedCertificates(t *testing.T) {
	setup := dnsSetup()
	setup.Quotas = map[string]int{"Certificates per load balancer": 1}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	n := networkOn(t, simulator)
	certificate := n.create(certificateType, "c", properties{"domainName": "*.example.com", "validationMethod": "DNS"})
	balancer := n.create(loadBalancerType, "alb", properties{"internal": true, "subnets": n.subnets, "securityGroups": []string{n.groups["lb"]}})
	group := n.create(targetGroupType, "tg", properties{"port": 8443, "protocol": "HTTPS", "vpcId": n.vpc.id, "targetType": "ip"})
	listener := properties{"loadBalancerArn": balancer.id, "port": 443, "protocol": "HTTPS", "certificateArn": certificate.id,
		"defaultActions": []properties{{"type": "forward", "targetGroupArn": group.id}}}
	_, err = n.tryCreate(listenerType, "l", listener)
	require.ErrorContains(t, err, "UnsupportedCertificate")

	n.validate("ZPUBLIC", certificate)
	https := n.create(listenerType, "l", listener)
	require.Empty(t, n.diff(listenerType, "l", https, listener).Diffs)
	_, err = n.tryCreate(listenerType, "l2", listener)
	require.ErrorContains(t, err, "DuplicateListener")
	_, err = n.tryCreate(listenerType, "tls", but(listener, properties{"port": 444, "protocol": "TLS"}))
	require.ErrorContains(t, err, "Listener protocol 'TLS' is not supported")

	second := n.create(certificateType, "second", properties{"domainName": "*.example.org", "validationMethod": "DNS"})
	_, err = n.tryCreate(listenerCertificateType, "lc", properties{"listenerArn": https.id, "certificateArn": second.id})
	require.ErrorContains(t, err, "UnsupportedCertificate")
	n.validate("ZOTHER", second)
	n.create(listenerCertificateType, "lc", properties{"listenerArn": https.id, "certificateArn": second.id})
	_, err = n.tryCreate(listenerCertificateType, "lc2", properties{"listenerArn": https.id, "certificateArn": certificate.id})
	require.ErrorContains(t, err, "TooManyCertificates")

	require.ErrorContains(t, n.delete(certificateType, "c", certificate), "ResourceInUse")
	require.ErrorContains(t, n.delete(targetGroupType, "tg", group), "ResourceInUse")
}

func TestZonesAndRecords(t *testing.T) {
	simulator, err := awssim.New(dnsSetup())
	require.NoError(t, err)
	n := networkOn(t, simulator)
	private := properties{"name": "example.com", "vpcs": []properties{{"vpcId": n.vpc.id}}}
	zone := n.create(zoneType, "private", private)
	require.Empty(t, n.diff(zoneType, "private", zone, private).Diffs)
	balancer := n.create(loadBalancerType, "alb", properties{"internal": true, "subnets": n.subnets})
	alias := properties{"zoneId": zone.id, "name": "*.example.com", "type": "A",
		"aliases": []properties{{"name": balancer.text("dnsName"), "zoneId": balancer.text("zoneId"), "evaluateTargetHealth": true}}}
	record := n.create(recordType, "alias", alias)
	require.Equal(t, "*.example.com", record.text("fqdn"))
	for sentence, test := range map[string]struct {
		typ    string
		inputs properties
		want   string
	}{
		"a private zone of the same name and VPC": {zoneType, private, "ConflictingDomainExists"},
		"an alias to nothing":                     {recordType, but(alias, properties{"name": "a", "aliases": []properties{{"name": "gone.elb.amazonaws.com", "zoneId": "Z1", "evaluateTargetHealth": false}}}), "that target was not found"},
		"a CNAME at the apex":                     {recordType, properties{"zoneId": zone.id, "name": "example.com", "type": "CNAME", "ttl": 60, "records": []string{"a.example.com"}}, "is not permitted at apex"},
		"a CNAME beside an A":                     {recordType, properties{"zoneId": zone.id, "name": "*", "type": "CNAME", "ttl": 60, "records": []string{"a.example.com"}}, "conflicting RRSet"},
		"a zone of another account":               {recordType, properties{"zoneId": "ZDELEGATED", "name": "a", "type": "A", "ttl": 60, "records": []string{"10.0.0.1"}}, "NoSuchHostedZone"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := n.tryCreate(test.typ, sentence, test.inputs)
			require.ErrorContains(t, err, test.want)
		})
	}
	relative := n.create(recordType, "relative", properties{"zoneId": zone.id, "name": "a.example.org", "type": "A", "ttl": 60, "records": []string{"10.0.0.1"}})
	require.Equal(t, "a.example.org.example.com", relative.text("fqdn"), "names outside the zone are relative to it")
	require.ErrorContains(t, n.delete(zoneType, "private", zone), "HostedZoneNotEmpty")

	public, err := n.invoke("aws:route53/getZone:getZone", properties{"name": "example.com"})
	require.NoError(t, err)
	require.Equal(t, "ZPUBLIC", public["zoneId"])
	found, err := n.invoke("aws:route53/getZone:getZone", properties{"name": "example.com.", "privateZone": true})
	require.NoError(t, err)
	require.Equal(t, zone.id, found["zoneId"])
	_, err = n.invoke("aws:route53/getZone:getZone", properties{"name": "b.example.com"})
	require.ErrorContains(t, err, "no matching Route 53 Hosted Zone found")
}

func TestCAARecordsDecideWhetherAmazonIssues(t *testing.T) {
	for sentence, test := range map[string]struct {
		at      string
		records []string
		refused bool
	}{
		"another authority alone":                {"example.com", []string{`0 issue "letsencrypt.org"`}, true},
		"no authority":                           {"example.com", []string{`0 issue ";"`}, true},
		"Amazon beside another":                  {"example.com", []string{`0 issue "letsencrypt.org"`, `0 issue "amazon.com"`}, false},
		"wildcards of another":                   {"example.com", []string{`0 issue "amazon.com"`, `0 issuewild "letsencrypt.org"`}, true},
		"reports alone":                          {"example.com", []string{`0 iodef "mailto:a@example.com"`}, false},
		"the closest name counts":                {"a.example.com", []string{`0 issue "amazonaws.com; policy=ev"`}, false},
		"records of another name are no concern": {"b.example.com", []string{`0 issue "letsencrypt.org"`}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			simulator, err := awssim.New(dnsSetup())
			require.NoError(t, err)
			c := newClient(t, simulator, sharedAccount)
			c.create(recordType, "caa", properties{"zoneId": "ZPUBLIC", "name": test.at, "type": "CAA", "ttl": 60, "records": test.records})
			if test.at == "a.example.com" {
				c.create(recordType, "above", properties{"zoneId": "ZPUBLIC", "name": "example.com", "type": "CAA", "ttl": 60, "records": []string{`0 issue "letsencrypt.org"`}})
			}
			certificate := c.create(certificateType, "c", properties{"domainName": "*.a.example.com", "validationMethod": "DNS"})
			c.validate("ZPUBLIC", certificate)
			_, err = c.tryCreate(validationType, "v", properties{"certificateArn": certificate.id})
			if !test.refused {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "unexpected state 'FAILED', wanted target 'ISSUED'. last error: CAA_ERROR")
		})
	}
}
