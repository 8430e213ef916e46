package redis

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hubwire/signalr/hubs/protocol"
)

// BenchmarkFleet sends to a group from one node to clients of another, which are
// processes of their own, and compares with ASP.NET Core on the same Redis: CPU
// time of the sending node for a publish, of the other for a delivery.
//
//	go test -run '^$' -bench Fleet -benchtime 20000x ./backplane/redis
func BenchmarkFleet(b *testing.B) {
	for _, side := range []string{"Go", "NET"} {
		b.Run(side, func(b *testing.B) {
			const senders, receivers = 8, 20
			server := startRedis(b)
			nodes := [2]*nodeProcess{}
			for i := range nodes {
				nodes[i] = startProcess(b, side, server.addr)
			}
			eventually(b, "both nodes hear the hub", func() bool { return server.subscribers("TestHub:all") == 2 })
			hear := make([]*wsClient, receivers)
			for i := range hear {
				hear[i] = dialWS(b, nodes[1].url, "/testhub", protocol.MessagePack{}, nil)
				hear[i].invoke("JoinGroup", "room")
			}
			send := make([]*wsClient, senders)
			for i := range send {
				send[i] = dialWS(b, nodes[0].url, "/testhub", protocol.MessagePack{}, nil)
			}
			run := func(n int) {
				var working sync.WaitGroup
				for i, c := range send {
					working.Go(func() {
						for k := i; k < n; k += senders {
							c.invoke("SendToGroup", "room", "a message of some thirty bytes")
						}
					})
				}
				for _, c := range hear {
					working.Go(func() {
						for range n {
							<-c.calls
						}
					})
				}
				working.Wait()
			}
			run(2000) // so that nobody pays for the start
			before := [2]time.Duration{nodes[0].cpu(b), nodes[1].cpu(b)}
			b.ResetTimer()
			run(b.N)
			b.StopTimer()
			publish, deliver := nodes[0].cpu(b)-before[0], nodes[1].cpu(b)-before[1]
			b.ReportMetric(float64(publish.Microseconds())/float64(b.N), "cpu-us/publish")
			b.ReportMetric(float64(deliver.Microseconds())/float64(b.N)/receivers, "cpu-us/delivery")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkFleetLatency sends at a fixed pace of 10,000 messages a second to a
// group on another node and reports how long they take.
func BenchmarkFleetLatency(b *testing.B) {
	for _, side := range []string{"Go", "NET"} {
		b.Run(side, func(b *testing.B) {
			const rate, senders = 10_000, 10
			server := startRedis(b)
			from, to := startProcess(b, side, server.addr), startProcess(b, side, server.addr)
			eventually(b, "both nodes hear the hub", func() bool { return server.subscribers("TestHub:all") == 2 })
			hears := dialWS(b, to.url, "/testhub", protocol.MessagePack{}, nil)
			hears.invoke("JoinGroup", "room")
			send := make([]*wsClient, senders)
			for i := range send {
				send[i] = dialWS(b, from.url, "/testhub", protocol.MessagePack{}, nil)
			}
			b.ResetTimer()
			epoch := time.Now()
			took := make([]time.Duration, 0, b.N)
			var working sync.WaitGroup
			for i, c := range send {
				working.Go(func() {
					for k := i; k < b.N; k += senders {
						time.Sleep(time.Until(epoch.Add(time.Duration(k) * time.Second / rate)))
						frame, _ := c.protocol.AppendInvocation(nil, "", "SendToGroup",
							[]any{"room", strconv.FormatInt(int64(time.Since(epoch)), 10)})
						c.write(frame)
					}
				})
			}
			for range b.N {
				_, text, _ := strings.Cut(<-hears.calls, " ")
				sent, err := strconv.ParseInt(text, 10, 64)
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(epoch)-time.Duration(sent))
			}
			working.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// nodeProcess is a node in a process of its own.
type nodeProcess struct {
	url string
	pid int
}

func startProcess(b *testing.B, side, redisAddr string) *nodeProcess {
	b.Helper()
	if side == "NET" {
		url, pid := startNETProcess(b, redisAddr)
		return &nodeProcess{url, pid}
	}
	binary := filepath.Join(b.TempDir(), "conformance")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/conformance").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	cmd := exec.Command(binary, "--addr", "127.0.0.1:0", "--redis", redisAddr)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &nodeProcess{strings.TrimPrefix(strings.TrimSpace(line), "listening on "), cmd.Process.Pid}
}

// cpu returns the CPU time that the process has used.
func (n *nodeProcess) cpu(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
}
