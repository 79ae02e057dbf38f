package mapping_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/portico-iac/portico/mapping"
)

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "mapping")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "mapping.yaml")
	if err := os.WriteFile(path, []byte(`
APIS:
  - CUSTOM_DOMAIN_URL: orders.internal.example.com/v1
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod
    VERBS: [GET, POST]
    ACCOUNT: "222222222222"
`), 0o600); err != nil {
		log.Fatal(err)
	}

	m, err := mapping.Load(path)
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range m.Rows {
		fmt.Println(row.URL(), row.Methods, "->", row.API.URL(), "of", row.Account)
	}
	// Output:
	// orders.internal.example.com/v1 [GET POST] -> https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod of 222222222222
}

func ExampleParse() {
	_, err := mapping.Parse("mapping.yaml", []byte(`APIS:
  - CUSTOM_DOMAIN_URL: orders.internal.example.com
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com
    VERBS: [GTE]
`))
	var mistakes mapping.Errors
	if errors.As(err, &mistakes) {
		for _, mistake := range mistakes {
			fmt.Printf("line %d, %s: %s\n", mistake.Line, mistake.Path, mistake.Message)
		}
	}
	// Output:
	// line 3, APIS[0].PRIVATE_API_URL: the stage is missing
	// line 4, APIS[0].VERBS[0]: unknown verb "GTE"
}

func ExampleNew() {
	host, base, err := mapping.ParseCustomDomain("https://orders.internal.example.com/v1")
	if err != nil {
		log.Fatal(err)
	}
	api, err := mapping.ParsePrivateAPI("https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod")
	if err != nil {
		log.Fatal(err)
	}
	m, err := mapping.New([]mapping.Row{{Host: host, BasePath: base, API: api, Account: "222222222222"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Rows[0].URL(), m.Rows[0].FrontDoor, m.Rows[0].Timeout)
	// Output: orders.internal.example.com/v1 nginx 30s
}

func ExampleNew_mistakes() {
	row := mapping.Row{
		Host: "orders.internal.example.com", Auth: mapping.AuthIAM,
		API: mapping.PrivateAPI{ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod"},
	}
	_, err := mapping.New([]mapping.Row{row})
	fmt.Println(err)

	var refusal *mapping.Refusal
	fmt.Println(errors.As(err, &refusal) && refusal.FrontDoor == mapping.FrontDoorNGINX)
	// Output:
	// APIS[0].AUTH: nginx can't carry signed requests, as its proxy rewrites Host and path, which Signature Version 4 covers: write FRONT_DOOR: alb or native, or delete AUTH if callers needn't sign
	// true
}

func ExampleCheck() {
	m, err := mapping.Parse("mapping.yaml", []byte(`APIS:
  - CUSTOM_DOMAIN_URL: "*.internal.example.com"
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod
`))
	if err != nil {
		log.Fatal(err)
	}
	moved := m.Rows[0].With(mapping.FrontDoorNative)
	for _, refusal := range mapping.Check([]mapping.Row{moved}) {
		fmt.Println(refusal.Row.Position())
		fmt.Println(refusal.Field, refusal.Reason)
	}
	// Output:
	// mapping.yaml:2:5: APIS[0]
	// CUSTOM_DOMAIN_URL native has no wildcard hosts, as its custom domains are of one name each
}

func ExampleHost_Wildcard() {
	fmt.Println(mapping.Host("orders.internal.example.com").Wildcard())
	// Output: *.internal.example.com
}
