package redis

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recording is what two .NET nodes and Redis said to each other; where the
// files come from and what they hold is in testdata/README.md.
type recording struct {
	file   string
	Prefix string            `json:"prefix"`
	Names  map[string]string `json:"names"`
	Steps  []struct {
		ID   string     `json:"id"`
		Wire []wireItem `json:"wire"`
	} `json:"steps"`
}

type wireItem struct {
	Node        string       `json:"node"`
	Command     string       `json:"command"`
	Channel     string       `json:"channel"`
	ChannelForm string       `json:"channelForm"`
	Payload     string       `json:"payload"`
	Decoded     *wireDecoded `json:"decoded"`
}

type wireDecoded struct {
	Kind     string   `json:"kind"`
	Items    int      `json:"items"`
	Excluded []string `json:"excluded"`
	Blobs    []struct {
		Protocol string `json:"protocol"`
		Hex      string `json:"hex"`
	} `json:"blobs"`
	InvocationID  string `json:"invocationId"`
	ReturnChannel string `json:"returnChannel"`

	ID         int32  `json:"id"`
	Server     string `json:"server"`
	Action     string `json:"action"`
	Group      string `json:"group"`
	Connection string `json:"connection"`

	Protocol string `json:"protocol"`
	Hex      string `json:"hex"`
}

func readRecordings(tb testing.TB) []recording {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no recordings in testdata: %v", err)
	}
	all := make([]recording, len(files))
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		if err := json.Unmarshal(data, &all[i]); err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		all[i].file = file
	}
	return all
}

// fill puts the literals of the recording into a text with placeholders.
func (r *recording) fill(text string) string {
	for name, literal := range r.Names {
		text = strings.ReplaceAll(text, "{"+name+"}", literal)
	}
	return text
}

func unhex(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
