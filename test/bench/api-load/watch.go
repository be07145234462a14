package main

import (
	"fmt"
	"math/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	spaces       = 10
	teams        = 10
	objectsEach  = 8
	kindPath     = root + "/networksets"
	arriveWithin = 30 * time.Second
)

// What a watcher asks for, and which objects that are.
type selection struct {
	path    string
	accept  string
	matches func(labels map[string]string, namespace, name string) bool
}

type watchResult struct {
	Watchers   int       `json:"watchers"`
	Writers    int       `json:"writers"`
	Seconds    float64   `json:"seconds"`
	Changes    int       `json:"changes"`
	Failed     int       `json:"failed"`
	Deliveries int64     `json:"deliveries"`
	Latency    quantiles `json:"latency"`
	Write      quantiles `json:"write"`
	// What is wrong, in words; the first few.
	Faults []string `json:"faults"`
	Wrong  int      `json:"wrong"`
}

// Watchers of several selections, writers, and a reference read from history afterwards, by which each watcher is judged.
func runWatch() (any, error) {
	client := newClient(*writers + 1)
	start, err := listRevision(client)
	if err != nil {
		return nil, err
	}
	latency := &times{}
	all := make([]*watcher, *watchers)
	for i := range all {
		if all[i], err = startWatcher(selectionOf(i), start, latency); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	log := writeAll(client)
	end, err := writeLast(client)
	if err != nil {
		return nil, err
	}
	took := time.Since(began).Seconds()
	reference, err := readReference(start, end)
	if err != nil {
		return nil, err
	}
	faults := log.compare(reference)
	deliveries := int64(0)
	expected := map[int]sum{}
	deadline := time.Now().Add(arriveWithin)
	for i, watcher := range all {
		wanted, known := expected[i%selectionsDistinct]
		if !known {
			wanted = expect(reference, selectionOf(i))
			expected[i%selectionsDistinct] = wanted
		}
		faults = append(faults, watcher.judge(i, wanted, deadline)...)
		deliveries += int64(wanted.count)
	}
	return watchResult{
		Watchers: *watchers, Writers: *writers, Seconds: took, Changes: log.count(), Failed: log.failed, Deliveries: deliveries,
		Latency: latency.quantiles(), Write: log.times.quantiles(), Faults: faults[:min(len(faults), 10)], Wrong: len(faults),
	}, nil
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// Selections repeat after so many watchers.
const selectionsDistinct = 100

// One in ten watches everything; the others a namespace, a label, a name, or metadata only.
func selectionOf(i int) selection {
	space := fmt.Sprintf("space-%d", i/10%spaces)
	team := fmt.Sprintf("t%d", i/10%teams)
	inSpace := root + "/namespaces/" + space + "/networksets"
	plain := "application/json"
	isInSpace := func(_ map[string]string, namespace, _ string) bool { return namespace == space }
	switch i % 10 {
	case 0:
		return selection{kindPath, plain, func(map[string]string, string, string) bool { return true }}
	case 1, 2, 3:
		return selection{inSpace, plain, isInSpace}
	case 4:
		return selection{inSpace, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", isInSpace}
	case 5, 6:
		return selection{kindPath + "?labelSelector=" + url.QueryEscape("team="+team), plain,
			func(labels map[string]string, _, _ string) bool { return labels["team"] == team }}
	case 7, 8:
		return selection{inSpace + "?labelSelector=" + url.QueryEscape("team in (t0,t1,t2)"), plain,
			func(labels map[string]string, namespace, _ string) bool {
				return namespace == space && (labels["team"] == "t0" || labels["team"] == "t1" || labels["team"] == "t2")
			}}
	default:
		name := fmt.Sprintf("w%d-0", i/10%10)
		return selection{inSpace + "?fieldSelector=" + url.QueryEscape("metadata.name="+name), plain,
			func(_ map[string]string, namespace, found string) bool { return namespace == space && found == name }}
	}
}

// Events in short: how many, and a sum that differs when one of them does.
type sum struct {
	count int
	hash  uint64
}

func (s *sum) add(kind string, revision int64) {
	s.count++
	hash := uint64(revision)*0x9e3779b97f4a7c15 + uint64(kind[0])
	hash ^= hash >> 29
	s.hash += hash * 0xbf58476d1ce4e5b9
}

type watcher struct {
	selection selection
	stream    *watch
	lock      sync.Mutex
	seen      sum
	last      int64
	faults    []string
	ended     error
}

func startWatcher(selection selection, start int64, latency *times) (*watcher, error) {
	separator := "?"
	if strings.Contains(selection.path, "?") {
		separator = "&"
	}
	stream, err := openWatch(selection.path+separator+"watch=true&resourceVersion="+strconv.FormatInt(start, 10), selection.accept, 0)
	if err != nil {
		return nil, err
	}
	w := &watcher{selection: selection, stream: stream}
	go w.run(latency)
	return w, nil
}

func (w *watcher) run(latency *times) {
	var found event
	for {
		err := w.stream.next(time.Hour, &found)
		now := time.Now()
		w.lock.Lock()
		if err != nil {
			w.ended = err
			w.lock.Unlock()
			return
		}
		revision := found.Object.revision()
		if revision <= w.last {
			w.faults = append(w.faults, fmt.Sprintf("%s %s at %d comes after %d", found.Type, found.Object.key(), revision, w.last))
		}
		if found.Type == "ERROR" {
			w.faults = append(w.faults, fmt.Sprintf("ended with %d", found.Object.Code))
		} else {
			w.seen.add(found.Type, revision)
		}
		w.last = revision
		w.lock.Unlock()
		if sent, err := strconv.ParseInt(found.Object.Metadata.Annotations["at"], 10, 64); err == nil && found.Type != "DELETED" {
			latency.add(now.Sub(time.Unix(0, sent)))
		}
	}
}

// Waits until everything has come; what should not have come counts as well.
func (w *watcher) judge(id int, wanted sum, deadline time.Time) []string {
	for ; time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		w.lock.Lock()
		done := w.seen.count >= wanted.count || w.ended != nil
		w.lock.Unlock()
		if done {
			break
		}
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	faults := w.faults
	if w.ended != nil {
		faults = append(faults, fmt.Sprintf("watcher %d ended: %v", id, w.ended))
	}
	if w.seen != wanted {
		faults = append(faults, fmt.Sprintf("watcher %d of %s saw %d events, not %d, or others", id, w.selection.path, w.seen.count, wanted.count))
	}
	w.stream.close()
	return faults
}

// What a watcher of a selection must see of the reference: entering is an addition, leaving a deletion.
func expect(reference []event, selection selection) sum {
	wanted := sum{}
	labels := map[string]map[string]string{}
	for i := range reference {
		change := &reference[i]
		metadata := &change.Object.Metadata
		before, existed := labels[change.Object.key()]
		was := existed && selection.matches(before, metadata.Namespace, metadata.Name)
		is := change.Type != "DELETED" && selection.matches(metadata.Labels, metadata.Namespace, metadata.Name)
		switch {
		case is && was:
			wanted.add("MODIFIED", change.Object.revision())
		case is:
			wanted.add("ADDED", change.Object.revision())
		case was:
			wanted.add("DELETED", change.Object.revision())
		}
		if change.Type == "DELETED" {
			delete(labels, change.Object.key())
		} else {
			labels[change.Object.key()] = metadata.Labels
		}
	}
	return wanted
}

// Everything that happened, from the store's history, when nobody writes any more.
func readReference(start, end int64) ([]event, error) {
	stream, err := openWatch(fmt.Sprintf("%s?watch=true&resourceVersion=%d", kindPath, start), "application/json", 0)
	if err != nil {
		return nil, err
	}
	defer stream.close()
	reference := []event{}
	for {
		var found event
		if err := stream.next(time.Minute, &found); err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		if found.Type == "ERROR" {
			return nil, fmt.Errorf("reference: %d", found.Object.Code)
		}
		reference = append(reference, found)
		if found.Object.revision() >= end {
			return reference, nil
		}
	}
}

func listRevision(client *http.Client) (int64, error) {
	_, list, err := call(client, "GET", kindPath+"?limit=1", "", nil)
	if err != nil {
		return 0, err
	}
	return list.revision(), nil
}

func random(id int) *rand.Rand {
	return rand.New(rand.NewSource(int64(id) + 1))
}
