package automation

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

func TestACertificateThatWasNotIssuedNamesItsDomainAndZone(t *testing.T) {
	const (
		record     = "urn:pulumi:dev::portico::portico:index:Certificates$aws:route53/record:Record::portico-dev-validation-internal.example.com"
		validation = "urn:pulumi:dev::portico::portico:index:Certificates$aws:acm/certificateValidation:CertificateValidation::portico-dev-_wildcard.internal.example.com"
	)
	var reported []Event
	w := &watch{stack: "dev", send: func(e Event) { reported = append(reported, e) }, done: map[string]bool{}, refused: map[string]bool{}}
	w.read(apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: apitype.StepEventMetadata{URN: record, Type: recordType,
		New: &apitype.StepEventStateMetadata{Outputs: map[string]any{"fqdn": "_0a.internal.example.com", "zoneId": "Z0PUBLIC"}}}}})
	w.read(apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "info", Ephemeral: true, Message: "<{%reset%}>public zone example.com (Z0PUBLIC) validates internal.example.com<{%reset%}>\n"}})
	require.Empty(t, reported, "the line is for the driver")
	w.read(apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: apitype.StepEventMetadata{URN: validation, Type: validationType,
		New: &apitype.StepEventStateMetadata{Inputs: map[string]any{"validationRecordFqdns": []any{"_0a.internal.example.com"}}}}}})
	for _, problem := range []string{
		"waiting for ACM Certificate (arn:aws:acm:x) to be issued: timeout while waiting for state to become 'ISSUED'",
		"waiting for ACM Certificate (arn:aws:acm:x) to be issued: unexpected state 'FAILED', wanted target 'ISSUED'. last error: CAA_ERROR",
	} {
		w.read(apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{URN: validation, Severity: "error", Message: problem}})
		last := reported[len(reported)-1].Text
		require.Contains(t, last, "internal.example.com is validated by record _0a.internal.example.com of public zone example.com (Z0PUBLIC)")
		require.Contains(t, last, "cause: ")
	}
	require.Contains(t, reported[0].Text, "ROUTE53_PUBLIC_DOMAIN")
}
