// Watches: how fast one change reaches all of them, and what they cost while they wait or do not read.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

type watchResult struct {
	// Deliveries is the number of events times the number of watches.
	Deliveries int     `json:"deliveries"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
	// From the moment before the put was sent to the moment a watch had the event.
	latency
}

// watch has `clients` writers put `count` changes and waits until every watch has seen them all.
func watch(o options) (any, error) {
	streams, err := openWatches(o)
	if err != nil {
		return nil, err
	}
	writers, err := dialAll(o, o.clients)
	if err != nil {
		return nil, err
	}
	if o.hold {
		if err := say(map[string]int{"ready": len(streams)}); err != nil {
			return nil, err
		}
		wait()
	}
	var failed atomic.Pointer[error]
	var reading, writing sync.WaitGroup
	taken := make([][]time.Duration, len(streams))
	cpu, start := cpuSeconds(), time.Now()
	for i, stream := range streams {
		reading.Add(1)
		go func() {
			defer reading.Done()
			if err := receive(stream, o.count, start, &taken[i]); err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		}()
	}
	for client, conn := range writers {
		writing.Add(1)
		go func() {
			defer writing.Done()
			if err := write(o, conn, client, start); err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		}()
	}
	writing.Wait()
	if found := failed.Load(); found != nil {
		return nil, *found
	}
	reading.Wait()
	if found := failed.Load(); found != nil {
		return nil, *found
	}
	seconds := time.Since(start).Seconds()
	var all []time.Duration
	for _, some := range taken {
		all = append(all, some...)
	}
	return watchResult{len(all), seconds, cpuSeconds() - cpu, summarize(all)}, nil
}

// idle opens watches that nobody reads, and holds them.
func idle(o options) (any, error) {
	streams, err := openWatches(o)
	if err != nil {
		return nil, err
	}
	if err := say(map[string]int{"ready": len(streams)}); err != nil {
		return nil, err
	}
	wait()
	return map[string]int{"held": len(streams)}, nil
}

func openWatches(o options) ([]pb.Watch_WatchClient, error) {
	conns, err := dialAll(o, o.watchers)
	if err != nil {
		return nil, err
	}
	streams := make([]pb.Watch_WatchClient, len(conns))
	errs := make([]error, len(conns))
	var opening sync.WaitGroup
	for i, conn := range conns {
		opening.Add(1)
		go func() {
			defer opening.Done()
			streams[i], errs[i] = openWatch(o, conn)
		}()
	}
	opening.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return streams, nil
}

func openWatch(o options, conn *grpc.ClientConn) (pb.Watch_WatchClient, error) {
	stream, err := pb.NewWatchClient(conn).Watch(context.Background())
	if err != nil {
		return nil, err
	}
	create := &pb.WatchCreateRequest{Key: []byte(o.prefix), RangeEnd: end(o.prefix)}
	err = stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: create}})
	if err != nil {
		return nil, err
	}
	answer, err := stream.Recv()
	if err == nil && !answer.Created {
		err = fmt.Errorf("no watch: %s", answer.CancelReason)
	}
	return stream, err
}

func receive(stream pb.Watch_WatchClient, wanted int, start time.Time, taken *[]time.Duration) error {
	for seen := 0; seen < wanted; {
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		if answer.Canceled {
			return fmt.Errorf("a watch was cancelled: %s", answer.CancelReason)
		}
		now := time.Since(start)
		for _, event := range answer.Events {
			seen++
			*taken = append(*taken, now-time.Duration(binary.BigEndian.Uint64(event.Kv.Value)))
		}
	}
	return nil
}

// write puts this client's share, each value beginning with the time of its sending.
func write(o options, conn *grpc.ClientConn, client int, start time.Time) error {
	kv := pb.NewKVClient(conn)
	value := filler(max(8, o.bytes))
	for i := client; i < o.count; i += o.clients {
		binary.BigEndian.PutUint64(value, uint64(time.Since(start)))
		_, err := kv.Put(context.Background(), &pb.PutRequest{Key: key(o, client, i%o.keys), Value: value})
		if err != nil {
			return err
		}
	}
	return nil
}
