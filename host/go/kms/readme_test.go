package kms_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// batches is the function that the example leaves to its reader: records from standard input.
const batches = `package main

import (
	"bufio"
	"bytes"
	"os"
)

func batches() [][][]byte {
	var records [][]byte
	for lines := bufio.NewReader(os.Stdin); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return [][][]byte{records[:1], records[1:]}
		}
		records = append(records, bytes.TrimSpace(line))
	}
}
`

// TestTheExampleOfTheManual: compiled as it stands there, it writes what the program does, and tells what it cannot read.
func TestTheExampleOfTheManual(t *testing.T) {
	service := startKMS(t)
	stream := streamOf(t, service)
	manual, err := os.ReadFile("../README.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(manual), "```go\n")
	example, _, found := strings.Cut(rest, "```")
	if !found || !strings.Contains(example, `"cluster-ABC"`) || !strings.Contains(example, `"heartbeats: drop"`) {
		t.Fatal("expected an example with cluster-ABC, found", example)
	}
	example = strings.ReplaceAll(example, "cluster-ABC", stream.resource)
	program := build(t, map[string]string{"main.go": example, "batches.go": batches})

	command := exec.Command(program)
	var lines, complaints strings.Builder
	command.Stdin = bytes.NewReader(append(bytes.Join(stream.records, []byte("\n")), "\n{\n"...))
	command.Stdout, command.Stderr = &lines, &complaints
	command.Env = append(os.Environ(), "AWS_ENDPOINT_URL_KMS="+service.endpoint, "AWS_REGION="+region,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null")
	if err := command.Run(); err != nil {
		t.Fatal(err, complaints.String())
	}
	if lines.String() != stream.lines {
		t.Error("other lines than the program's")
	}
	if said := complaints.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, "envelope/not-json") {
		t.Error("expected one record that fails, found", said)
	}
	if calls := service.calls(); calls != stream.dataKeys {
		t.Errorf("%d calls for %d data keys", calls, stream.dataKeys)
	}
}

// build compiles a program of these files as if they stood in this module, so that it has its dependencies.
func build(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	here, err := filepath.Abs(".")
	must(t, err)
	replaced := map[string]string{}
	for name, text := range files {
		file := filepath.Join(folder, name)
		must(t, os.WriteFile(file, []byte(text), 0o600))
		replaced[filepath.Join(here, "example", name)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, "overlay.json"), overlay, 0o600))
	program := filepath.Join(folder, "program")
	run(t, here, "go", "build", "-overlay", filepath.Join(folder, "overlay.json"), "-o", program, "./example")
	return program
}
