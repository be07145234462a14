// Load on the REST API from one process, with the standard library alone: `watch` (watchers and writers, with account of every event),
// `slow` (watchers that stop reading), `request` (one kind of request as fast as it goes) and `command` (a program, with its time and memory).
// Prints one line of JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

var (
	target    = flag.String("target", "", "http://host:port")
	watchers  = flag.Int("watchers", 100, "concurrent watches, a connection each")
	writers   = flag.Int("writers", 10, "concurrent writers")
	seconds   = flag.Float64("seconds", 5, "how long to write or to ask")
	rate      = flag.Float64("rate", 0, "changes a second of all writers together; 0: as fast as they are answered")
	operation = flag.String("operation", "get", "get, list, create or update")
	clients   = flag.Int("clients", 1, "concurrent clients")
	path      = flag.String("path", "", "of the request")
	megabytes = flag.Int("megabytes", 100, "how much is written past watchers that do not read")
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: api-load watch|slow|request [flags]"))
	}
	if err := flag.CommandLine.Parse(os.Args[2:]); err != nil {
		fail(err)
	}
	modes := map[string]func() (any, error){"watch": runWatch, "slow": runSlow, "request": runRequest, "command": runCommand}
	run, known := modes[os.Args[1]]
	if !known {
		fail(fmt.Errorf("unknown mode %s", os.Args[1]))
	}
	result, err := run()
	if err != nil {
		fail(err)
	}
	line, err := json.Marshal(result)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(line))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "api-load:", err)
	os.Exit(1)
}

func duration() time.Duration {
	return time.Duration(*seconds * float64(time.Second))
}
