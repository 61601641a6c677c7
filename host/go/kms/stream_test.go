package kms_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// root is the project's folder.
const root = "../../.."

// made is what `make` built: in the target folder, or where a variable says.
func made(t *testing.T, name, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		path = filepath.Join(root, "target", name)
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%s is missing: run `make test-go`, which builds it, or set %s", path, variable)
	}
	return path
}

// A service is moto's KMS on a loopback port, with one key: tests/peer/kms.py. It ends with the test.
type service struct {
	t        *testing.T
	requests *json.Encoder
	answers  *json.Decoder
	endpoint string
}

func startKMS(t *testing.T) *service {
	t.Helper()
	process := exec.Command(made(t, "venv/bin/python", "DASTAP_PYTHON"), filepath.Join(root, "tests/peer/kms.py"))
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	must(t, err)
	stdout, err := process.StdoutPipe()
	must(t, err)
	must(t, process.Start())
	t.Cleanup(func() {
		stdin.Close()
		process.Wait()
	})
	started := &service{t, json.NewEncoder(stdin), json.NewDecoder(bufio.NewReader(stdout)), ""}
	var hello struct{ Endpoint string }
	must(t, started.answers.Decode(&hello))
	started.endpoint = hello.Endpoint
	return started
}

// ask does one request; peer/kms.py says which there are.
func (service *service) ask(request map[string]any, answer any) {
	service.t.Helper()
	must(service.t, service.requests.Encode(request))
	must(service.t, service.answers.Decode(answer))
}

// calls is how many Decrypt requests have reached the service.
func (service *service) calls() int {
	service.t.Helper()
	var calls map[string]int
	service.ask(map[string]any{"do": "calls"}, &calls)
	return calls["Decrypt"]
}

// fail fails the next Decrypt requests.
func (service *service) fail(status int, code string, times int) {
	service.t.Helper()
	service.ask(map[string]any{"do": "fail", "status": status, "code": code, "times": times}, &struct{}{})
}

// A stream is records whose data keys a service encrypted, as Aurora's are.
type stream struct {
	records  [][]byte
	resource string
	dataKeys int
	// lines is what the program makes of them.
	lines string
}

type key struct {
	Ciphertext []byte            `json:"ciphertext"`
	Context    map[string]string `json:"context"`
	Plaintext  []byte            `json:"plaintext"`
}

func streamOf(t *testing.T, service *service) stream {
	t.Helper()
	program, folder := made(t, "debug/dastap", "DASTAP_PROGRAM"), t.TempDir()
	run(t, folder, program, "gen", "--engine", "postgres", "--records", "60", "--rotations", "2", "--keyring", "keyring.json", "-o", "records")
	var keyring struct{ Keys []key }
	text, err := os.ReadFile(filepath.Join(folder, "keyring.json"))
	must(t, err)
	must(t, json.Unmarshal(text, &keyring))
	made := stream{dataKeys: len(keyring.Keys)}
	blobs := map[string][]byte{}
	for _, key := range keyring.Keys {
		var answer struct{ Ciphertext []byte }
		service.ask(map[string]any{"do": "encrypt", "plaintext": key.Plaintext, "context": key.Context}, &answer)
		blobs[string(key.Ciphertext)] = answer.Ciphertext
		for _, made.resource = range key.Context {
		}
	}
	text, err = os.ReadFile(filepath.Join(folder, "records"))
	must(t, err)
	for _, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var record map[string]any
		must(t, json.Unmarshal(line, &record))
		var blob []byte
		must(t, json.Unmarshal([]byte(`"`+record["key"].(string)+`"`), &blob))
		record["key"] = blobs[string(blob)]
		encrypted, err := json.Marshal(record)
		must(t, err)
		made.records = append(made.records, encrypted)
	}
	made.lines = run(t, folder, program, "decode", "--keyring", "keyring.json", "--resource-id", made.resource, "records")
	return made
}

// run gives what a program that succeeds prints.
func run(t *testing.T, folder, program string, arguments ...string) string {
	t.Helper()
	command := exec.Command(program, arguments...)
	var said, complaint bytes.Buffer
	command.Dir, command.Stdout, command.Stderr = folder, &said, &complaint
	if err := command.Run(); err != nil {
		t.Fatal(command, err, complaint.String())
	}
	return said.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
