// Runs templates over JSON data with Go's own text/template: cases as JSON on stdin, results as JSON on stdout.
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type testCase struct {
	Template string          `json:"template"`
	Data     json.RawMessage `json:"data"`
}

type result struct {
	Text  string `json:"text"`
	Error string `json:"error,omitempty"`
}

// decode reads whole numbers as int and others as float64.
func decode(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
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
	decoder := json.NewDecoder(bytes.NewReader(c.Data))
	decoder.UseNumber()
	var data any
	if err := decoder.Decode(&data); err != nil {
		return result{Error: err.Error()}
	}
	functions := template.FuncMap{"join": func(list []any, separator string) string {
		words := []string{}
		for _, item := range list {
			words = append(words, item.(string))
		}
		return strings.Join(words, separator)
	}}
	t, err := template.New("t").Funcs(functions).Parse(c.Template)
	if err != nil {
		return result{Error: err.Error()}
	}
	var out bytes.Buffer
	if err := t.Execute(&out, decode(data)); err != nil {
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
