package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"syscall"
	"time"
)

type commandResult struct {
	Runs    int     `json:"runs"`
	WallMs  float64 `json:"wallMs"` // median
	LeastMs float64 `json:"leastMs"`
	CpuMs   float64 `json:"cpuMs"` // median, user and system
	RssMib  float64 `json:"rssMib"`
	Bytes   int     `json:"bytes"` // of the last output
}

// Runs the command that follows the flags, so many times as there are clients, one after the other.
func runCommand() (any, error) {
	words := flag.Args()
	if len(words) == 0 {
		return nil, errors.New("command: nothing to run")
	}
	result := commandResult{Runs: *clients}
	wall, cpu := []float64{}, []float64{}
	for i := 0; i < *clients; i++ {
		var output bytes.Buffer
		command := exec.Command(words[0], words[1:]...)
		command.Stdout, command.Stderr = &output, os.Stderr
		began := time.Now()
		if err := command.Run(); err != nil {
			return nil, fmt.Errorf("%v: %w", words, err)
		}
		wall = append(wall, ms(time.Since(began)))
		state := command.ProcessState
		cpu = append(cpu, ms(state.UserTime()+state.SystemTime()))
		if rss := float64(state.SysUsage().(*syscall.Rusage).Maxrss) / 1024; rss > result.RssMib {
			result.RssMib = rss
		}
		result.Bytes = output.Len()
	}
	result.WallMs, result.CpuMs, result.LeastMs = median(wall), median(cpu), least(wall)
	return result, nil
}

func ms(duration time.Duration) float64 {
	return float64(duration.Microseconds()) / 1000
}

func median(values []float64) float64 {
	sort.Float64s(values)
	return values[len(values)/2]
}

func least(values []float64) float64 {
	sort.Float64s(values)
	return values[0]
}
