package dastap_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	dastap "github.com/dastap/dastap/host/go"
)

// A case of the suite that every host runs; expected is what `dastap decode` answers.
type suiteCase struct {
	Case     string          `json:"case"`
	Config   json.RawMessage `json:"config"`
	Keyring  string          `json:"keyring"`
	Resource *string         `json:"resource"`
	Records  [][]byte        `json:"records"`
}

type decoded struct {
	Outputs    []output `json:"outputs"`
	Kept       uint32   `json:"kept"`
	Dropped    uint32   `json:"dropped"`
	Heartbeats uint32   `json:"heartbeats"`
}

type output struct {
	Route  string `json:"route"`
	Lines  string `json:"lines"`
	Events uint32 `json:"events"`
}

type failed struct {
	Stage     string `json:"stage"`
	Reason    string `json:"reason"`
	Detail    string `json:"detail"`
	Retryable bool   `json:"retryable"`
}

type verdict struct {
	Decoded *decoded `json:"decoded"`
	Failed  *failed  `json:"failed"`
}

type answer struct {
	Case     string    `json:"case"`
	Verdicts []verdict `json:"verdicts"`
	Error    string    `json:"error"`
}

// A keyring file as Keys.
type keyring struct {
	keys  map[string][]byte
	asked atomic.Int64
}

func (ring *keyring) Decrypt(ciphertext []byte, context map[string]string) ([]byte, error) {
	ring.asked.Add(1)
	key, found := ring.keys[fmt.Sprint(string(ciphertext), context)]
	if !found {
		return nil, dastap.Refused{Reason: "no such key"}
	}
	return bytes.Clone(key), nil
}

func readKeyring(t *testing.T, file string) *keyring {
	t.Helper()
	var content struct {
		Keys []struct {
			Ciphertext, Plaintext []byte
			Context               map[string]string
		}
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &content)
	}
	if err != nil {
		t.Fatal(err)
	}
	ring := &keyring{keys: map[string][]byte{}}
	for _, key := range content.Keys {
		ring.keys[fmt.Sprint(string(key.Ciphertext), key.Context)] = key.Plaintext
	}
	return ring
}

// folder is where the suite's cases were generated.
func folder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("DASTAP_EMBEDDING")
	if folder == "" {
		t.Fatal("expected the folder of the generated cases in DASTAP_EMBEDDING, found none")
	}
	return folder
}

