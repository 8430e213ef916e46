package golden

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// hostName is the placeholder for HOST:PORT of the server under test. It is
// known from the start.
const hostName = "host"

// placeholderPattern finds what may be a placeholder; only the names that a
// scenario declares are.
var placeholderPattern = regexp.MustCompile(`<\??[A-Za-z][A-Za-z0-9]*>`)

// Bindings holds the placeholders of one run: what each may stand for, and what
// those seen so far do stand for.
type Bindings struct {
	names    []string                  // as declared, for the recorder
	patterns map[string]*regexp.Regexp // by name; "?name" for those never remembered
	values   map[string]string
}

// newBindings compiles the declared placeholders. host is known at once.
func newBindings(vars Vars, host string) (*Bindings, error) {
	b := &Bindings{patterns: make(map[string]*regexp.Regexp, len(vars)), values: map[string]string{hostName: host}}
	for _, v := range vars {
		pattern, err := regexp.Compile(`(?s)\A(?:` + v.Pattern + `)\z`)
		if err != nil {
			return nil, fmt.Errorf("placeholder <%s>: %w", v.Name, err)
		}
		b.names = append(b.names, v.Name)
		b.patterns[v.Name] = pattern
	}
	return b, nil
}

// clone lets a match be tried without keeping what it took.
func (b *Bindings) clone() *Bindings {
	c := *b
	c.values = maps.Clone(b.values)
	return &c
}

// resolve replaces the placeholders in a text that is to be sent. A declared one
// must have its value by then; any other "<word>" is ordinary text.
func (b *Bindings) resolve(text string) (string, error) {
	var missing error
	out := placeholderPattern.ReplaceAllStringFunc(text, func(token string) string {
		name := token[1 : len(token)-1]
		if value, ok := b.values[name]; ok {
			return value
		}
		if _, declared := b.patterns[name]; declared {
			missing = fmt.Errorf("placeholder %s has no value yet", token)
		}
		return token
	})
	return out, missing
}

// match reports whether got is what want asks for. Placeholders seen for the
// first time take their values from got, if all of it fits.
func (b *Bindings) match(want, got string) bool {
	pieces, names := b.split(want)
	if len(names) == 0 {
		return pieces[0] == got
	}
	var pattern strings.Builder
	pattern.WriteString(`(?s)\A`)
	for i, piece := range pieces {
		pattern.WriteString(regexp.QuoteMeta(piece))
		if i < len(names) {
			fmt.Fprintf(&pattern, `(?P<p%d>%s)`, i, b.source(names[i]))
		}
	}
	pattern.WriteString(`\z`)
	re := regexp.MustCompile(pattern.String()) // the parts compiled before
	found := re.FindStringSubmatch(got)
	if found == nil {
		return false
	}
	taken := make(map[string]string, len(names))
	for i, name := range names {
		value := found[re.SubexpIndex(fmt.Sprintf("p%d", i))]
		if strings.HasPrefix(name, "?") {
			continue
		}
		if before, ok := taken[name]; ok && before != value {
			return false
		}
		taken[name] = value
	}
	maps.Copy(b.values, taken)
	return true
}

// split cuts want at the placeholders that have no value yet; those that have
// one are replaced. There is always one piece more than there are names.
func (b *Bindings) split(want string) (pieces, names []string) {
	var piece strings.Builder
	rest := want
	for {
		at := placeholderPattern.FindStringIndex(rest)
		if at == nil {
			piece.WriteString(rest)
			return append(pieces, piece.String()), names
		}
		piece.WriteString(rest[:at[0]])
		token := rest[at[0]:at[1]]
		rest = rest[at[1]:]
		name := token[1 : len(token)-1]
		if value, ok := b.values[name]; ok {
			piece.WriteString(value)
		} else if _, declared := b.patterns[name]; declared {
			pieces = append(pieces, piece.String())
			names = append(names, name)
			piece.Reset()
		} else {
			piece.WriteString(token)
		}
	}
}

// source is the expression of a declared name, without the anchors around it.
func (b *Bindings) source(name string) string {
	text := b.patterns[name].String()
	return strings.TrimSuffix(strings.TrimPrefix(text, `(?s)\A`), `\z`)
}

// unbound lists the declared names that have no value yet and may take one, in
// the order of their declaration.
func (b *Bindings) unbound() []string {
	return slices.DeleteFunc(slices.Clone(b.names), func(name string) bool {
		_, bound := b.values[name]
		return bound || strings.HasPrefix(name, "?")
	})
}
