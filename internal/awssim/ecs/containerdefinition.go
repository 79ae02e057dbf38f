package ecs

import "strings"

// containerDefinition is ECS's API model of a container, as it is written in a
// task definition.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
type containerDefinition struct {
	Command                []string              `json:"command"`
	CPU                    int                   `json:"cpu"`
	CredentialSpecs        []string              `json:"credentialSpecs"`
	DependsOn              []containerDependency `json:"dependsOn"`
	DisableNetworking      bool                  `json:"disableNetworking"`
	DNSSearchDomains       []string              `json:"dnsSearchDomains"`
	DNSServers             []string              `json:"dnsServers"`
	DockerLabels           map[string]string     `json:"dockerLabels"`
	DockerSecurityOptions  []string              `json:"dockerSecurityOptions"`
	EntryPoint             []string              `json:"entryPoint"`
	Environment            []containerVariable   `json:"environment"`
	EnvironmentFiles       []containerFile       `json:"environmentFiles"`
	Essential              *bool                 `json:"essential"`
	ExtraHosts             []containerHost       `json:"extraHosts"`
	FirelensConfiguration  *firelens             `json:"firelensConfiguration"`
	HealthCheck            *containerHealthCheck `json:"healthCheck"`
	Hostname               string                `json:"hostname"`
	Image                  string                `json:"image"`
	Interactive            bool                  `json:"interactive"`
	Links                  []string              `json:"links"`
	LinuxParameters        *linuxParameters      `json:"linuxParameters"`
	LogConfiguration       *logConfiguration     `json:"logConfiguration"`
	Memory                 int                   `json:"memory"`
	MemoryReservation      int                   `json:"memoryReservation"`
	MountPoints            []mountPoint          `json:"mountPoints"`
	Name                   string                `json:"name"`
	PortMappings           []portMapping         `json:"portMappings"`
	Privileged             bool                  `json:"privileged"`
	PseudoTerminal         bool                  `json:"pseudoTerminal"`
	ReadonlyRootFilesystem bool                  `json:"readonlyRootFilesystem"`
	RepositoryCredentials  map[string]string     `json:"repositoryCredentials"`
	ResourceRequirements   []containerResource   `json:"resourceRequirements"`
	RestartPolicy          *restartPolicy        `json:"restartPolicy"`
	Secrets                []containerSecret     `json:"secrets"`
	StartTimeout           int                   `json:"startTimeout"`
	StopTimeout            *int                  `json:"stopTimeout"`
	SystemControls         []systemControl       `json:"systemControls"`
	Ulimits                []containerLimit      `json:"ulimits"`
	User                   string                `json:"user"`
	VersionConsistency     string                `json:"versionConsistency"`
	VolumesFrom            []containerVolumes    `json:"volumesFrom"`
	WorkingDirectory       string                `json:"workingDirectory"`
}

type linuxParameters struct {
	Capabilities       *capabilities `json:"capabilities"`
	Devices            []device      `json:"devices"`
	InitProcessEnabled bool          `json:"initProcessEnabled"`
	MaxSwap            int           `json:"maxSwap"`
	SharedMemorySize   int           `json:"sharedMemorySize"`
	Swappiness         int           `json:"swappiness"`
	Tmpfs              []tmpfs       `json:"tmpfs"`
}

type capabilities struct {
	Add  []string `json:"add"`
	Drop []string `json:"drop"`
}

// linuxCapabilities is what can be added and dropped.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
var linuxCapabilities = strings.Fields(`ALL AUDIT_CONTROL AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH
	FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE
	NET_BROADCAST NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT
	SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM`)

type containerDependency struct {
	ContainerName string `json:"containerName"`
	Condition     string `json:"condition"`
}

type containerVariable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type containerSecret struct {
	Name      string `json:"name"`
	ValueFrom string `json:"valueFrom"`
}

type containerLimit struct {
	Name      string `json:"name" required:"true"`
	SoftLimit int    `json:"softLimit" required:"true"`
	HardLimit int    `json:"hardLimit" required:"true"`
}

type containerFile struct {
	Value string `json:"value" required:"true"`
	Type  string `json:"type" required:"true"`
}

type containerHost struct {
	Hostname  string `json:"hostname" required:"true"`
	IPAddress string `json:"ipAddress" required:"true"`
}

type firelens struct {
	Type    string            `json:"type" required:"true"`
	Options map[string]string `json:"options"`
}

type containerResource struct {
	Value string `json:"value" required:"true"`
	Type  string `json:"type" required:"true"`
}

type restartPolicy struct {
	Enabled              bool  `json:"enabled" required:"true"`
	IgnoredExitCodes     []int `json:"ignoredExitCodes"`
	RestartAttemptPeriod int   `json:"restartAttemptPeriod"`
}

type systemControl struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
}

type containerVolumes struct {
	SourceContainer string `json:"sourceContainer"`
	ReadOnly        bool   `json:"readOnly"`
}

type device struct {
	HostPath      string   `json:"hostPath" required:"true"`
	ContainerPath string   `json:"containerPath"`
	Permissions   []string `json:"permissions"`
}

type tmpfs struct {
	ContainerPath string   `json:"containerPath" required:"true"`
	Size          int      `json:"size" required:"true"`
	MountOptions  []string `json:"mountOptions"`
}

type containerHealthCheck struct {
	Command     []string `json:"command"`
	Interval    *int     `json:"interval"`
	Timeout     *int     `json:"timeout"`
	Retries     *int     `json:"retries"`
	StartPeriod *int     `json:"startPeriod"`
}

type logConfiguration struct {
	LogDriver     string            `json:"logDriver"`
	Options       map[string]string `json:"options"`
	SecretOptions []containerSecret `json:"secretOptions"`
}

type mountPoint struct {
	SourceVolume  string `json:"sourceVolume"`
	ContainerPath string `json:"containerPath"`
	ReadOnly      bool   `json:"readOnly"`
}

type portMapping struct {
	AppProtocol        string `json:"appProtocol"`
	ContainerPort      int    `json:"containerPort"`
	ContainerPortRange string `json:"containerPortRange"`
	HostPort           int    `json:"hostPort"`
	Name               string `json:"name"`
	Protocol           string `json:"protocol"`
}