func lines[T any](t *testing.T, file string) []T {
	t.Helper()
	opened, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	var values []T
	for reader := bufio.NewScanner(opened); ; {
		reader.Buffer(nil, 1<<30)
		for reader.Scan() {
			var value T
			if err := json.Unmarshal(reader.Bytes(), &value); err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		if reader.Err() != nil {
			t.Fatal(reader.Err())
		}
		return values
	}
}

func shown(found []dastap.Verdict) []verdict {
	verdicts := make([]verdict, 0, len(found))
	for _, one := range found {
		if one.Failure != nil {
			failure := failed(*one.Failure)
			verdicts = append(verdicts, verdict{Failed: &failure})
			continue
		}
		outputs := make([]output, 0, len(one.Outputs))
		for _, part := range one.Outputs {
			outputs = append(outputs, output(part))
		}
		verdicts = append(verdicts, verdict{Decoded: &decoded{outputs, one.Kept, one.Dropped, one.Heartbeats}})
	}
	return verdicts
}

func text(value any) string {
	encoded, _ := json.Marshal(value)
	return string(encoded[:min(len(encoded), 60000)])
}

// TestConformance compares every verdict with the program's, keys by the configuration and by a callback.
func TestConformance(t *testing.T) {
	folder := folder(t)
	cases, expected := lines[suiteCase](t, filepath.Join(folder, "cases.jsonl")), lines[answer](t, filepath.Join(folder, "expected.jsonl"))
	if len(cases) != len(expected) || len(cases) < 50 {
		t.Fatalf("%d cases, %d answers", len(cases), len(expected))
	}
	records, failures := 0, 0
	for index, one := range cases {
		ring := filepath.Join(folder, one.Keyring)
		config := fmt.Sprintf(`{"keys":{"keyring":%q},"transform":%s}`, ring, one.Config)
		decoder, err := dastap.Open(config, nil)
		if want := expected[index].Error; want != "" || err != nil {
			if err == nil || err.Error() != "dastap: "+want {
				t.Errorf("%s: expected the error %q, found %v", one.Case, want, err)
			}
			continue
		}
		resource := ""
		if one.Resource != nil {
			resource = *one.Resource
		}
		found, err := decoder.Decode(one.Records, resource)
		decoder.Close()
		if err != nil {
			t.Fatal(one.Case, err)
		}
		same(t, one.Case, expected[index].Verdicts, shown(found), true)
		records += len(found)

		byCallback, err := dastap.Open(fmt.Sprintf(`{"transform":%s}`, one.Config), readKeyring(t, ring))
		if err != nil {
			t.Fatal(one.Case, err)
		}
		found, err = byCallback.Decode(one.Records, resource)
		byCallback.Close()
		if err != nil {
			t.Fatal(one.Case, err)
		}
		same(t, one.Case+" by callback", expected[index].Verdicts, shown(found), false)
		for _, verdict := range found {
			if verdict.Failure != nil {
				failures++
			}
		}
	}
	t.Logf("%d cases, %d records, %d failures", len(cases), records, failures)
}

// same compares verdicts; the details of refused keys are those of the keyring, not of a callback.
func same(t *testing.T, name string, expected, found []verdict, details bool) {
	t.Helper()
	if len(expected) != len(found) {
		t.Fatalf("%s: expected %d verdicts, found %d", name, len(expected), len(found))
	}
	for index := range expected {
		want, got := expected[index], found[index]
		if !details && want.Failed != nil && got.Failed != nil && want.Failed.Stage == "key" {
			got.Failed.Detail = want.Failed.Detail
		}
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s, record %d:\nexpected %s\nfound    %s", name, index, text(want), text(got))
		}
	}
}

// TestGoroutines: many at once share one cache, and each gets the same lines.
func TestGoroutines(t *testing.T) {
	folder := folder(t)
	one := lines[suiteCase](t, filepath.Join(folder, "cases.jsonl"))[0]
	ring := readKeyring(t, filepath.Join(folder, one.Keyring))
	decoder, err := dastap.Open("", ring)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := decoder.Decode(one.Records, *one.Resource)
	if err != nil {
		t.Fatal(err)
	}
	asked := ring.asked.Load()
	var group sync.WaitGroup
	for range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			if found, err := decoder.Decode(one.Records, *one.Resource); err != nil || !reflect.DeepEqual(alone, found) {
				t.Error("other verdicts than alone", err)
			}
		}()
	}
	group.Wait()
	if asked == 0 || ring.asked.Load() != asked {
		t.Errorf("asked %d times, then %d", asked, ring.asked.Load())
	}
	decoder.Close()
	if _, err := decoder.Decode(one.Records, ""); !errors.Is(err, dastap.ErrClosed) {
		t.Error("expected ErrClosed, found", err)
	}
	decoder.Close()
}

type broken struct{ panics bool }

func (keys broken) Decrypt([]byte, map[string]string) ([]byte, error) {
	if keys.panics {
		panic("a bug of the caller's")
	}
	return nil, errors.New("the network is away")
}

// TestKeysThatFail: an ordinary error may pass, and a panic stays on its side.
func TestKeysThatFail(t *testing.T) {
	one := lines[suiteCase](t, filepath.Join(folder(t), "cases.jsonl"))[0]
	for _, keys := range []broken{{false}, {true}} {
		decoder, err := dastap.Open("", keys)
		if err != nil {
			t.Fatal(err)
		}
		found, err := decoder.Decode(one.Records[:1], *one.Resource)
		if err != nil || found[0].Failure == nil || found[0].Failure.Reason != "unavailable" || !found[0].Failure.Retryable {
			t.Error("expected key/unavailable, found", text(shown(found)), err)
		}
		decoder.Close()
	}
	if _, err := dastap.Open("heartbeat: drop", nil); err == nil || !bytes.Contains([]byte(err.Error()), []byte("did you mean `heartbeats`")) {
		t.Error("expected a setting that is not known, found", err)
	}
}
