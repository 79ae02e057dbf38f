package aws_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/aws"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestImages(t *testing.T) {
	for text, want := range map[string]aws.Image{
		"nginx":                                  {Registry: "docker.io", Repository: "library/nginx"},
		"nginx:1.30":                             {Registry: "docker.io", Repository: "library/nginx", Tag: "1.30"},
		"nginxinc/nginx-unprivileged:1.30":       {Registry: "docker.io", Repository: "nginxinc/nginx-unprivileged", Tag: "1.30"},
		"nginx@" + digest:                        {Registry: "docker.io", Repository: "library/nginx", Digest: digest},
		"registry.example.com:5000/a/b/c:v1_2-x": {Registry: "registry.example.com:5000", Repository: "a/b/c", Tag: "v1_2-x"},
		"localhost/proxy":                        {Registry: "localhost", Repository: "proxy"},
		"localhost:5000/proxy:1@" + digest:       {Registry: "localhost:5000", Repository: "proxy", Tag: "1", Digest: digest},
		"public.ecr.aws/nginx/nginx:1.30":        {Registry: "public.ecr.aws", Repository: "nginx/nginx", Tag: "1.30"},
	} {
		got, err := aws.ParseImage(text)
		require.NoError(t, err, text)
		require.Equal(t, text, got.String())
		require.Equal(t, want.Tag != "" || want.Digest != "", got.IsPinned())
		require.Equal(t, want, aws.Image{Registry: got.Registry, Repository: got.Repository, Tag: got.Tag, Digest: got.Digest})
		_, private := got.ECR()
		require.False(t, private, text)
	}
	for _, text := range []string{
		"", " ", "nginx:", "nginx:1.30 ", "nginx@sha256:0123", "Nginx", "registry.example.com/Proxy", "https://registry.example.com/proxy:1",
		"registry.example.com:port/proxy", "nginx:1.30\nRUN evil", "nginx:${TAG}", "nginx:-x", "/proxy", "proxy/", "a//b", "nginx@md5:0123",
		"nginx@sha512:" + strings.Repeat("0", 128), "[::1]:5000/proxy", "proxy:" + strings.Repeat("t", 129), strings.Repeat("a/", 127) + "ab",
		strings.Repeat("0123456789abcdef", 4), "nginx:1 AS evil",
	} {
		_, err := aws.ParseImage(text)
		var grammar *aws.GrammarError
		require.ErrorAs(t, err, &grammar, text)
		require.Equal(t, "is not an image's reference", grammar.Problem)
	}
}

func TestPrivateRegistriesOfEveryPartition(t *testing.T) {
	for id, names := range regions {
		for _, region := range names {
			hosts := []string{".dkr.ecr." + region + "." + outputs[id][0], ".dkr.ecr-fips." + region + "." + outputs[id][0]}
			if id == "aws" {
				hosts = append(hosts, ".dkr-ecr."+region+".on.aws")
			}
			for _, host := range hosts {
				image, err := aws.ParseImage("222222222222" + host + "/portico/proxy:1")
				require.NoError(t, err)
				repository, ok := image.ECR()
				require.True(t, ok, image)
				require.Equal(t, aws.ECRRepository{Partition: id, Region: region, AccountID: "222222222222", Name: "portico/proxy"}, repository)
				require.Equal(t, "arn:"+id+":ecr:"+region+":222222222222:repository/portico/proxy", repository.ARN().String())
				_, err = aws.ParseARN(repository.ARN().String())
				require.NoError(t, err)
			}
		}
	}
	for _, host := range []string{
		"22222222222.dkr.ecr.us-east-1.amazonaws.com", "222222222222.dkr.ecr.us-east-1.amazonaws.com.cn", "222222222222.dkr.ecr.cn-north-1.amazonaws.com",
		"222222222222.dkr.ecr.eusc-de-east-1.amazonaws.com", "222222222222.dkr.ecr.nowhere.amazonaws.com", "222222222222.dkr.ecr.us-east-1.amazonaws.com.evil.example",
		"222222222222.dkr.ecr.us-east-1.amazonaws.com:443", "222222222222.dkr.ecr.us-east-1.on.aws",
	} {
		image, err := aws.ParseImage(host + "/proxy:1")
		require.NoError(t, err, host)
		_, ok := image.ECR()
		require.False(t, ok, host)
	}
}

// FuzzImages: what is read is written as it was and read again the same, and can
// stand in a Dockerfile without quotes.
func FuzzImages(f *testing.F) {
	for _, seed := range []string{
		"nginx:1.30", "nginx@" + digest, "222222222222.dkr.ecr.eusc-de-east-1.amazonaws.eu/proxy:1", "localhost:5000/a/b:c@" + digest, "docker.io/nginx", "x y", "[::1]/a",
	} {
		f.Add(seed)
	}
	plain := regexp.MustCompile(`^[A-Za-z0-9._:/@-]+$`)
	f.Fuzz(func(t *testing.T, text string) {
		image, err := aws.ParseImage(text)
		if err != nil {
			return
		}
		require.Regexp(t, plain, text)
		require.Equal(t, text, image.String())
		again, err := aws.ParseImage(image.String())
		require.NoError(t, err)
		require.Equal(t, image, again)

		written := image.Registry + "/" + image.Repository
		if image.Tag != "" {
			written += ":" + image.Tag
		}
		if image.Digest != "" {
			written += "@" + image.Digest
		}
		full, err := aws.ParseImage(written)
		if len(written) <= 255 {
			require.NoError(t, err)
			require.Equal(t, []string{image.Registry, image.Repository, image.Tag, image.Digest}, []string{full.Registry, full.Repository, full.Tag, full.Digest})
		}
		if repository, ok := image.ECR(); ok {
			_, err := aws.ParseARN(repository.ARN().String())
			require.NoError(t, err)
		}
	})
}

func TestAReferenceWithoutItsDigest(t *testing.T) {
	for text, want := range map[string]string{
		"nginx:1.30":                         "nginx:1.30",
		"nginx:1.30@" + digest:               "nginx:1.30",
		"registry:5000/team/nginx@" + digest: "registry:5000/team/nginx",
	} {
		image, err := aws.ParseImage(text)
		require.NoError(t, err)
		require.Equal(t, want, image.Tagged())
	}
}
