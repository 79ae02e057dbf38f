package sts

import "github.com/portico-iac/portico/internal/awssim/engine"

// authorization is what AWS STS checks: GetCallerIdentity needs no permission.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func authorization() engine.Authorization {
	return engine.Authorization{"sts:GetCallerIdentity": func(*engine.Op) []engine.Checked { return nil }}
}
