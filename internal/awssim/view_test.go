package awssim

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// TestViewsAreTaggedInTheSDKsNames holds every member of every view to a property
// of its type, at every depth: one that is misspelt would always be empty.
func TestViewsAreTaggedInTheSDKsNames(t *testing.T) {
	for token, v := range map[string]any{
		view.VPCType: view.VPC{}, view.SubnetType: view.Subnet{}, view.VPCEndpointType: view.VPCEndpoint{},
		view.LoadBalancerType: view.LoadBalancer{}, view.ListenerType: view.Listener{}, view.ListenerCertificateType: view.ListenerCertificate{},
		view.ListenerRuleType: view.ListenerRule{}, view.TargetGroupType: view.TargetGroup{}, view.TargetAttachmentType: view.TargetGroupAttachment{},
		view.CertificateType: view.Certificate{}, view.ZoneType: view.HostedZone{}, view.RecordType: view.Record{},
	} {
		outputs := simulated().Types[token].Schema().Outputs
		require.Empty(t, untagged(reflect.TypeOf(v), outputs), token)
	}
}

// untagged is the members of a view that no field has the name of.
func untagged(v reflect.Type, fields map[string]reflect.Type) []string {
	var missing []string
	for i := range v.NumField() {
		f := v.Field(i)
		name := f.Tag.Get("json")
		if f.Anonymous || name == "hidden" {
			continue
		}
		field, ok := fields[name]
		if !ok {
			missing = append(missing, f.Name)
			continue
		}
		inner, member := field, f.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		for member.Kind() == reflect.Pointer || member.Kind() == reflect.Slice {
			member = member.Elem()
		}
		if member.Kind() == reflect.Struct && inner.Kind() == reflect.Struct && !strings.HasPrefix(member.String(), "netip.") {
			missing = append(missing, untagged(member, engine.FieldsOf(inner))...)
		}
	}
	return missing
}
