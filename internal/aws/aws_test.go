package aws_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/aws"
)

// regions are those of botocore 1.43.11, botocore/data/partitions.json, without
// its pseudo-regions such as aws-global.
var regions = map[string][]string{
	"aws": {
		"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
		"ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
		"eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
	},
	"aws-cn":     {"cn-north-1", "cn-northwest-1"},
	"aws-us-gov": {"us-gov-east-1", "us-gov-west-1"},
	"aws-iso":    {"us-iso-east-1", "us-iso-west-1"},
	"aws-iso-b":  {"us-isob-east-1", "us-isob-west-1"},
	"aws-iso-e":  {"eu-isoe-west-1"},
	"aws-iso-f":  {"us-isof-east-1", "us-isof-south-1"},
	"aws-eusc":   {"eusc-de-east-1"},
}

// outputs are dnsSuffix and implicitGlobalRegion of the same file.
var outputs = map[string][2]string{
	"aws":        {"amazonaws.com", "us-east-1"},
	"aws-cn":     {"amazonaws.com.cn", "cn-northwest-1"},
	"aws-us-gov": {"amazonaws.com", "us-gov-west-1"},
	"aws-iso":    {"c2s.ic.gov", "us-iso-east-1"},
	"aws-iso-b":  {"sc2s.sgov.gov", "us-isob-east-1"},
	"aws-iso-e":  {"cloud.adc-e.uk", "eu-isoe-west-1"},
	"aws-iso-f":  {"csp.hci.ic.gov", "us-isof-south-1"},
	"aws-eusc":   {"amazonaws.eu", "eusc-de-east-1"},
}

func TestEveryRegionHasItsPartition(t *testing.T) {
	require.Len(t, aws.Partitions(), len(regions))
	for id, names := range regions {
		for _, name := range names {
			p, ok := aws.PartitionOf(name)
			require.True(t, ok, name)
			require.Equal(t, id, p.ID, name)
			require.Equal(t, outputs[id], [2]string{p.DNSSuffix, p.GlobalRegion})
			require.True(t, aws.IsRegion(name))
			require.True(t, aws.IsPartition(id))
			require.Regexp(t, "^(?:"+p.RegionPattern()+")$", name)
		}
	}
}

func TestWhatIsNoRegion(t *testing.T) {
	for _, text := range []string{
		"", "us-east", "us-east-", "us-east-1a", "us-east-1 ", "US-EAST-1", "aws-global", "us-east-100", "useast1", "us_east_1",
		"eusc-east-1", "us-gov-west-1-", "cn-north-1.amazonaws.com", "us-east-1\n",
	} {
		require.False(t, aws.IsRegion(text), text)
	}
	for _, text := range []string{"", "AWS", "aws-", "aws-iso-g", "amazon"} {
		require.False(t, aws.IsPartition(text), text)
	}
}

// No region has the shape of two partitions that aren't "aws", so that the
// partitions' order decides nothing.
func TestPartitionsDoNotOverlap(t *testing.T) {
	for _, names := range regions {
		for _, name := range names {
			var of []string
			for _, p := range aws.Partitions() {
				if p.ID != "aws" && regexp.MustCompile("^(?:"+p.RegionPattern()+")$").MatchString(name) {
					of = append(of, p.ID)
				}
			}
			require.LessOrEqual(t, len(of), 1, name)
		}
	}
}

func TestAccountIDs(t *testing.T) {
	require.True(t, aws.IsAccountID("012345678901"))
	for _, text := range []string{"", "12345678901", "1234567890123", "12345678901a", "１２３４５６７８９０１２", "123456789012\n"} {
		require.False(t, aws.IsAccountID(text), text)
	}
}

func TestARNsOfEveryPartition(t *testing.T) {
	for id, names := range regions {
		for _, region := range names {
			text := fmt.Sprintf("arn:%s:acm:%s:222222222222:certificate/0a1b-2c", id, region)
			a, err := aws.ParseARN(text)
			require.NoError(t, err)
			require.Equal(t, aws.ARN{Partition: id, Service: "acm", Region: region, AccountID: "222222222222", Resource: "certificate/0a1b-2c"}, a)
			require.Equal(t, text, a.String())

			certificate, err := aws.ParseCertificateARN(text)
			require.NoError(t, err)
			require.Equal(t, a, certificate)
			authority, err := aws.ParseCertificateAuthorityARN(fmt.Sprintf("arn:%s:acm-pca:%s:222222222222:certificate-authority/0a1b", id, region))
			require.NoError(t, err)
			require.Equal(t, region, authority.Region)
		}
		role, err := aws.ParseRoleARN("arn:" + id + ":iam::222222222222:role/team/portico")
		require.NoError(t, err)
		require.Equal(t, aws.RoleARN{Partition: id, AccountID: "222222222222", Path: "/team/", Name: "portico"}, role)
	}
}

