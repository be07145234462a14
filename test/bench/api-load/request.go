package main

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

type requestResult struct {
	Requests int       `json:"requests"`
	Seconds  float64   `json:"seconds"`
	Bytes    int64     `json:"bytes"`
	Times    quantiles `json:"times"`
	Failed   int       `json:"failed"`
}

// Clients that send one kind of request after the other, each over a connection of its own.
func runRequest() (any, error) {
	samples := &times{}
	result := requestResult{}
	var lock sync.Mutex
	var group sync.WaitGroup
	began := time.Now()
	end := began.Add(duration())
	for id := 0; id < *clients; id++ {
		group.Add(1)
		go func(id int) {
			defer group.Done()
			client := newClient(1)
			for n := 0; time.Now().Before(end); n++ {
				sent := time.Now()
				status, answer, err := ask(client, id, n)
				samples.add(time.Since(sent))
				lock.Lock()
				result.Requests++
				result.Bytes += int64(len(answer))
				if err != nil || status >= 300 {
					result.Failed++
				}
				lock.Unlock()
			}
		}(id)
	}
	group.Wait()
	result.Seconds = time.Since(began).Seconds()
	result.Times = samples.quantiles()
	return result, nil
}

func ask(client *http.Client, id, n int) (int, []byte, error) {
	switch *operation {
	case "create":
		name := fmt.Sprintf("load-%d-%d-%d", time.Now().UnixNano(), id, n)
		return callRaw(client, "POST", *path, "application/json", small(name, n))
	case "update":
		// a client has objects of its own: nobody is in its way
		return callRaw(client, "PATCH", fmt.Sprintf("%s-%d", *path, id), "application/merge-patch+json", small("", n))
	default:
		return callRaw(client, "GET", *path, "", nil)
	}
}

func small(name string, n int) map[string]any {
	metadata := map[string]any{"annotations": map[string]string{"turn": strconv.Itoa(n)}}
	if name != "" {
		metadata["name"] = name
	}
	return map[string]any{"metadata": metadata, "spec": map[string]any{"nets": []string{"192.0.2.0/24"}}}
}
