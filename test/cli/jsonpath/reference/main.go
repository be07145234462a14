// Runs JSONPath templates over JSON data with Kubernetes' own package: cases as JSON on stdin, results as JSON on stdout.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/client-go/util/jsonpath"
)

type testCase struct {
	Template string          `json:"template"`
	Data     json.RawMessage `json:"data"`
}

type result struct {
	Text  string `json:"text"`
	Error string `json:"error,omitempty"`
}

// decode reads whole numbers as int64 and others as float64, as Kubernetes' unstructured objects hold them.
func decode(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = decode(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = decode(v[k])
		}
	}
	return value
}

func run(c testCase) (r result) {
	defer func() {
		if problem := recover(); problem != nil {
			r = result{Error: fmt.Sprint(problem)}
		}
	}()
	decoder := json.NewDecoder(bytes.NewReader(c.Data))
	decoder.UseNumber()
	var data any
	if err := decoder.Decode(&data); err != nil {
		return result{Error: err.Error()}
	}
	path := jsonpath.New("t").AllowMissingKeys(true)
	if err := path.Parse(c.Template); err != nil {
		return result{Error: err.Error()}
	}
	var out bytes.Buffer
	if err := path.Execute(&out, decode(data)); err != nil {
		return result{Error: err.Error()}
	}
	return result{Text: out.String()}
}

func main() {
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	results := []result{}
	for _, c := range cases {
		results = append(results, run(c))
	}
	json.NewEncoder(os.Stdout).Encode(results)
}