func TestWhatIsNoARN(t *testing.T) {
	for text, want := range map[string]string{
		"":                            `"" is not an ARN`,
		"arn:aws:iam::222222222222":   `"arn:aws:iam::222222222222" is not an ARN`,
		"arn:amazon:iam::1:role/x":    `"amazon" is no AWS partition`,
		"arn:aws:acm:cn-north-1::x":   `"cn-north-1" is no region of partition aws`,
		"arn:aws:acm:nowhere::x":      `"nowhere" is no region of partition aws`,
		"arn:aws:iam::12:role/x":      `"arn:aws:iam::12:role/x" is not an ARN`,
		"arn:aws:iam:::":              "",
		"arn:aws:iam::222222222222:*": `"arn:aws:iam::222222222222:*" is not an ARN`,
		"arn:aws:IAM:::role/x":        `"arn:aws:IAM:::role/x" is not an ARN`,
	} {
		_, err := aws.ParseARN(text)
		if want != "" {
			require.EqualError(t, err, want)
		}
	}
	for _, text := range []string{
		"arn:aws:acm:us-east-1:222222222222:certificate/", "arn:aws:acm:us-east-1:222222222222:certificate/x y",
		"arn:aws:acm:us-east-1::certificate/0a", "arn:aws:acm::222222222222:certificate/0a", "arn:aws:iam:us-east-1:222222222222:certificate/0a",
	} {
		_, err := aws.ParseCertificateARN(text)
		require.Error(t, err, text)
	}
	var grammar *aws.GrammarError
	_, err := aws.ParseCertificateAuthorityARN("arn:aws:acm-pca:us-east-1:222222222222:certificate/0a")
	require.ErrorAs(t, err, &grammar)
	require.Equal(t, "is not a private certificate authority's ARN", grammar.Problem)
}

func TestRoleARNs(t *testing.T) {
	for text, want := range map[string]string{
		"arn:aws:iam::222222222222:role/a+b=c,d.e@f_g-h":                                     "",
		"arn:aws:iam::222222222222:role/" + strings.Repeat("p", 510) + "/r":                  "",
		"arn:aws:iam::222222222222:role/" + strings.Repeat("n", 64):                          "",
		"arn:aws:iam::222222222222:role/" + strings.Repeat("n", 65):                          "is not the ARN of an IAM role",
		"arn:aws:iam::222222222222:role/" + strings.Repeat("p", 511) + "/r":                  "whose path is 512 characters",
		"arn:aws-north:iam::222222222222:role/x":                                             `"aws-north" is no AWS partition`,
		"arn:aws:iam::222222222222:role//x":                                                  "is not the ARN of an IAM role",
		"arn:aws:iam::222222222222:role/x/":                                                  "is not the ARN of an IAM role",
		"arn:aws:iam::222222222222:role/*":                                                   "is not the ARN of an IAM role",
		"arn:aws:iam::222222222222:user/x":                                                   "is not the ARN of an IAM role",
		"arn:aws:sts::222222222222:assumed-role/x/y":                                         "is not the ARN of an IAM role",
		"arn:aws:iam:us-east-1:222222222222:role/x":                                          "is not the ARN of an IAM role",
		"arn:aws:iam::22222222222:role/x":                                                    "is not the ARN of an IAM role",
		" arn:aws:iam::222222222222:role/x":                                                  "is not the ARN of an IAM role",
		"arn:aws:iam::222222222222:role/x\n":                                                 "is not the ARN of an IAM role",
		"arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x_0a1": "",
	} {
		_, err := aws.ParseRoleARN(text)
		if want == "" {
			require.NoError(t, err, text)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
}

// FuzzARNs: what is read is written as it was, and read again the same.
func FuzzARNs(f *testing.F) {
	for _, seed := range []string{
		"arn:aws:iam::222222222222:role/team/portico", "arn:aws-eusc:acm:eusc-de-east-1:222222222222:certificate/0a-1b",
		"arn:aws-iso:acm-pca:us-iso-east-1:222222222222:certificate-authority/0a", "arn:aws:s3:::bucket", "arn::::::", "arn:aws:iam::222222222222:role/*",
	} {
		f.Add(seed)
	}
	plain := regexp.MustCompile(`^[A-Za-z0-9+=,.@_/:-]+$`)
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := aws.ParseARN(text); err == nil {
			require.Equal(t, text, a.String())
			require.Regexp(t, plain, text)
			require.True(t, aws.IsPartition(a.Partition))
		}
		if r, err := aws.ParseRoleARN(text); err == nil {
			require.Equal(t, text, r.String())
			require.Regexp(t, plain, text)
			a, err := aws.ParseARN(text)
			require.NoError(t, err, "a role's ARN is an ARN")
			require.Equal(t, "role"+r.Path+r.Name, a.Resource)
		}
		for _, parse := range []func(string) (aws.ARN, error){aws.ParseCertificateARN, aws.ParseCertificateAuthorityARN} {
			if a, err := parse(text); err == nil {
				require.Equal(t, text, a.String())
				require.True(t, aws.IsAccountID(a.AccountID))
				require.True(t, aws.IsRegion(a.Region))
			}
		}
	})
}

