package main

import (
	"bytes"
	"encoding/json"
)

// entries reads a list of entries, one entry alone, or null.
type entries []entry

func (e *entries) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch {
	case bytes.Equal(data, []byte("null")):
		*e = nil
		return nil
	case data[0] == '[':
		return json.Unmarshal(data, (*[]entry)(e))
	}
	var one entry
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*e = entries{one}
	return nil
}

func (e entries) equal(other entries) bool {
	if len(e) != len(other) {
		return false
	}
	for i := range e {
		if e[i] != other[i] {
			return false
		}
	}
	return true
}
