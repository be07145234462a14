package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const root = "/apis/projectcalico.org/v3"

// What this program reads of an object.
type object struct {
	Kind     string `json:"kind"`
	Code     int    `json:"code"`
	Metadata struct {
		Name            string            `json:"name"`
		Namespace       string            `json:"namespace"`
		ResourceVersion string            `json:"resourceVersion"`
		Labels          map[string]string `json:"labels"`
		Annotations     map[string]string `json:"annotations"`
	} `json:"metadata"`
}

type event struct {
	Type   string `json:"type"`
	Object object `json:"object"`
}

func (o *object) revision() int64 {
	revision, _ := strconv.ParseInt(o.Metadata.ResourceVersion, 10, 64)
	return revision
}

func (o *object) key() string {
	return o.Metadata.Namespace + "/" + o.Metadata.Name
}

// A client whose connections stay open, but not until the server hangs up on them: a write that meets that has no answer.
func newClient(connections int) *http.Client {
	return &http.Client{Transport: &http.Transport{
		MaxIdleConns: connections, MaxIdleConnsPerHost: connections, DisableCompression: true, IdleConnTimeout: 2 * time.Second,
	}}
}

func call(client *http.Client, method, path, contentType string, body any) (int, *object, error) {
	status, bytes, err := callRaw(client, method, path, contentType, body)
	if err != nil {
		return 0, nil, err
	}
	var found object
	if err := json.Unmarshal(bytes, &found); err != nil {
		return status, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return status, &found, nil
}

func callRaw(client *http.Client, method, path, contentType string, body any) (int, []byte, error) {
	var payload io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		payload = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, *target+path, payload)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// One watch on a connection of its own.
type watch struct {
	connection net.Conn
	reader     *bufio.Reader
	body       io.ReadCloser
	lines      *bufio.Reader
}

// Opened when the server has answered. `receiveBytes`: what the kernel may hold of it, 0 for its own choice.
func openWatch(path, accept string, receiveBytes int) (*watch, error) {
	dialer := net.Dialer{}
	connection, err := dialer.Dial("tcp", (*target)[len("http://"):])
	if err != nil {
		return nil, err
	}
	if receiveBytes > 0 {
		if err := connection.(*net.TCPConn).SetReadBuffer(receiveBytes); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest("GET", *target+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	if err := request.Write(connection); err != nil {
		return nil, err
	}
	reader := bufio.NewReaderSize(connection, 16*1024)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != 200 {
		return nil, fmt.Errorf("watch %s: %s", path, response.Status)
	}
	return &watch{connection, reader, response.Body, bufio.NewReaderSize(response.Body, 16*1024)}, nil
}

// The next event, read within `patience`; io.EOF when the server has ended the watch.
func (w *watch) next(patience time.Duration, into *event) error {
	if err := w.connection.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	line, err := w.lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	*into = event{}
	return json.Unmarshal(line, into)
}

func (w *watch) close() {
	w.connection.Close()
}
