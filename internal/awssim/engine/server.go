package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"sync"
	"sync/atomic"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// The versions that the simulated providers say they are: those of the SDKs
// whose structs are their schema.
const (
	awsVersion    = "6.83.2"
	dockerVersion = "4.10.0"
)

// Server offers a simulator to Pulumi's engine on two loopback ports.
type Server struct {
	AWS    net.Addr // provider "aws"
	Docker net.Addr // provider "docker"

	servers []*grpc.Server
	serving sync.WaitGroup
	errors  []error // one per server, written by its goroutine
	stopped func() bool
}

// DebugProviders is the value of the environment variable
// PULUMI_DEBUG_PROVIDERS with which the engine attaches to the server.
func (s *Server) DebugProviders() string {
	return fmt.Sprintf("aws:%d,docker:%d", s.AWS.(*net.TCPAddr).Port, s.Docker.(*net.TCPAddr).Port)
}

// Serve begins to serve until the context ends or the server is closed.
func (s *Simulator) Serve(ctx context.Context) (*Server, error) {
	server := &Server{}
	awsListener, err := server.listen()
	if err != nil {
		return nil, err
	}
	dockerListener, err := server.listen()
	if err != nil {
		return nil, errors.Join(err, awsListener.Close())
	}
	server.AWS, server.Docker = awsListener.Addr(), dockerListener.Addr()
	server.errors = make([]error, 2)
	server.serve(0, awsListener, &provider{simulator: s, pkg: "aws", version: awsVersion})
	server.serve(1, dockerListener, &provider{simulator: s, pkg: "docker", version: dockerVersion})
	server.stopped = context.AfterFunc(ctx, server.stop)
	return server, nil
}

func (s *Server) listen() (net.Listener, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for Pulumi's engine: %w", err)
	}
	return listener, nil
}

func (s *Server) serve(i int, listener net.Listener, p *provider) {
	server := grpc.NewServer(grpc.StatsHandler(connections{}), grpc.MaxRecvMsgSize(math.MaxInt32))
	pulumirpc.RegisterResourceProviderServer(server, p)
	s.servers = append(s.servers, server)
	s.serving.Go(func() {
		// A server that is stopped before it began says so; that is no error.
		if err := server.Serve(listener); !errors.Is(err, grpc.ErrServerStopped) {
			s.errors[i] = err
		}
	})
}

func (s *Server) stop() {
	for _, server := range s.servers {
		server.Stop()
	}
}

// Close stops serving; calls under way are cut off.
func (s *Server) Close() error {
	s.stopped()
	s.stop()
	s.serving.Wait()
	return errors.Join(s.errors...)
}

// connection is what the server knows of one gRPC connection. The engine opens
// one for each provider instance, so it identifies the instance.
type connection struct{ session atomic.Pointer[Session] }

type connectionKey struct{}

func connectionOf(ctx context.Context) *connection {
	return ctx.Value(connectionKey{}).(*connection)
}

// connections gives each connection a value that its calls find in their
// context.
type connections struct{}

var _ stats.Handler = connections{}

func (connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{})
}

func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (connections) HandleRPC(context.Context, stats.RPCStats)                       {}
func (connections) HandleConn(context.Context, stats.ConnStats)                     {}
