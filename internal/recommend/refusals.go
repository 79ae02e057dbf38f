package recommend

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// refusals are the reasons for which a front door can't carry hosts: what the
// mapping's own reading says of the rows, were they all of that front door. A
// rule between rows is told at the later one, so that what is left fits together.
func refusals(rows []mapping.Row, door mapping.FrontDoor) (map[mapping.Host][]string, error) {
	text, err := spelt(rows, door)
	if err != nil {
		return nil, err
	}
	_, err = mapping.Parse("the mapping", text)
	var mistakes mapping.Errors
	if err != nil && !errors.As(err, &mistakes) {
		return nil, fmt.Errorf("try front door %s: %w", door, err)
	}
	reasons := map[mapping.Host][]string{}
	for _, mistake := range mistakes {
		var i int
		if _, err := fmt.Sscanf(mistake.Path, "APIS[%d]", &i); err != nil || i >= len(rows) {
			return nil, fmt.Errorf("try front door %s: %w", door, mistake)
		}
		reasons[rows[i].Host] = append(reasons[rows[i].Host], mistake.Message)
	}
	return reasons, nil
}

// spelt writes rows as a mapping file, all with one front door, each in the line
// that it had, since messages name lines. JSON is YAML.
func spelt(rows []mapping.Row, door mapping.FrontDoor) ([]byte, error) {
	var b strings.Builder
	b.WriteString(`{"APIS":[`)
	line := 1
	for i, row := range rows {
		if i > 0 {
			b.WriteString(",")
		}
		if below := row.Pos.Line - line; below > 0 {
			b.WriteString(strings.Repeat("\n", below))
			line = row.Pos.Line
		}
		fields := map[string]any{
			"CUSTOM_DOMAIN_URL": string(row.Host) + string(row.BasePath),
			"PRIVATE_API_URL":   url(row.API),
			"FRONT_DOOR":        door,
		}
		if row.Methods != nil {
			fields["VERBS"] = row.Methods
		}
		if row.Account != "" {
			fields["ACCOUNT"] = row.Account
		}
		if row.Timeout != mapping.DefaultTimeout {
			fields["TIMEOUT"] = int(row.Timeout.Seconds())
		}
		if row.Stream {
			fields["STREAM"] = true
		}
		if row.NoRewrite {
			fields["REWRITE"] = false
		}
		if row.AccessMode != "" {
			fields["ENDPOINT_ACCESS_MODE"] = row.AccessMode
		}
		if row.Auth != "" {
			fields["AUTH"] = row.Auth
		}
		if row.PublicZone != "" {
			fields["ROUTE53_PUBLIC_DOMAIN"] = row.PublicZone
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return nil, fmt.Errorf("spell row %d: %w", row.Index, err)
		}
		b.Write(text)
	}
	b.WriteString("]}")
	return []byte(b.String()), nil
}

func url(api mapping.PrivateAPI) string {
	return fmt.Sprintf("https://%s.execute-api.%s.%s/%s%s", api.ID, api.Region, api.DNSSuffix, api.Stage, api.Path)
}
