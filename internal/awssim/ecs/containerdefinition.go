package ecs

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/portico-iac/portico/internal/awssim/engine"
)

// linuxCapabilities is what can be added and dropped.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
var linuxCapabilities = strings.Fields(`ALL AUDIT_CONTROL AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH
	FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE
	NET_BROADCAST NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT
	SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM`)

// requiredMembers is the members that ECS's API model requires, by where they are in
// a container.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
var requiredMembers = map[string][]string{
	"environmentFiles[]":        {"type", "value"},
	"extraHosts[]":              {"hostname", "ipAddress"},
	"firelensConfiguration":     {"type"},
	"linuxParameters.devices[]": {"hostPath"},
	"linuxParameters.tmpfs[]":   {"containerPath", "size"},
	"resourceRequirements[]":    {"type", "value"},
	"restartPolicy":             {"enabled"},
	"ulimits[]":                 {"hardLimit", "name", "softLimit"},
}

// parseContainers reads the containers of a task definition. A member that
// ECS's API model does not have is a mistake; the real provider drops it
// silently, which no program means.
func parseContainers(text string) ([]types.ContainerDefinition, error) {
	containers, _, err := readContainers(text)
	return containers, err
}

// readContainers is parseContainers, with the containers as the text has them.
func readContainers(text string) ([]types.ContainerDefinition, []engine.Object, error) {
	var raw []any
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, nil, fmt.Errorf("parse container definitions: %w", err)
	}
	if unknown := unknownMembers(raw, reflect.TypeFor[[]types.ContainerDefinition](), ""); len(unknown) > 0 {
		return nil, nil, fmt.Errorf("parse container definitions: ECS has no %s", strings.Join(unknown, ", "))
	}
	if missing := missingMembers(raw); len(missing) > 0 {
		return nil, nil, fmt.Errorf("parse container definitions: ECS requires %s", strings.Join(missing, ", "))
	}
	var containers []types.ContainerDefinition
	if err := json.Unmarshal([]byte(text), &containers); err != nil {
		return nil, nil, fmt.Errorf("parse container definitions: %w", err)
	}
	return containers, engine.Object{"": raw}.Objects(""), nil
}

func missingMembers(containers []any) []string {
	var missing []string
	for i, container := range containers {
		for _, path := range slices.Sorted(maps.Keys(requiredMembers)) {
			for _, at := range engine.ValuesAt(engine.AsObject(container), path) {
				for _, name := range requiredMembers[path] {
					if o := engine.AsObject(at.Value); o != nil && o[name] == nil {
						missing = append(missing, fmt.Sprintf("[%d].%s.%s", i, at.Path, name))
					}
				}
			}
		}
	}
	return missing
}

// unknownMembers is the paths of the members that a type of the SDK does not have,
// their case included: the API's names begin with small letters.
func unknownMembers(v any, t reflect.Type, at string) []string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var unknown []string
	switch v := v.(type) {
	case []any:
		for i := range v {
			if t.Kind() == reflect.Slice {
				unknown = append(unknown, unknownMembers(v[i], t.Elem(), fmt.Sprintf("%s[%d]", at, i))...)
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return nil
		}
		members := map[string]reflect.Type{}
		for i := range t.NumField() {
			name := t.Field(i).Name
			members[strings.ToLower(name[:1])+name[1:]] = t.Field(i).Type
		}
		for _, name := range engine.Object(v).SortedNames() {
			path := strings.TrimPrefix(at+"."+name, ".")
			if member, ok := members[name]; ok {
				unknown = append(unknown, unknownMembers(v[name], member, path)...)
			} else {
				unknown = append(unknown, path+engine.Suggestion(members, name))
			}
		}
	}
	return unknown
}
