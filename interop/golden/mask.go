package golden

import (
	"regexp"
	"strings"
)

// Recording replaces what differs from run to run by placeholders again. A
// value that a placeholder stands for already is found wherever it comes; a
// placeholder that is declared but has no value yet takes the first string that
// fits its expression, in the order in which they are declared. So loose
// expressions belong at the end of vars.

// longEnough is the length from which a value is also found inside a longer
// string; shorter ones would be found by accident.
const longEnough = 16

// stringToken finds the strings of a JSON text; a colon behind one makes it a
// property's name.
var stringToken = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"(\s*:)?`)

// mask replaces values by placeholders in JSON text, such as a hub message, an
// event, or the notation of MessagePack.
func (b *Bindings) mask(text string) string {
	return stringToken.ReplaceAllStringFunc(text, func(token string) string {
		if strings.HasSuffix(token, ":") {
			return token
		}
		return `"` + b.maskWhole(token[1:len(token)-1]) + `"`
	})
}

// maskBody does it for the body of an answer, which may be no JSON.
func (b *Bindings) maskBody(body string) string {
	if isJSON(body) || strings.HasSuffix(body, string(rune(recordSeparator))) {
		return b.mask(body)
	}
	if body == "" {
		return body
	}
	return b.maskWhole(body)
}

// maskWhole replaces a string that is a value of its own.
func (b *Bindings) maskWhole(text string) string {
	for _, name := range b.names {
		if value, bound := b.values[name]; bound && value == text {
			return "<" + name + ">"
		}
	}
	for _, name := range b.unbound() {
		if b.patterns[name].MatchString(text) {
			b.values[name] = text
			return "<" + name + ">"
		}
	}
	return b.maskText(text)
}

// maskText replaces the values that text holds.
func (b *Bindings) maskText(text string) string {
	text = strings.ReplaceAll(text, b.values[hostName], "<"+hostName+">")
	for _, name := range b.names {
		if value := b.values[name]; len(value) >= longEnough {
			text = strings.ReplaceAll(text, value, "<"+name+">")
		}
	}
	return text
}
