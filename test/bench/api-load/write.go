package main

import (
	"fmt"
	"math/rand"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// What the writers were told.
type writeLog struct {
	lock   sync.Mutex
	puts   map[int64]string // key by revision
	gone   map[string]int   // deletions by key
	failed int
	errors []string
	times  times
}

func (l *writeLog) count() int {
	count := len(l.puts)
	for _, times := range l.gone {
		count += times
	}
	return count
}

// Every acknowledged change is in the reference, and nothing else is.
func (l *writeLog) compare(reference []event) []string {
	faults := append([]string{}, l.errors...)
	gone := map[string]int{}
	puts := 0
	for i := range reference {
		found := &reference[i]
		if found.Type == "DELETED" {
			gone[found.Object.key()]++
			continue
		}
		puts++
		if key := l.puts[found.Object.revision()]; key != found.Object.key() {
			faults = append(faults, fmt.Sprintf("history has %s at %d, acknowledged was %q", found.Object.key(), found.Object.revision(), key))
		}
	}
	if puts != len(l.puts) {
		faults = append(faults, fmt.Sprintf("history has %d puts, acknowledged were %d", puts, len(l.puts)))
	}
	for key, times := range l.gone {
		if gone[key] != times {
			faults = append(faults, fmt.Sprintf("history has %d deletions of %s, acknowledged were %d", gone[key], key, times))
		}
	}
	return faults
}

var theLog = &writeLog{puts: map[int64]string{}, gone: map[string]int{}}

// Runs the writers until the time is over.
func writeAll(client *http.Client) *writeLog {
	end := time.Now().Add(duration())
	var group sync.WaitGroup
	for id := 0; id < *writers; id++ {
		group.Add(1)
		go func(id int) {
			defer group.Done()
			writeUntil(client, id, end)
		}(id)
	}
	group.Wait()
	return theLog
}

func writeUntil(client *http.Client, id int, end time.Time) {
	chance := random(id)
	exists := make([]bool, objectsEach)
	interval := time.Duration(0)
	if *rate > 0 {
		interval = time.Duration(float64(*writers) / *rate * float64(time.Second))
	}
	next := time.Now().Add(time.Duration(chance.Float64() * float64(interval)))
	for ; next.Before(end) && time.Now().Before(end); next = next.Add(interval) {
		time.Sleep(time.Until(next))
		which := chance.Intn(objectsEach)
		if exists[which] && chance.Intn(5) == 0 {
			exists[which] = !remove(client, id, which)
		} else {
			exists[which] = put(client, id, which, exists[which], chance) || exists[which]
		}
	}
}

func place(id, which int) (string, string) {
	return fmt.Sprintf("space-%d", id%spaces), fmt.Sprintf("w%d-%d", id, which)
}

func put(client *http.Client, id, which int, exists bool, chance *rand.Rand) bool {
	space, name := place(id, which)
	collection := root + "/namespaces/" + space + "/networksets"
	began := time.Now()
	body := map[string]any{
		"metadata": map[string]any{
			"name": name, "namespace": space,
			"labels":      map[string]string{"team": fmt.Sprintf("t%d", chance.Intn(teams)), "role": "load"},
			"annotations": map[string]string{"at": strconv.FormatInt(began.UnixNano(), 10)},
		},
		"spec": map[string]any{"nets": []string{fmt.Sprintf("192.0.2.%d", chance.Intn(256)), "198.51.100.0/24", "203.0.113.0/24"}},
	}
	method, path, contentType, wanted := "POST", collection, "application/json", 201
	if exists {
		method, path, contentType, wanted = "PATCH", collection+"/"+name, "application/merge-patch+json", 200
	}
	status, found, err := call(client, method, path, contentType, body)
	theLog.times.add(time.Since(began))
	theLog.lock.Lock()
	defer theLog.lock.Unlock()
	if err != nil || status != wanted {
		theLog.fail(fmt.Sprintf("%s %s: %d %v", method, path, status, err))
		return false
	}
	theLog.puts[found.revision()] = found.key()
	return true
}

func remove(client *http.Client, id, which int) bool {
	space, name := place(id, which)
	path := root + "/namespaces/" + space + "/networksets/" + name
	began := time.Now()
	status, _, err := call(client, "DELETE", path, "", nil)
	theLog.times.add(time.Since(began))
	theLog.lock.Lock()
	defer theLog.lock.Unlock()
	if err != nil || status != 200 {
		theLog.fail(fmt.Sprintf("DELETE %s: %d %v", path, status, err))
		return false
	}
	theLog.gone[space+"/"+name]++
	return true
}

func (l *writeLog) fail(text string) {
	l.failed++
	l.errors = append(l.errors, text)
}

// One more object behind all others: who has seen it has seen everything.
func writeLast(client *http.Client) (int64, error) {
	body := map[string]any{"metadata": map[string]any{"name": "last", "namespace": "space-0"}, "spec": map[string]any{}}
	status, found, err := call(client, "POST", root+"/namespaces/space-0/networksets", "application/json", body)
	if err != nil || status != 201 {
		return 0, fmt.Errorf("the last object: %d %v", status, err)
	}
	theLog.puts[found.revision()] = found.key()
	return found.revision(), nil
}
