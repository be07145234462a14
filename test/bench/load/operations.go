// Operations that are repeated for a time, or a number of times, by clients that each wait for their answer.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// operation is one request of one client: its number among that client's, and that client's name.
type operation func(ctx context.Context, kv pb.KVClient, client, i int) error

type operationsResult struct {
	Operations int     `json:"operations"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
	latency
}

func put(o options) (any, error) {
	value := values(o)
	return repeat(o, func(ctx context.Context, kv pb.KVClient, client, i int) error {
		_, err := kv.Put(ctx, &pb.PutRequest{Key: key(o, client, i%o.keys), Value: value()})
		return err
	})
}

// txn changes a key if nobody else has: what every writer of a resource does.
func txn(o options) (any, error) {
	value := values(o)
	known := make([][]int64, o.clients)
	for i := range known {
		known[i] = make([]int64, o.keys)
	}
	prefix := fmt.Sprintf("%stxn-%d/", o.prefix, rand.Uint32())
	return repeat(o, func(ctx context.Context, kv pb.KVClient, client, i int) error {
		at := i % o.keys
		name := fmt.Appendf(nil, "%s%d/%d", prefix, client, at)
		same := &pb.Compare{Key: name, Target: pb.Compare_MOD, Result: pb.Compare_EQUAL,
			TargetUnion: &pb.Compare_ModRevision{ModRevision: known[client][at]}}
		write := &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{Key: name, Value: value()}}}
		answer, err := kv.Txn(ctx, &pb.TxnRequest{Compare: []*pb.Compare{same}, Success: []*pb.RequestOp{write}})
		if err == nil && !answer.Succeeded {
			err = fmt.Errorf("%s is not at revision %d", name, known[client][at])
		}
		if err == nil {
			known[client][at] = answer.Header.Revision
		}
		return err
	})
}

// get reads keys that `fill` has written.
func get(o options) (any, error) {
	return repeat(o, func(ctx context.Context, kv pb.KVClient, client, i int) error {
		answer, err := kv.Range(ctx, &pb.RangeRequest{Key: filled(o, rand.IntN(o.keys))})
		if err == nil && len(answer.Kvs) != 1 {
			err = fmt.Errorf("a key is missing")
		}
		return err
	})
}

// list reads pages of 500, from anywhere in what `fill` has written.
func list(o options) (any, error) {
	return repeat(o, func(ctx context.Context, kv pb.KVClient, client, i int) error {
		from := filled(o, rand.IntN(max(1, o.keys-500)))
		answer, err := kv.Range(ctx, &pb.RangeRequest{Key: from, RangeEnd: end(o.prefix), Limit: 500})
		if err == nil && len(answer.Kvs) != min(500, o.keys) {
			err = fmt.Errorf("a page of %d", len(answer.Kvs))
		}
		return err
	})
}

// fill writes `count` keys once.
func fill(o options) (any, error) {
	value := values(o)
	return repeat(o, func(ctx context.Context, kv pb.KVClient, client, i int) error {
		_, err := kv.Put(ctx, &pb.PutRequest{Key: filled(o, i*o.clients+client), Value: value()})
		return err
	})
}

func repeat(o options, run operation) (any, error) {
	conns, err := dialAll(o, o.clients)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	taken := make([][]time.Duration, o.clients)
	var failed atomic.Pointer[error]
	var ready, done sync.WaitGroup
	begin := make(chan time.Time)
	for client := range conns {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			kv := pb.NewKVClient(conns[client])
			// the connection is made before the clock starts
			_, err := kv.Range(ctx, &pb.RangeRequest{Key: []byte("/absent")})
			ready.Done()
			start := <-begin
			until := start.Add(time.Duration(o.seconds * float64(time.Second)))
			for i := 0; err == nil && failed.Load() == nil; i++ {
				from := time.Now()
				if o.count > 0 && i*o.clients+client >= o.count || o.count == 0 && from.After(until) {
					return
				}
				if err = run(ctx, kv, client, i); err == nil {
					taken[client] = append(taken[client], time.Since(from))
				}
			}
			failed.CompareAndSwap(nil, &err)
		}()
	}
	ready.Wait()
	cpu, start := cpuSeconds(), time.Now()
	for range conns {
		begin <- start
	}
	done.Wait()
	if found := failed.Load(); found != nil && *found != nil {
		return nil, *found
	}
	var all []time.Duration
	for _, some := range taken {
		all = append(all, some...)
	}
	seconds := time.Since(start).Seconds()
	return operationsResult{len(all), seconds, cpuSeconds() - cpu, summarize(all)}, nil
}

func key(o options, client, i int) []byte {
	return fmt.Appendf(nil, "%s%d/%d", o.prefix, client, i)
}

func filled(o options, i int) []byte {
	return fmt.Appendf(nil, "%s%08d", o.prefix, i)
}

// end is where a prefix ends.
func end(prefix string) []byte {
	bytes := []byte(prefix)
	bytes[len(bytes)-1]++
	return bytes
}

// filler gives bytes that do not compress.
func filler(bytes int) []byte {
	value := make([]byte, bytes)
	for i := range value {
		value[i] = byte(rand.IntN(256))
	}
	return value
}

// values gives a different value each time, cut from one piece: making them anew would cost more than sending them.
func values(o options) func() []byte {
	const cuts = 1 << 16
	piece := filler(o.bytes + cuts)
	return func() []byte {
		at := rand.IntN(cuts)
		return piece[at : at+o.bytes]
	}
}
