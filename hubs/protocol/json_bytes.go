package protocol

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
)

// strictBase64 refuses bits that no byte needs, as .NET does.
var strictBase64 = base64.StdEncoding.Strict()

func appendJSONBytes(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}

// writeJSONBytes writes a slice or an array of bytes.
func writeJSONBytes(e *jsonEncoder, v reflect.Value) error {
	if v.Kind() == reflect.Array {
		v = addressable(v)
	}
	e.dst = appendJSONBytes(e.dst, v.Bytes())
	return nil
}

func readJSONBytes(d *jsonDecoder, v reflect.Value) error {
	if v.Kind() == reflect.Slice {
		b, err := d.bytes(v.Type())
		v.SetBytes(b)
		return err
	}
	if d.peek() != '"' { // null is no array of so many bytes
		return d.noFit(v.Type())
	}
	b, err := d.bytes(v.Type())
	if err != nil {
		return err
	}
	if len(b) != v.Len() {
		return errNoFit(fmt.Sprintf("a string of %d bytes", len(b)), v.Type())
	}
	reflect.Copy(v, reflect.ValueOf(b))
	return nil
}

// bytes reads bytes in base64, or null. Blanks are skipped wherever they are.
func (d *jsonDecoder) bytes(t reflect.Type) ([]byte, error) {
	if d.null() {
		return nil, nil
	}
	text, err := d.text(t)
	if err != nil {
		return nil, err
	}
	if bytes.ContainsAny(text, " \t\r\n") {
		text = bytes.Map(withoutBlanks, text)
	}
	b := make([]byte, strictBase64.DecodedLen(len(text)))
	n, err := strictBase64.Decode(b, text)
	if err != nil {
		return nil, errors.New("the string is not base64")
	}
	return b[:n], nil
}

func withoutBlanks(r rune) rune {
	switch r {
	case ' ', '\t', '\r', '\n':
		return -1
	}
	return r
}
