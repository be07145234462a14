// Speaks to an etcd with its own Go client and prints what it sees, a line a step: what upstream programs are built on.
// Usage: etcd-client ENDPOINT
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{
		Endpoints:            []string{os.Args[1]},
		DialTimeout:          5 * time.Second,
		DialKeepAliveTime:    30 * time.Second,
		DialKeepAliveTimeout: 10 * time.Second,
	})
	check(err)
	defer client.Close()
	for _, step := range []struct {
		name string
		run  func(context.Context, *clientv3.Client) error
	}{
		{"keys", keys},
		{"watch", watch},
		{"compaction", compaction},
		{"lease", lease},
		{"mutex", mutex},
		{"election", election},
		{"stm", stm},
		{"maintenance", maintenance},
	} {
		if err := step.run(ctx, client); err != nil {
			fmt.Printf("%s: FAILED: %v\n", step.name, err)
			os.Exit(1)
		}
		fmt.Printf("%s: ok\n", step.name)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func keys(ctx context.Context, client *clientv3.Client) error {
	if _, err := client.Put(ctx, "keys/a", "1"); err != nil {
		return err
	}
	created, err := client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision("keys/a"), "=", 0)).
		Then(clientv3.OpPut("keys/a", "2")).
		Else(clientv3.OpGet("keys/a"), clientv3.OpTxn(nil, []clientv3.Op{clientv3.OpPut("keys/b", "3", clientv3.WithPrevKV())}, nil)).
		Commit()
	if err != nil {
		return err
	}
	if created.Succeeded || string(created.Responses[0].GetResponseRange().Kvs[0].Value) != "1" {
		return fmt.Errorf("unexpected %v", created)
	}
	if !created.Responses[1].GetResponseTxn().Succeeded {
		return errors.New("the nested transaction was not done")
	}
	got, err := client.Get(ctx, "keys/", clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByModRevision, clientv3.SortDescend), clientv3.WithLimit(1))
	if err != nil {
		return err
	}
	if got.Count != 2 || !got.More || string(got.Kvs[0].Key) != "keys/b" {
		return fmt.Errorf("unexpected %v", got)
	}
	_, err = client.Txn(ctx).Then(clientv3.OpPut("keys/x", "1"), clientv3.OpPut("keys/x", "2")).Commit()
	if !errors.Is(err, rpctypes.ErrDuplicateKey) {
		return fmt.Errorf("expected a duplicate key, got %v", err)
	}
	deleted, err := client.Delete(ctx, "keys/", clientv3.WithPrefix(), clientv3.WithPrevKV())
	if err != nil || deleted.Deleted != 2 || len(deleted.PrevKvs) != 2 {
		return fmt.Errorf("unexpected %v %v", deleted, err)
	}
	return nil
}

func watch(ctx context.Context, client *clientv3.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	puts := client.Watch(ctx, "watch/", clientv3.WithPrefix(), clientv3.WithFilterDelete(), clientv3.WithPrevKV(), clientv3.WithCreatedNotify())
	if first := <-puts; !first.Created {
		return fmt.Errorf("unexpected %v", first)
	}
	all := client.Watch(ctx, "watch/", clientv3.WithPrefix(), clientv3.WithFragment(), clientv3.WithCreatedNotify())
	<-all
	var last int64
	for i := 0; i < 3; i++ {
		put, err := client.Put(ctx, "watch/a", fmt.Sprint(i))
		if err != nil {
			return err
		}
		last = put.Header.Revision
	}
	if _, err := client.Delete(ctx, "watch/a"); err != nil {
		return err
	}
	for seen := 0; seen < 3; {
		for _, event := range (<-puts).Events {
			if string(event.Kv.Value) != fmt.Sprint(seen) || (seen > 0) != (event.PrevKv != nil) {
				return fmt.Errorf("unexpected %v", event)
			}
			seen++
		}
	}
	for seen := 0; seen < 4; {
		seen += len((<-all).Events)
	}
	if err := client.RequestProgress(ctx); err != nil {
		return err
	}
	if progress := <-all; !progress.IsProgressNotify() || progress.Header.Revision <= last {
		return fmt.Errorf("unexpected %v", progress)
	}
	return nil
}

func compaction(ctx context.Context, client *clientv3.Client) error {
	first, err := client.Put(ctx, "compaction/a", "1")
	if err != nil {
		return err
	}
	second, err := client.Put(ctx, "compaction/a", "2")
	if err != nil {
		return err
	}
	if _, err := client.Compact(ctx, second.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		return err
	}
	if _, err := client.Get(ctx, "compaction/a", clientv3.WithRev(first.Header.Revision)); !errors.Is(err, rpctypes.ErrCompacted) {
		return fmt.Errorf("expected compacted, got %v", err)
	}
	gone := <-client.Watch(ctx, "compaction/a", clientv3.WithRev(first.Header.Revision))
	if gone.CompactRevision != second.Header.Revision || !errors.Is(gone.Err(), rpctypes.ErrCompacted) {
		return fmt.Errorf("unexpected %v %v", gone, gone.Err())
	}
	if _, err := client.Get(ctx, "x", clientv3.WithRev(second.Header.Revision+1000)); !errors.Is(err, rpctypes.ErrFutureRev) {
		return fmt.Errorf("expected a future revision, got %v", err)
	}
	return nil
}

