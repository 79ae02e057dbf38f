package kms

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// Key is a key that exists before any program runs; Portico makes none.
type Key struct {
	ARN string
	// Policy is the key's own, a policy of a resource; empty: it names the account's
	// identities alone, and no service.
	Policy string `json:",omitempty"`
	// Disabled says that the key can't be used.
	Disabled bool `json:",omitempty"`
	// Spec is the key spec; empty: SYMMETRIC_DEFAULT.
	Spec string `json:",omitempty"`
}

// Keys are all that there are.
type Keys []Key

const symmetric = "SYMMETRIC_DEFAULT"

// Service answers what a key is.
func Service() engine.Service {
	return engine.Service{
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
		Authorization: engine.Authorization{"kms:DescribeKey": func(op *engine.Op) []engine.Checked {
			if op.Inputs.Text("keyId") == "" {
				return nil // another service asks for its own types
			}
			return []engine.Checked{{ARN: op.Inputs.Text("keyId"), Context: map[string][]string{}}}
		}},
		Functions: []*engine.Function{{
			Token: "aws:kms/getKey:getKey", Args: kms.LookupKeyArgs{}, Result: kms.LookupKeyResult{},
			Actions: []string{"kms:DescribeKey"}, // internal/service/kms/key_data_source.go
			Run:     describe,
		}},
	}
}

// find is the key of an ARN in the caller's region; nil: there is none.
func find(op *engine.Op, arn string) *Key {
	keys := engine.Fact[Keys](op.Simulator)
	i := slices.IndexFunc(keys, func(k Key) bool { return k.ARN == arn && strings.Contains(arn, ":kms:"+op.Region+":") })
	if i < 0 {
		return nil
	}
	return &keys[i]
}

func describe(op *engine.Op) (engine.Object, error) {
	arn := op.Inputs.Text("keyId")
	key := find(op, arn)
	if key == nil {
		return nil, op.Refuse("NotFoundException", "Key '%s' does not exist", arn)
	}
	spec, state := key.spec(), "Enabled"
	if key.Disabled {
		state = "Disabled"
	}
	parts := strings.Split(arn, ":")
	id := strings.TrimPrefix(parts[5], "key/")
	return engine.Object{
		"id": id, "keyId": id, "arn": arn, "awsAccountId": parts[4], "enabled": !key.Disabled, "keyState": state, "keySpec": spec,
		"customerMasterKeySpec": spec, "keyUsage": "ENCRYPT_DECRYPT", "keyManager": "CUSTOMER", "origin": "AWS_KMS", "multiRegion": strings.HasPrefix(id, "mrk-"),
		"cloudHsmClusterId": "", "creationDate": "2026-01-01T00:00:00Z", "customKeyStoreId": "", "deletionDate": "", "description": "", "expirationModel": "", "validTo": "",
		"multiRegionConfigurations": []any{}, "xksKeyConfigurations": []any{}, "pendingDeletionWindowInDays": 0.0,
	}, nil
}

func (k *Key) spec() string {
	if k.Spec == "" {
		return symmetric
	}
	return k.Spec
}

// Usable reports whether a key can encrypt: it is there, symmetric and enabled.
func Usable(op *engine.Op, arn string) bool {
	key := find(op, arn)
	return key != nil && !key.Disabled && key.spec() == symmetric
}

// UsableBy reports whether a key can encrypt, and its policy lets a service do all of
// some actions in requests with these condition keys.
func UsableBy(op *engine.Op, arn, service string, context map[string][]string, actions ...string) bool {
	if !Usable(op, arn) {
		return false
	}
	policy, err := iampolicy.Parse([]byte(find(op, arn).Policy))
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(actions, func(action string) bool {
		return iampolicy.Evaluate(policy, iampolicy.Request{Principal: service, Action: action, Resource: arn, Context: context}).Outcome != iampolicy.Allowed
	})
}
