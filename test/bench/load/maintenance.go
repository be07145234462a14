// What a server says of itself, and compaction.
package main

import (
	"context"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

type statusResult struct {
	Revision int64 `json:"revision"`
}

func status(o options) (any, error) {
	conn, err := dial(o)
	if err != nil {
		return nil, err
	}
	answer, err := pb.NewKVClient(conn).Range(context.Background(), &pb.RangeRequest{Key: []byte("/absent")})
	if err != nil {
		return nil, err
	}
	return statusResult{answer.Header.Revision}, nil
}

type compactResult struct {
	Revision int64   `json:"revision"`
	Seconds  float64 `json:"seconds"`
}

// compact forgets all history, and waits until its space is free for use where the server can tell.
func compact(o options) (any, error) {
	conn, err := dial(o)
	if err != nil {
		return nil, err
	}
	kv := pb.NewKVClient(conn)
	answer, err := kv.Range(context.Background(), &pb.RangeRequest{Key: []byte("/absent")})
	if err != nil {
		return nil, err
	}
	start := time.Now()
	revision := answer.Header.Revision
	_, err = kv.Compact(context.Background(), &pb.CompactionRequest{Revision: revision, Physical: true})
	return compactResult{revision, time.Since(start).Seconds()}, err
}
