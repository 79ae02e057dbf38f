// Command language-go is a Pulumi language host for Go programs. Pulumi's own
// comes with its distribution; this one goes with a Pulumi CLI that was built
// from tools/, so that plain `pulumi up` works there too. It builds the program
// with the Go tool and runs it: that is all that Portico's projects need.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "language-go:", err)
		os.Exit(1)
	}
}

// serve answers the engine until it is interrupted. The engine reads the port
// from the first line of standard output; its own address is the last argument.
func serve(args []string) error {
	if len(args) == 0 {
		return errors.New("start language host: the engine's address is missing: only `pulumi` runs this program")
	}
	cancel := make(chan bool)
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	go func() {
		<-interrupted
		close(cancel)
	}()
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &host{engine: args[len(args)-1]})
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("start language host: %w", err)
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}

// host answers the engine's calls. What the engine asks for beside running a
// program stays unanswered, and the engine does without.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	// engine is the address at which the program finds the engine.
	engine string
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{}, nil
}

// GetRequiredPackages names no plugins: the engine finds what a program needs
// when the program registers its resources.
func (h *host) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// Run builds the program and runs it to its end.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	dir := request.GetInfo().GetProgramDirectory()
	if dir == "" {
		dir = request.GetPwd()
	}
	tmp, err := os.MkdirTemp("", "portico-program-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the program: %w", err)
	}
	defer os.RemoveAll(tmp)
	program := filepath.Join(tmp, "program")

	build := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	build.Dir = dir
	if output, err := build.CombinedOutput(); err != nil {
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("build the program in %s: %v\n%s", dir, err, output)}, nil
	}
	environment, err := h.environment(request)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Dir = request.GetPwd()
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		// The program has told the engine why.
		return &pulumirpc.RunResponse{Error: "the program ended with " + exit.String(), Bail: exit.ExitCode() == constant.ExitStatusLoggedError}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("run the program in %s: %w", dir, err)
	}
	return &pulumirpc.RunResponse{}, nil
}

// environment is how the Go SDK learns what to do.
func (h *host) environment(request *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(request.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("encode the stack's config: %w", err)
	}
	secrets, err := json.Marshal(request.GetConfigSecretKeys())
	if err != nil {
		return nil, fmt.Errorf("encode the names of secret config: %w", err)
	}
	return []string{
		pulumi.EnvOrganization + "=" + request.GetOrganization(),
		pulumi.EnvProject + "=" + request.GetProject(),
		pulumi.EnvPulumiRootDirectory + "=" + request.GetInfo().GetRootDirectory(),
		pulumi.EnvStack + "=" + request.GetStack(),
		pulumi.EnvConfig + "=" + string(config),
		pulumi.EnvConfigSecretKeys + "=" + string(secrets),
		pulumi.EnvParallel + "=" + strconv.Itoa(int(request.GetParallel())),
		pulumi.EnvDryRun + "=" + strconv.FormatBool(request.GetDryRun()),
		pulumi.EnvMonitor + "=" + request.GetMonitorAddress(),
		pulumi.EnvEngine + "=" + h.engine,
	}, nil
}
