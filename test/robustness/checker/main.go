// Command robustness-checker says whether a recorded history of a store is linearizable.
//
// It reads one history as JSON (../rules/judge.ts, CheckerInput) from standard input and prints its verdict as JSON. With an argument it
// also writes porcupine's picture of the history there. The search is porcupine's; the model of an etcd-like store is in model.go.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

const timeLimit = 100 * time.Second

type verdict struct {
	Result     string `json:"result"`
	Operations int    `json:"operations"`
	Millis     int64  `json:"millis"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "robustness-checker:", err)
		os.Exit(1)
	}
}

func run() error {
	var h history
	if err := json.NewDecoder(os.Stdin).Decode(&h); err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	picture := ""
	if len(os.Args) > 1 {
		picture = os.Args[1]
	}
	begin := time.Now()
	result, err := check(h, picture)
	if err != nil {
		return err
	}
	v := verdict{Result: string(result), Operations: len(h.Operations), Millis: time.Since(begin).Milliseconds()}
	return json.NewEncoder(os.Stdout).Encode(v)
}

// check searches for an order of the operations that explains every answer.
func check(h history, picture string) (porcupine.CheckResult, error) {
	operations := make([]porcupine.Operation, len(h.Operations))
	for i := range h.Operations {
		o := &h.Operations[i]
		end := o.Return
		if end < 0 {
			end = math.MaxInt64
		}
		operations[i] = porcupine.Operation{ClientId: o.Client, Input: o, Call: o.Call, Return: end}
	}
	m := model(h)
	if picture == "" {
		return porcupine.CheckOperationsTimeout(m, operations, timeLimit), nil
	}
	result, info := porcupine.CheckOperationsVerbose(m, operations, timeLimit)
	return result, porcupine.VisualizePath(m, info, picture)
}
