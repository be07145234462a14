package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	slowPath     = root + "/globalnetworksets"
	slowObjects  = 10
	largeBytes   = 150 * 1024
	receiveBytes = 64 * 1024
)

type slowResult struct {
	Watchers  int      `json:"watchers"`
	Megabytes int      `json:"megabytes"`
	Cut       int      `json:"cut"`
	Recovered int      `json:"recovered"`
	Seconds   float64  `json:"seconds"`
	Faults    []string `json:"faults"`
}

// Watchers read their head and then nothing while large objects are written past them; then they read on, are cut, list and watch again.
func runSlow() (any, error) {
	client := newClient(2)
	_, list, err := call(client, "GET", slowPath+"?limit=1", "", nil)
	if err != nil {
		return nil, err
	}
	streams := make([]*watch, *watchers)
	for i := range streams {
		if streams[i], err = openWatch(watchFrom(list.revision()), "application/json", receiveBytes); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	if err := writeLarge(client); err != nil {
		return nil, err
	}
	result := slowResult{Watchers: *watchers, Megabytes: *megabytes, Seconds: time.Since(began).Seconds()}
	for i, stream := range streams {
		isCut, err := readUntilCut(stream)
		if err != nil {
			result.Faults = append(result.Faults, fmt.Sprintf("watcher %d: %v", i, err))
		}
		if !isCut {
			continue
		}
		result.Cut++
		if err := listAndWatch(client, i); err != nil {
			result.Faults = append(result.Faults, fmt.Sprintf("watcher %d: %v", i, err))
		} else {
			result.Recovered++
		}
	}
	return result, nil
}

func watchFrom(revision int64) string {
	return fmt.Sprintf("%s?watch=true&resourceVersion=%d", slowPath, revision)
}

func writeLarge(client *http.Client) error {
	ballast := strings.Repeat("0123456789abcdef", largeBytes/16)
	bytes := 0
	for i := 0; bytes < *megabytes*1024*1024; i++ {
		name := fmt.Sprintf("large-%d", i%slowObjects)
		annotations := map[string]any{"annotations": map[string]string{"turn": fmt.Sprint(i), "ballast": ballast}}
		method, path, contentType, wanted := "PATCH", slowPath+"/"+name, "application/merge-patch+json", 200
		var body any = map[string]any{"metadata": annotations}
		if i < slowObjects {
			metadata := map[string]any{"name": name, "annotations": annotations["annotations"]}
			method, path, contentType, wanted = "POST", slowPath, "application/json", 201
			body = map[string]any{"metadata": metadata, "spec": map[string]any{}}
		}
		status, answer, err := callRaw(client, method, path, contentType, body)
		if err != nil || status != wanted {
			return fmt.Errorf("%s %s: %d %v", method, path, status, err)
		}
		bytes += len(answer)
	}
	return nil
}

// Events come in order, then the error that says to list again, then the end.
func readUntilCut(stream *watch) (bool, error) {
	defer stream.close()
	last := int64(0)
	for {
		var found event
		err := stream.next(10*time.Second, &found)
		if errors.Is(err, io.EOF) {
			return false, errors.New("ended without an error that says why")
		}
		if err != nil && strings.Contains(err.Error(), "timeout") {
			return false, errors.New("was not cut")
		}
		if err != nil {
			return false, err
		}
		if found.Type == "ERROR" {
			if found.Object.Code != 410 {
				return false, fmt.Errorf("ended with %d", found.Object.Code)
			}
			if err := stream.next(10*time.Second, &found); !errors.Is(err, io.EOF) {
				return true, fmt.Errorf("goes on after its error: %v", err)
			}
			return true, nil
		}
		if revision := found.Object.revision(); revision <= last {
			return false, fmt.Errorf("%d comes after %d", revision, last)
		} else {
			last = revision
		}
	}
}

// What a client does after 410: lists, watches from there, and sees the next change.
func listAndWatch(client *http.Client, id int) error {
	_, list, err := call(client, "GET", slowPath, "", nil)
	if err != nil {
		return err
	}
	stream, err := openWatch(watchFrom(list.revision()), "application/json", 0)
	if err != nil {
		return err
	}
	defer stream.close()
	body := map[string]any{"metadata": map[string]any{"name": fmt.Sprintf("after-%d", id)}, "spec": map[string]any{}}
	status, made, err := call(client, "POST", slowPath, "application/json", body)
	if err != nil || status != 201 {
		return fmt.Errorf("POST: %d %v", status, err)
	}
	var found event
	if err := stream.next(10*time.Second, &found); err != nil {
		return err
	}
	if found.Object.revision() != made.revision() || found.Type != "ADDED" {
		return fmt.Errorf("the watch begins with %s at %d, not at %d", found.Type, found.Object.revision(), made.revision())
	}
	return nil
}
