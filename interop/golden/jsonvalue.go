package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseJSON reads one JSON value and nothing behind it. Numbers keep their
// text, objects their order and their repeated properties.
func parseJSON(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("JSON text is not valid UTF-8")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil { // the token reader below does not see what follows the value
		return nil, fmt.Errorf("parsing JSON: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	v, err := readJSON(dec)
	if err != nil {
		return nil, fmt.Errorf("parsing JSON: %w", err)
	}
	return v, nil
}

func readJSON(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		return Number(token), nil
	case json.Delim:
		if token == '[' {
			return readJSONArray(dec)
		}
		return readJSONObject(dec)
	default: // nil, bool, string
		return token, nil
	}
}

func readJSONArray(dec *json.Decoder) (any, error) {
	array := Array{}
	for dec.More() {
		item, err := readJSON(dec)
		if err != nil {
			return nil, err
		}
		array = append(array, item)
	}
	_, err := dec.Token()
	return array, err
}

func readJSONObject(dec *json.Decoder) (any, error) {
	object := Object{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		value, err := readJSON(dec)
		if err != nil {
			return nil, err
		}
		object = append(object, Member{Key: key, Value: value})
	}
	_, err := dec.Token()
	return object, err
}

// jsonText writes v on one line the way the recordings spell it: only what must
// be escaped is. It is for values that cannot fail to encode.
func jsonText(v any) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("golden: encoding %T: %v", v, err))
	}
	return strings.TrimSuffix(buf.String(), "\n")
}

// isJSON reports whether a body is compared as a JSON value.
func isJSON(body string) bool {
	return (strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[")) && json.Valid([]byte(body))
}

// equalNumbers reports whether two JSON numbers have the same value. Integers
// are compared exactly, whatever their size; where a fraction or an exponent is
// written, being the same double is enough, since the shortest spelling of a
// double is each library's own business.
func equalNumbers(a, b Number) bool {
	if a == b {
		return true
	}
	if isInteger(a) && isInteger(b) {
		x, okX := new(big.Int).SetString(string(a), 10)
		y, okY := new(big.Int).SetString(string(b), 10)
		return okX && okY && x.Cmp(y) == 0
	}
	x, errX := strconv.ParseFloat(string(a), 64)
	y, errY := strconv.ParseFloat(string(b), 64)
	return errX == nil && errY == nil && x == y
}

func isInteger(n Number) bool { return !strings.ContainsAny(string(n), ".eE") }