func lease(ctx context.Context, client *clientv3.Client) error {
	granted, err := client.Grant(ctx, 5)
	if err != nil {
		return err
	}
	if _, err := client.Put(ctx, "lease/a", "1", clientv3.WithLease(granted.ID)); err != nil {
		return err
	}
	alive, err := client.KeepAlive(ctx, granted.ID)
	if err != nil {
		return err
	}
	if kept := <-alive; kept == nil || kept.TTL != 5 {
		return fmt.Errorf("unexpected %v", kept)
	}
	left, err := client.TimeToLive(ctx, granted.ID, clientv3.WithAttachedKeys())
	if err != nil || left.GrantedTTL != 5 || len(left.Keys) != 1 {
		return fmt.Errorf("unexpected %v %v", left, err)
	}
	if _, err := client.Revoke(ctx, granted.ID); err != nil {
		return err
	}
	if got, err := client.Get(ctx, "lease/a"); err != nil || got.Count != 0 {
		return fmt.Errorf("unexpected %v %v", got, err)
	}
	if _, err := client.KeepAliveOnce(ctx, granted.ID); !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return fmt.Errorf("expected no lease, got %v", err)
	}
	return nil
}

func mutex(ctx context.Context, client *clientv3.Client) error {
	inside, most := 0, 0
	var guard sync.Mutex
	var all sync.WaitGroup
	failures := make(chan error, 4)
	for i := 0; i < 4; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			failures <- func() error {
				session, err := concurrency.NewSession(client, concurrency.WithTTL(10))
				if err != nil {
					return err
				}
				defer session.Close()
				lock := concurrency.NewMutex(session, "mutex/")
				if err := lock.Lock(ctx); err != nil {
					return err
				}
				guard.Lock()
				inside++
				most = max(most, inside)
				guard.Unlock()
				time.Sleep(20 * time.Millisecond)
				guard.Lock()
				inside--
				guard.Unlock()
				return lock.Unlock(ctx)
			}()
		}()
	}
	all.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	if most != 1 {
		return fmt.Errorf("%d held the mutex at once", most)
	}
	return nil
}

func election(ctx context.Context, client *clientv3.Client) error {
	var sessions [2]*concurrency.Session
	for i := range sessions {
		session, err := concurrency.NewSession(client, concurrency.WithTTL(10))
		if err != nil {
			return err
		}
		defer session.Close()
		sessions[i] = session
	}
	first, second := concurrency.NewElection(sessions[0], "election/"), concurrency.NewElection(sessions[1], "election/")
	if err := first.Campaign(ctx, "first"); err != nil {
		return err
	}
	elected := make(chan error, 1)
	go func() { elected <- second.Campaign(ctx, "second") }()
	leader, err := second.Leader(ctx)
	if err != nil || string(leader.Kvs[0].Value) != "first" {
		return fmt.Errorf("unexpected %v %v", leader, err)
	}
	if err := first.Resign(ctx); err != nil {
		return err
	}
	if err := <-elected; err != nil {
		return err
	}
	if seen := <-first.Observe(ctx); string(seen.Kvs[0].Value) != "second" {
		return fmt.Errorf("unexpected %v", seen)
	}
	return second.Resign(ctx)
}

func stm(ctx context.Context, client *clientv3.Client) error {
	const writers, rounds = 4, 10
	var all sync.WaitGroup
	failures := make(chan error, writers)
	for i := 0; i < writers; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for round := 0; round < rounds; round++ {
				_, err := concurrency.NewSTM(client, func(stm concurrency.STM) error {
					count := 0
					fmt.Sscan(stm.Get("stm/count"), &count)
					stm.Put("stm/count", fmt.Sprint(count+1))
					return nil
				})
				if err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	all.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return err
	}
	got, err := client.Get(ctx, "stm/count")
	if err != nil || string(got.Kvs[0].Value) != fmt.Sprint(writers*rounds) {
		return fmt.Errorf("unexpected %v %v", got, err)
	}
	return nil
}

func maintenance(ctx context.Context, client *clientv3.Client) error {
	endpoint := client.Endpoints()[0]
	status, err := client.Status(ctx, endpoint)
	if err != nil || status.Leader != status.Header.MemberId {
		return fmt.Errorf("unexpected %v %v", status, err)
	}
	members, err := client.MemberList(ctx)
	if err != nil || len(members.Members) != 1 {
		return fmt.Errorf("unexpected %v %v", members, err)
	}
	if alarms, err := client.AlarmList(ctx); err != nil || len(alarms.Alarms) != 0 {
		return fmt.Errorf("unexpected %v %v", alarms, err)
	}
	if hash, err := client.HashKV(ctx, endpoint, 0); err != nil || hash.Hash == 0 {
		return fmt.Errorf("unexpected %v %v", hash, err)
	}
	snapshot, err := client.SnapshotWithVersion(ctx)
	if err != nil {
		return err
	}
	defer snapshot.Snapshot.Close()
	total, buffer := 0, make([]byte, 1<<16)
	for {
		n, err := snapshot.Snapshot.Read(buffer)
		total += n
		if err != nil {
			break
		}
	}
	if total%512 != 32 {
		return fmt.Errorf("%d bytes are not a snapshot", total)
	}
	_, err = client.Defragment(ctx, endpoint)
	return err
}