// FuzzRegions: a region is of one partition, and of characters that mean nothing
// to a host's name or a policy.
func FuzzRegions(f *testing.F) {
	for _, names := range regions {
		for _, name := range names {
			f.Add(name)
		}
	}
	f.Add("us-east-1.evil")
	plain := regexp.MustCompile(`^[a-z]+(-[a-z]+)+-[0-9]{1,2}$`)
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := aws.PartitionOf(text)
		require.Equal(t, ok, aws.IsRegion(text))
		if ok {
			require.Regexp(t, plain, text)
			require.True(t, aws.IsPartition(p.ID))
			require.Equal(t, text, strings.ToLower(text))
		}
		if aws.IsAccountID(text) {
			require.Len(t, text, 12)
		}
	})
}

func TestRolePatterns(t *testing.T) {
	for pattern, roles := range map[string]map[string]bool{
		"arn:aws:iam::222222222222:role/portico": {"portico": true, "portico2": false, "team/portico": false},
		"arn:aws:iam::222222222222:role/por*o":   {"portico": true, "poro": true, "por": false, "por/a/o": true, "portic": false},
		"arn:aws:iam::222222222222:role/a*b*c":   {"abc": true, "a1b2c": true, "acb": false, "abcb": false},
		"arn:aws:iam::222222222222:role/*":       {"x": true, "team/x": true},
		"arn:aws:iam::222222222222:role/aa*aa":   {"aaa": false, "aaaa": true},
	} {
		p, err := aws.ParseRolePattern(pattern)
		require.NoError(t, err)
		require.Equal(t, "222222222222", p.AccountID())
		for name, want := range roles {
			role, err := aws.ParseRoleARN("arn:aws:iam::222222222222:role/" + name)
			require.NoError(t, err)
			require.Equal(t, want, p.Matches(role), "%s of %s", name, pattern)
			role.AccountID = "333333333333"
			require.False(t, p.Matches(role), "a role of another account")
		}
	}
	for _, text := range []string{
		"", "*", "arn:aws:iam::*:role/x", "arn:*:iam::222222222222:role/x", "arn:aws:iam::222222222222:role/", "arn:aws:iam::222222222222:*",
		"arn:aws:iam::222222222222:user/x", "arn:aws-mars:iam::222222222222:role/x", "arn:aws:iam::222222222222:role/x y", "arn:aws:iam::22222222222*:role/x",
	} {
		_, err := aws.ParseRolePattern(text)
		require.Error(t, err, text)
	}
}

func TestManagedPolicyARNs(t *testing.T) {
	for text, owner := range map[string]string{
		"arn:aws:iam::111111111111:policy/boundary":           "111111111111",
		"arn:aws-cn:iam::111111111111:policy/team/a/boundary": "111111111111",
		"arn:aws:iam::aws:policy/PowerUserAccess":             "aws",
		"arn:aws:iam::aws:policy/job-function/Billing":        "aws",
	} {
		partition, got, err := aws.ParsePolicyARN(text)
		require.Equal(t, strings.Split(text, ":")[1], partition)
		require.NoError(t, err, text)
		require.Equal(t, owner, got, text)
	}
	for _, text := range []string{
		"", "boundary", "arn:aws:iam::111111111111:role/boundary", "arn:aws:iam::111111111111:policy/", "arn:aws:iam:us-east-1:111111111111:policy/a",
		"arn:moon:iam::111111111111:policy/a", "arn:aws:iam::1111:policy/a", "arn:aws:iam::111111111111:policy/a b", "arn:aws:iam::111111111111:policy/a\n",
	} {
		_, _, err := aws.ParsePolicyARN(text)
		require.Error(t, err, "%q", text)
	}
}

func TestTopicARNs(t *testing.T) {
	region, err := aws.ParseTopicARN("arn:aws:sns:eu-west-1:111111111111:on_call-1")
	require.NoError(t, err)
	require.Equal(t, "eu-west-1", region)
	for _, wrong := range []string{
		"", "on-call", "arn:aws:sqs:eu-west-1:111111111111:on-call", "arn:aws:sns::111111111111:on-call", "arn:aws:sns:eu-west-1::on-call",
		"arn:aws:sns:eu-west-1:111111111111:on-call.fifo", "arn:aws:sns:eu-west-1:111111111111:on call", "arn:aws:sns:nowhere-1:111111111111:on-call",
		"arn:aws:sns:eu-west-1:111111111111:on-call:0f9e2b1c", "arn:aws:sns:eu-west-1:1111:on-call",
	} {
		_, err := aws.ParseTopicARN(wrong)
		require.Error(t, err, wrong)
	}
}

func TestKMSKeyARNs(t *testing.T) {
	for text, region := range map[string]string{
		"arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab":     "us-east-1",
		"arn:aws-cn:kms:cn-north-1:111111111111:key/mrk-1234abcd12ab34cd56ef1234567890ab": "cn-north-1",
	} {
		got, err := aws.ParseKMSKeyARN(text)
		require.NoError(t, err, text)
		require.Equal(t, region, got, text)
	}
	for _, text := range []string{
		"", "1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:kms:us-east-1:111111111111:alias/logs", "arn:moon:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"arn:aws-cn:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab\n", "arn:aws:kms:us-east-1:111111111111:key/*",
	} {
		_, err := aws.ParseKMSKeyARN(text)
		require.Error(t, err, "%q", text)
	}
}
