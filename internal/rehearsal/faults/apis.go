package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

var apiFaults = []Fault{
	{Name: "api-gone", Breaks: "deletes the REST API", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepAPI, inject: func(s *scene) error {
		return s.owners(func(op *engine.Op) error {
			for _, token := range []string{view.StageType, view.DeploymentType} {
				if err := remove(op, token, with("restApi", string(s.row.API.ID))); err != nil {
					return err
				}
			}
			return remove(op, view.RESTAPIType, id(string(s.row.API.ID)))
		})
	}},
	{Name: "api-fails", Breaks: "has the API's integration fail: API Gateway answers 500", FrontDoor: mapping.FrontDoorNGINX, Unseen: "the accounts don't say what an API's integration answers",
		live: func(s *scene, environment *live.Environment) {
			for i := range environment.APIs {
				if api := &environment.APIs[i]; api.ID == string(s.row.API.ID) {
					api.Fails = http.StatusInternalServerError
				}
			}
		}},
	{Name: "api-not-private", Breaks: "makes the API a REGIONAL one", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepAPI, inject: func(s *scene) error {
		return s.changeAPI(func(r *engine.Resource) { r.Properties.Object("endpointConfiguration")["types"] = "REGIONAL" })
	}},
	{Name: "api-strict", Breaks: "sets the API's endpoint access mode to STRICT, which the row doesn't say", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepAPI, inject: func(s *scene) error {
		return s.changeAPI(func(r *engine.Resource) { r.Hidden["accessMode"] = "STRICT" })
	}},
	{Name: "stage-gone", Breaks: "deletes the stage", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepStage, inject: func(s *scene) error {
		return s.owners(func(op *engine.Op) error {
			return remove(op, view.StageType, s.stage)
		})
	}},
	{Name: "policy-taken-away", Breaks: "takes the API's resource policy away, in effect too", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepPolicy, inject: func(s *scene) error {
		if err := s.changeAPI(func(r *engine.Resource) { r.Properties["policy"] = "" }); err != nil {
			return err
		}
		return s.owners(func(op *engine.Op) error {
			return change(op, view.DeploymentType, with("restApi", string(s.row.API.ID)), func(r *engine.Resource) { r.Hidden["policy"] = "" })
		})
	}},
	{Name: "policy-replaced", Breaks: "replaces the API's resource policy by one for another endpoint, and deploys it", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepPolicy, inject: func(s *scene) error {
		return s.publish(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*",
			"Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0bbbbbbbbbbbbbbbb"}}}]}`)
	}},
	{Name: "owner-denies", Breaks: "adds a statement that denies the row's requests to the API's resource policy, and deploys it", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepPolicy, inject: (*scene).ownerDenies},
	{Name: "policy-not-deployed", Breaks: "saves a resource policy and doesn't deploy it", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepDeployedPolicy, inject: func(s *scene) error {
		policy, err := s.policyWith(map[string]any{"Sid": "AnotherEndpoint", "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
			"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": "vpce-0bbbbbbbbbbbbbbbb"}}})
		if err != nil {
			return err
		}
		return s.save(policy)
	}},
	{Name: "stage-rolled-back", Breaks: "points the stage at a deployment from before Portico's policy", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepDeployedPolicy, inject: func(s *scene) error {
		return s.owners(func(op *engine.Op) error {
			return change(op, view.StageType, s.stage, func(r *engine.Resource) {
				former := engine.Resource{Account: r.Account, Region: r.Region, Type: view.DeploymentType, ID: "f0rmer",
					Properties: engine.Object{"restApi": string(s.row.API.ID), "description": "release 41", "createdDate": op.Now().Add(-30 * 24 * time.Hour).Format(time.RFC3339)},
					Hidden:     engine.Object{"policy": ""}}
				op.Put(former)
				r.Properties["deployment"] = former.ID
			})
		})
	}},
}

// ownerDenies publishes a statement of the API's owner that denies every request.
func (s *scene) ownerDenies() error {
	policy, err := s.policyWith(map[string]any{"Sid": "FreezeForAudit", "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"})
	if err != nil {
		return err
	}
	return s.publish(policy)
}

// stage reports whether a stage is the row's.
func (s *scene) stage(r *engine.Resource) bool {
	return r.Properties.Text("restApi") == string(s.row.API.ID) && r.Properties.Text("stageName") == string(s.row.API.Stage)
}

func (s *scene) changeAPI(how func(*engine.Resource)) error {
	return s.owners(func(op *engine.Op) error { return change(op, view.RESTAPIType, id(string(s.row.API.ID)), how) })
}

// save saves a resource policy as the API's owner does.
func (s *scene) save(policy string) error {
	owner, err := s.simulator.OwnerOf(s.Shared.Region, string(s.row.API.ID))
	if err != nil {
		return err
	}
	return owner.SavePolicy(policy)
}

// publish saves a resource policy and deploys it.
func (s *scene) publish(policy string) error {
	owner, err := s.simulator.OwnerOf(s.Shared.Region, string(s.row.API.ID))
	if err != nil {
		return err
	}
	if err := owner.SavePolicy(policy); err != nil {
		return err
	}
	return owner.Deploy(string(s.row.API.Stage))
}

// policyWith is the API's policy with a further statement.
func (s *scene) policyWith(statement map[string]any) (string, error) {
	saved := s.simulator.RESTAPIs(s.Shared.Region)[string(s.row.API.ID)].SavedPolicy
	var policy map[string]any
	if err := json.NewDecoder(strings.NewReader(saved)).Decode(&policy); err != nil {
		return "", fmt.Errorf("read the policy of API %s: %w", s.row.API.ID, err)
	}
	statements, _ := policy["Statement"].([]any)
	policy["Statement"] = append(statements, statement)
	text, err := json.Marshal(policy)
	return string(text), err
}
