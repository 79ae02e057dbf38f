package awssim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/kms"
	"github.com/portico-iac/portico/internal/awssim/view"
)

const testKey = "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// letLogsEncrypt is the policy of a key that CloudWatch Logs may use for some log groups.
const letLogsEncrypt = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"logs.us-east-1.amazonaws.com"},
	"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*",
	"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:us-east-1:111111111111:log-group:portico-*"}}}]}`

func TestLogGroupsAndRepositoriesAreEncryptedByKeysThatLetThem(t *testing.T) {
	for sentence, test := range map[string]struct {
		key               kms.Key
		group, repository string // what AWS says; empty: it takes the key
	}{
		"a key with AWS's statement":               {kms.Key{Policy: letLogsEncrypt}, "", ""},
		"a key without a statement":                {kms.Key{}, "is not allowed to be used with LogGroup", ""},
		"a key for other log groups":               {kms.Key{Policy: strings.Replace(letLogsEncrypt, "log-group:portico-", "log-group:other-", 1)}, "is not allowed to be used with LogGroup", ""},
		"a key for the logs of another region":     {kms.Key{Policy: strings.Replace(letLogsEncrypt, "logs.us-east-1", "logs.eu-west-1", 1)}, "is not allowed to be used with LogGroup", ""},
		"a key that encrypts and decrypts no more": {kms.Key{Policy: strings.Replace(letLogsEncrypt, `"kms:Decrypt*",`, "", 1)}, "is not allowed to be used with LogGroup", ""},
		"a disabled key":                           {kms.Key{Policy: letLogsEncrypt, Disabled: true}, "does not exist or is not allowed", "KmsException"},
		"an asymmetric key":                        {kms.Key{Policy: letLogsEncrypt, Spec: "RSA_2048"}, "does not exist or is not allowed", "KmsException"},
		"another key":                              {kms.Key{ARN: strings.Replace(testKey, "1234abcd", "00000000", 1), Policy: letLogsEncrypt}, "does not exist or is not allowed", "KmsException"},
	} {
		t.Run(sentence, func(t *testing.T) {
			if test.key.ARN == "" {
				test.key.ARN = testKey
			}
			l := newLab(t, &Setup{Keys: []kms.Key{test.key}})
			says := func(want string, err error) {
				if want == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, want)
				}
			}
			_, err := l.create(view.LogGroupType, "portico-logs", engine.Object{"name": "portico-logs", "kmsKeyId": testKey})
			says(test.group, err)
			_, err = l.create(view.RepositoryType, "portico", engine.Object{"encryptionConfigurations": []any{map[string]any{"encryptionType": "KMS", "kmsKey": testKey}}})
			says(test.repository, err)
		})
	}
}
