package main

import "sort"

// state is the store after some operations. It is never changed in place: a draft is copied first.
type state struct {
	revision int64
	keys     map[string]entry
}

func (s state) equal(other state) bool {
	if s.revision != other.revision || len(s.keys) != len(other.keys) {
		return false
	}
	for key, e := range s.keys {
		if other.keys[key] != e {
			return false
		}
	}
	return true
}

// draft is a copy of a state on which one operation runs; what it writes carries the next revision.
type draft struct {
	state
	changed bool
}

func (s state) draft() *draft {
	keys := make(map[string]entry, len(s.keys)+1)
	for key, e := range s.keys {
		keys[key] = e
	}
	return &draft{state: state{revision: s.revision, keys: keys}}
}

// commit gives the state after the operation.
func (d *draft) commit() state {
	after := d.state
	if d.changed {
		after.revision++
	}
	return after
}

func (d *draft) put(key, value, lease string) (previous entries) {
	next := d.revision + 1
	e := entry{Key: key, Value: value, Create: next, Mod: next, Version: 1, Lease: lease}
	if old, ok := d.keys[key]; ok {
		e.Create, e.Version = old.Create, old.Version+1
		previous = entries{old}
	}
	d.keys[key] = e
	d.changed = true
	return previous
}

func (d *draft) delete(gone entries) {
	for _, e := range gone {
		delete(d.keys, e.Key)
		d.changed = true
	}
}

func (d *draft) inRange(key, end string) entries {
	return d.where(func(e entry) bool {
		if end == "" {
			return e.Key == key
		}
		return e.Key >= key && (end == "\x00" || e.Key < end)
	})
}

// where lists entries in the order of their keys.
func (d *draft) where(wanted func(entry) bool) entries {
	var found entries
	for _, e := range d.keys {
		if wanted(e) {
			found = append(found, e)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Key < found[j].Key })
	return found
}
