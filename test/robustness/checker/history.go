package main

// The history as recorded by ../history.ts. Lease 0 is no lease; an empty end means a single key, one zero byte the end of all keys.

type history struct {
	Initial struct {
		Revision int64   `json:"revision"`
		Entries  []entry `json:"entries"`
	} `json:"initial"`
	FinalRevision int64       `json:"finalRevision"`
	Operations    []operation `json:"operations"`
}

type entry struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Create  int64  `json:"create"`
	Mod     int64  `json:"mod"`
	Version int64  `json:"version"`
	Lease   string `json:"lease"`
}

// operation is a transaction, a revocation or an expiry. Without an answer its end is unknown, and At lists the revisions it may have made;
// Return is then -1.
type operation struct {
	Kind    string    `json:"kind"`
	Client  int       `json:"client"`
	Call    int64     `json:"call"`
	Return  int64     `json:"return"`
	Lease   string    `json:"lease"`
	Compare []compare `json:"compare"`
	Success []op      `json:"success"`
	Failure []op      `json:"failure"`
	Answer  *answer   `json:"answer"`
	At      []int64   `json:"at"`
}

type compare struct {
	Key    string `json:"key"`
	Target string `json:"target"`
	Result string `json:"result"`
	Number int64  `json:"number"`
	Text   string `json:"text"`
}

type op struct {
	Type   string `json:"type"`
	Key    string `json:"key"`
	End    string `json:"end"`
	Value  string `json:"value"`
	Lease  string `json:"lease"`
	PrevKv bool   `json:"prevKv"`
}

type answer struct {
	Revision  int64    `json:"revision"`
	Succeeded bool     `json:"succeeded"`
	Results   []result `json:"results"`
}

// result holds the fields of all types of results; Prev of a put is an entry or null, of a deletion a list.
type result struct {
	Type    string  `json:"type"`
	Deleted int     `json:"deleted"`
	Prev    entries `json:"prev"`
	Entries entries `json:"entries"`
}
