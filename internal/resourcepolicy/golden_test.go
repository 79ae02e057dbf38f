package resourcepolicy

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the policies of testdata as they come out")

// TestPoliciesOfTheProxyStayAsTheyWere keeps the policies of APIs that have rows
// of nginx only: a change would redeploy every stage of every owner.
func TestPoliciesOfTheProxyStayAsTheyWere(t *testing.T) {
	for name, o := range owners() {
		for form, allow := range map[DenyForm][]AllowForm{DenyNotResource: {AllowExact, AllowCompact}, DenyVerbs: {AllowExact}} {
			for _, allow := range allow {
				file := strings.ReplaceAll(name, " ", "-") + "." + string(form) + "." + string(allow) + ".json"
				t.Run(file, func(t *testing.T) {
					r := request(tableRows...)
					r.Existing, r.Form, r.AdditionalVPCEndpointIDs = []byte(o.document), form, []string{extra}
					result := mergeAs(t, r, allow)
					path := filepath.Join("testdata", "nginx", file)
					if *update {
						var pretty bytes.Buffer
						require.NoError(t, json.Indent(&pretty, result.Policy, "", "  "))
						require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
						require.NoError(t, os.WriteFile(path, append(pretty.Bytes(), '\n'), 0o644))
					}
					want, err := os.ReadFile(path)
					require.NoError(t, err)
					var compact bytes.Buffer
					require.NoError(t, json.Compact(&compact, want))
					require.Equal(t, compact.String(), string(result.Policy))
				})
			}
		}
	}
}
