package main

import (
	"sort"
	"sync"
	"time"
)

// Durations of many goroutines, a sample each; nothing is averaged away.
type times struct {
	lock    sync.Mutex
	samples []uint32
}

func (t *times) add(duration time.Duration) {
	t.lock.Lock()
	t.samples = append(t.samples, uint32(duration.Microseconds()))
	t.lock.Unlock()
}

// In milliseconds.
type quantiles struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50Ms"`
	P99   float64 `json:"p99Ms"`
	Max   float64 `json:"maxMs"`
}

func (t *times) quantiles() quantiles {
	t.lock.Lock()
	defer t.lock.Unlock()
	if len(t.samples) == 0 {
		return quantiles{}
	}
	sort.Slice(t.samples, func(i, j int) bool { return t.samples[i] < t.samples[j] })
	at := func(share float64) float64 { return float64(t.samples[int(share*float64(len(t.samples)-1))]) / 1000 }
	return quantiles{len(t.samples), at(0.5), at(0.99), at(1)}
}
