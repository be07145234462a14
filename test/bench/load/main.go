// Command load puts load on a server that speaks etcd's v3 API and prints one JSON line for what it measured. The same program drives the
// embedded store and etcd, so that neither gets an easier client. It speaks gRPC directly: etcd's own client library would cost more than it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// options are the flags; each mode reads what it needs.
type options struct {
	target   string
	clients  int
	seconds  float64
	count    int
	keys     int
	bytes    int
	watchers int
	prefix   string
	hold     bool
}

// modes are what may be asked for.
var modes = map[string]func(options) (any, error){
	"put":     put,
	"txn":     txn,
	"get":     get,
	"list":    list,
	"fill":    fill,
	"watch":   watch,
	"idle":    idle,
	"compact": compact,
	"status":  status,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || modes[args[0]] == nil {
		return fmt.Errorf("usage: load put|txn|get|list|fill|watch|idle|compact|status [flags]")
	}
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.StringVar(&o.target, "target", "", "unix:/path or host:port")
	flags.IntVar(&o.clients, "clients", 1, "clients, each with a connection of its own")
	flags.Float64Var(&o.seconds, "seconds", 2, "how long")
	flags.IntVar(&o.count, "count", 0, "how many operations in all; 0 for as many as the time allows")
	flags.IntVar(&o.keys, "keys", 1000, "keys of each client")
	flags.IntVar(&o.bytes, "bytes", 256, "size of a value")
	flags.IntVar(&o.watchers, "watchers", 1, "watches, each with a connection of its own")
	flags.StringVar(&o.prefix, "prefix", "/bench/", "where the keys lie")
	flags.BoolVar(&o.hold, "hold", false, "say what was reached and wait for the end of the input")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	result, err := modes[args[0]](o)
	if err != nil {
		return err
	}
	return say(result)
}

// say prints one line.
func say(result any) error {
	return json.NewEncoder(os.Stdout).Encode(result)
}

// wait holds what there is until whoever started this program closes its input.
func wait() {
	buffer := make([]byte, 64)
	for {
		if n, err := os.Stdin.Read(buffer); n == 0 || err != nil {
			return
		}
	}
}

func dial(o options) (*grpc.ClientConn, error) {
	target := o.target
	if !strings.HasPrefix(target, "unix:") {
		target = "passthrough:///" + target
	}
	return grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithAuthority("localhost"),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
}

// dialAll gives each of n its own connection.
func dialAll(o options, n int) ([]*grpc.ClientConn, error) {
	conns := make([]*grpc.ClientConn, n)
	for i := range conns {
		conn, err := dial(o)
		if err != nil {
			return nil, err
		}
		conn.Connect()
		conns[i] = conn
	}
	return conns, nil
}

// latency sums up durations.
type latency struct {
	P50Us float64 `json:"p50Us"`
	P99Us float64 `json:"p99Us"`
	MaxUs float64 `json:"maxUs"`
}

func summarize(taken []time.Duration) latency {
	if len(taken) == 0 {
		return latency{}
	}
	sort.Slice(taken, func(a, b int) bool { return taken[a] < taken[b] })
	at := func(part float64) float64 {
		return float64(taken[min(len(taken)-1, int(part*float64(len(taken))))].Nanoseconds()) / 1000
	}
	return latency{P50Us: at(0.5), P99Us: at(0.99), MaxUs: at(1)}
}

// cpuSeconds is what this program has used itself, to show that it is not the limit.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}
