package main

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// model is an etcd-like store restricted to what is recorded. Every answer carries the revision it was given at, so that an answered
// operation fits at few places only and the search stays short.
func model(h history) porcupine.Model {
	initial := state{revision: h.Initial.Revision, keys: map[string]entry{}}
	for _, e := range h.Initial.Entries {
		initial.keys[e.Key] = e
	}
	return porcupine.Model{
		Init: func() interface{} { return initial },
		Step: func(s, input, _ interface{}) (bool, interface{}) {
			return step(s.(state), input.(*operation), h.FinalRevision)
		},
		Equal:             func(a, b interface{}) bool { return a.(state).equal(b.(state)) },
		DescribeOperation: func(input, _ interface{}) string { return describe(input.(*operation)) },
		DescribeState:     func(s interface{}) string { return fmt.Sprintf("%d %v", s.(state).revision, s.(state).keys) },
	}
}

// step runs an operation on a state; false when it cannot have happened there.
func step(before state, o *operation, final int64) (bool, state) {
	if o.Answer == nil {
		return stepUnknown(before, o, final)
	}
	// Cheap, and true of most of what the search tries: the answer is from another revision.
	if o.Answer.Revision != before.revision && o.Answer.Revision != before.revision+1 {
		return false, before
	}
	d := before.draft()
	succeeded, results := perform(d, o)
	after := d.commit()
	if after.revision != o.Answer.Revision {
		return false, before
	}
	if o.Kind == "txn" && (succeeded != o.Answer.Succeeded || !sameResults(o, results)) {
		return false, before
	}
	return true, after
}

// stepUnknown lets an operation without an answer happen at one of the revisions it may have made, or never: that is, after everything.
func stepUnknown(before state, o *operation, final int64) (bool, state) {
	for _, revision := range o.At {
		if revision != before.revision+1 {
			continue
		}
		d := before.draft()
		perform(d, o)
		if d.changed {
			return true, d.commit()
		}
	}
	return before.revision == final, before
}

func perform(d *draft, o *operation) (bool, []result) {
	if o.Kind != "txn" {
		d.delete(d.where(func(e entry) bool { return e.Lease == o.Lease }))
		return true, nil
	}
	succeeded, ops := true, o.Success
	for _, c := range o.Compare {
		if !c.holds(d.state) {
			succeeded, ops = false, o.Failure
		}
	}
	results := make([]result, len(ops))
	for i, op := range ops {
		results[i] = op.run(d)
	}
	return succeeded, results
}

func (o op) run(d *draft) result {
	switch o.Type {
	case "put":
		return result{Type: o.Type, Prev: shown(o.PrevKv, d.put(o.Key, o.Value, o.Lease))}
	case "delete":
		gone := d.inRange(o.Key, o.End)
		d.delete(gone)
		return result{Type: o.Type, Deleted: len(gone), Prev: shown(o.PrevKv, gone)}
	}
	// A read in a transaction sees what was written before it in the same one.
	return result{Type: o.Type, Entries: d.inRange(o.Key, o.End)}
}

func shown(asked bool, previous entries) entries {
	if asked {
		return previous
	}
	return nil
}

func (c compare) holds(s state) bool {
	e, ok := s.keys[c.Key]
	order := 0
	switch c.Target {
	case "value":
		if !ok {
			return false
		}
		order = compareOrdered(e.Value, c.Text)
	case "version":
		order = compareOrdered(e.Version, c.Number)
	case "create":
		order = compareOrdered(e.Create, c.Number)
	case "mod":
		order = compareOrdered(e.Mod, c.Number)
	}
	switch c.Result {
	case "equal":
		return order == 0
	case "notEqual":
		return order != 0
	case "greater":
		return order > 0
	}
	return order < 0
}

func compareOrdered[T int64 | string](a, b T) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func sameResults(o *operation, results []result) bool {
	if len(results) != len(o.Answer.Results) {
		return false
	}
	for i, expected := range results {
		found := o.Answer.Results[i]
		if found.Type != expected.Type || found.Deleted != expected.Deleted ||
			!found.Prev.equal(expected.Prev) || !found.Entries.equal(expected.Entries) {
			return false
		}
	}
	return true
}

func describe(o *operation) string {
	if o.Answer == nil {
		return fmt.Sprintf("%s %s %v %v -> ? %v", o.Kind, o.Lease, o.Compare, o.Success, o.At)
	}
	return fmt.Sprintf("%s %s %v %v -> %d %v", o.Kind, o.Lease, o.Compare, o.Success, o.Answer.Revision, o.Answer.Results)
}
