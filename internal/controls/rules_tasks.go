package controls

import (
	"slices"
	"strings"
)

var registryRules = []rule{
	{
		id: "ECR.1", title: "ECR private repositories should have image scanning configured",
		of: []string{repository},
		fault: func(r Resource, _ inventory) string {
			if scanned, _ := r.object("imageScanningConfiguration")["scanOnPush"].(bool); scanned {
				return ""
			}
			return "scans no image"
		},
		met: "ECR scans every image that is pushed", because: "the repository scans no image",
	},
	{
		id: "ECR.2", title: "ECR private repositories should have tag immutability configured",
		of:      []string{repository},
		fault:   among("imageTagMutability", "has mutable tags", "IMMUTABLE"),
		met:     "tags are immutable",
		because: "the tasks run an image by its digest, and an earlier mapping's image can be pushed again under its tag",
	},
	{
		id: "ECR.3", title: "ECR repositories should have at least one lifecycle policy configured",
		of: []string{repository}, fault: has(lifecycle, "repository", "has no lifecycle policy"),
		met: "old images are deleted", because: "the repository keeps every image",
	},
	{
		id: "ECR.5", title: "ECR repositories should be encrypted with customer managed AWS KMS keys",
		of: []string{repository},
		fault: func(r Resource, _ inventory) string {
			for _, one := range r.list("encryptionConfigurations") {
				encryption, _ := one.(map[string]any)
				if key, _ := encryption["kmsKey"].(string); encryption["encryptionType"] == "KMS" && key != "" {
					return ""
				}
			}
			return "is encrypted with a key of AWS's"
		},
		met: "the repository is encrypted with a key of yours", key: "portico:kms.ecr: KEY_ARN, before the repository is created",
	},
}

var taskRules = []rule{
	{
		id: "ECS.2", title: "ECS services should not have public IP addresses assigned to them automatically",
		of: []string{service},
		fault: func(r Resource, _ inventory) string {
			if public, _ := r.object("networkConfiguration")["assignPublicIp"].(bool); public {
				return "assigns public addresses"
			}
			return ""
		},
		met: "the tasks have private addresses alone", because: "the service assigns public addresses",
	},
	{
		id: "ECS.3", title: "ECS task definitions should not share the host's process namespace",
		of:    []string{taskDefinition},
		fault: is("pidMode", "host", "shares the host's process namespace"),
		met:   "the tasks have a process namespace of their own", because: "pidMode is host",
	},
	{
		id: "ECS.4", title: "ECS containers should run as non-privileged",
		of: []string{taskDefinition},
		fault: inContainers(func(c container) string {
			if c.Privileged {
				return "is privileged"
			}
			return ""
		}),
		met: "no container is privileged", because: "a container is privileged",
	},
	{
		id: "ECS.5", title: "ECS task definitions should configure containers to be limited to read-only access to root filesystems",
		of: []string{taskDefinition},
		fault: inContainers(func(c container) string {
			if c.ReadonlyRootFilesystem {
				return ""
			}
			return "writes to its root file system"
		}),
		met: "the containers' root file systems are read-only", because: "a root file system can be written to",
	},
	{
		id: "ECS.8", title: "Secrets should not be passed as container environment variables",
		of: []string{taskDefinition},
		fault: inContainers(func(c container) string {
			for _, variable := range c.Environment {
				if slices.Contains([]string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"}, variable.Name) {
					return "has " + variable.Name
				}
			}
			return ""
		}),
		met: "the proxy has no secrets: its certificate is made when it starts", because: "a secret is in the environment",
	},
	{
		id: "ECS.9", title: "ECS task definitions should have a logging configuration",
		of: []string{taskDefinition},
		fault: inContainers(func(c container) string {
			if c.LogConfiguration != nil && c.LogConfiguration.LogDriver != "" {
				return ""
			}
			return "has no log"
		}),
		met: "the containers write to a log group", because: "a container has no log",
	},
	{
		id: "ECS.10", title: "ECS Fargate services should run on the latest Fargate platform version",
		of: []string{service},
		fault: func(r Resource, _ inventory) string {
			if version := r.text("platformVersion"); version != "" && version != "LATEST" && version != "1.4.0" {
				return "runs on " + version
			}
			return ""
		},
		met: "the service runs on the latest version", because: "the version is fixed",
	},
	{
		id: "ECS.12", title: "ECS clusters should use Container Insights",
		of: []string{cluster},
		fault: func(r Resource, _ inventory) string {
			for _, one := range r.list("settings") {
				setting, _ := one.(map[string]any)
				if value := setting["value"]; setting["name"] == "containerInsights" && (value == "enabled" || value == "enhanced") {
					return ""
				}
			}
			return "has no Container Insights"
		},
		met: "the cluster has Container Insights", because: "Container Insights are off",
	},
	tags("ECS.13", "ECS services should be tagged", service, "the service"),
	tags("ECS.14", "ECS clusters should be tagged", cluster, "the cluster"),
	tags("ECS.15", "ECS task definitions should be tagged", taskDefinition, "the task definition"),
	{
		id: "ECS.17", title: "ECS task definitions should not use host network mode",
		of:    []string{taskDefinition},
		fault: is("networkMode", "host", "uses the host's network"),
		met:   "each task has a network interface of its own", because: "networkMode is host",
	},
	{
		id: "ECS.20", title: "ECS task definitions should configure non-root users in Linux container definitions",
		of: []string{taskDefinition},
		fault: inContainers(func(c container) string {
			if user, _, _ := strings.Cut(c.User, ":"); user == "" || user == "0" || user == "root" {
				return "runs as root"
			}
			return ""
		}),
		met: "the containers run as a user without privileges", because: "a container runs as root",
	},
}
