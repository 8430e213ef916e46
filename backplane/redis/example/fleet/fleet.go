package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"text/template"
	"time"
)

//go:embed nginx.conf.tmpl
var nginxConf string

// process is one program of the fleet.
type process struct {
	name string
	cmd  *exec.Cmd
}

type node struct{ Name, Addr string }

// runFleet starts everything and waits for ctx, or for the first that ends.
func runFleet(ctx context.Context, addr, redisAddr string, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dir, err := os.MkdirTemp("", "fleet")
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system clears what is left
	nodes := []node{{Name: "north"}, {Name: "south"}}
	ports, err := freePorts(ctx, len(nodes)+1)
	if err != nil {
		return err
	}
	var all []process
	if redisAddr == "" {
		redisAddr = ports[len(nodes)]
		_, port, _ := net.SplitHostPort(redisAddr)
		all = append(all, process{"redis-server", exec.CommandContext(ctx, "redis-server",
			"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", dir, "--loglevel", "warning")})
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	for i := range nodes {
		nodes[i].Addr = ports[i]
		all = append(all, process{nodes[i].Name, exec.CommandContext(ctx, self,
			"--node", nodes[i].Name, "--addr", nodes[i].Addr, "--redis", redisAddr)})
	}
	conf, err := writeConf(dir, addr, nodes)
	if err != nil {
		return err
	}
	all = append(all, process{"nginx", exec.CommandContext(ctx, "nginx", "-p", dir, "-c", conf, "-e", "stderr")})
	return runAll(ctx, cancel, all, func() {
		if ready(ctx, nodes) {
			log.Info("fleet is ready", slog.String("url", "http://"+addr))
		}
	})
}

// runAll runs programs until one ends or ctx does, and then ends all of them.
func runAll(ctx context.Context, cancel context.CancelFunc, all []process, started func()) error {
	ended := make(chan error, len(all))
	running := 0
	var first error
	for _, p := range all {
		p.cmd.Stderr = os.Stderr
		p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
		p.cmd.WaitDelay = 10 * time.Second
		if first = p.cmd.Start(); first != nil {
			cancel()
			break
		}
		running++
		go func() { ended <- fmt.Errorf("%s ended: %w", p.name, orEnded(p.cmd.Wait())) }() // ends with ctx; all are waited for below
	}
	if first == nil {
		started()
		select {
		case first = <-ended:
			running--
		case <-ctx.Done():
			first = ctx.Err()
		}
	}
	cancel()
	for range running {
		if err := <-ended; first == nil {
			first = err
		}
	}
	return first
}

var errEnded = errors.New("without an error")

func orEnded(err error) error {
	if err == nil {
		return errEnded
	}
	return err
}

func writeConf(dir, addr string, nodes []node) (string, error) {
	path := filepath.Join(dir, "nginx.conf")
	file, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("fleet: %w", err)
	}
	defer file.Close()
	err = template.Must(template.New("nginx").Parse(nginxConf)).Execute(file, struct {
		Dir, Addr string
		Nodes     []node
	}{dir, addr, nodes})
	if err != nil {
		return "", fmt.Errorf("fleet: nginx.conf: %w", err)
	}
	return path, nil
}

// ready waits until all nodes hear the fleet.
func ready(ctx context.Context, nodes []node) bool {
	for _, n := range nodes {
		for !answers(ctx, "http://"+n.Addr+"/ready") {
			select {
			case <-ctx.Done():
				return false
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return true
}

func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// freePorts returns addresses that nobody listens on.
func freePorts(ctx context.Context, n int) ([]string, error) {
	addrs := make([]string, n)
	listeners := make([]net.Listener, 0, n)
	defer func() { // at the end, so that they differ
		for _, l := range listeners {
			_ = l.Close()
		}
	}()
	for i := range addrs {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("fleet: %w", err)
		}
		listeners = append(listeners, listener)
		addrs[i] = listener.Addr().String()
	}
	return addrs, nil
}
