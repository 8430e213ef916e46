package signalr_test

import (
	"errors"
	"go/build"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// arrows says which package may import which, one line a package, as
// go/build/deps_test.go does for the standard library: what it may import of
// this module, then which other modules. The standard library is free to all.
// A new arrow points down or it is wrong; an arrow that nobody uses is dropped.
//
// "signalr" is the root; "x/..." is x and all below it; "*" is any other
// module, for folders whose own go.mod says which. A line marked (future) is
// for packages that are not there yet.
const arrows = `
	auth:                 github.com/golang-jwt/jwt/v5
	hubs/protocol:        github.com/go-json-experiment/json github.com/tinylib/msgp
	internal/...:
	internal/wireclient:  github.com/coder/websocket

	transports:           auth internal/...
	                      github.com/coder/websocket
	hubs:                 auth hubs/protocol
	hubs/hubtest:         auth hubs hubs/protocol hubs/internal/...
	hubs/internal/...:    auth hubs hubs/protocol
	hubs/lifetimetest:    auth hubs hubs/protocol hubs/internal/...

	signalr:              auth hubs hubs/protocol transports internal/...
	chiext:               signalr hubs
	                      github.com/go-chi/chi/v5
	backplane/redis:      hubs hubs/protocol
	                      github.com/redis/go-redis/v9
	backplane/redis/...:  signalr hubs backplane/redis interop/conformance/contract *
	otelext (future):     signalr hubs *

	example/...:          signalr auth hubs chiext
	                      github.com/go-chi/chi/v5 github.com/golang-jwt/jwt/v5
	interop/...:          signalr auth hubs hubs/protocol transports chiext interop/...
	                      github.com/coder/websocket github.com/golang-jwt/jwt/v5
	                      github.com/google/go-cmp github.com/rs/cors
	bench/...:            signalr hubs *
`

// testArrows says what tests may import besides what their package may. All
// lines that fit a package hold for it.
const testArrows = `
	...:                  internal/...
	                      github.com/google/go-cmp go.uber.org/goleak pgregory.net/rapid
	hubs:                 hubs/hubtest hubs/internal/... hubs/lifetimetest
	auth:                 github.com/go-chi/chi/v5
	chiext:               github.com/go-chi/cors
	interop/auth:         github.com/go-chi/chi/v5 github.com/go-chi/cors
	interop/transports:   github.com/go-chi/chi/v5 github.com/go-chi/cors
	backplane/redis:      signalr hubs/lifetimetest interop/conformance/contract
	                      github.com/coder/websocket
	signalr:              chiext github.com/coder/websocket
	                      github.com/go-chi/chi/v5 github.com/go-chi/cors github.com/rs/cors
`

// underConstruction keeps lines and arrows that nothing needs yet from failing
// the test. It goes when the packages of the tables are all there.
const underConstruction = true

const module = "github.com/hubwire/signalr"

// TestArrows holds every import of every package against the tables above.
func TestArrows(t *testing.T) {
	t.Parallel()
	product, tests := parseArrows(arrows), parseArrows(testArrows)
	for _, p := range listPackages(t) {
		room := product.roomOf(p.ImportPath)
		if room == nil {
			t.Errorf("package %s has no line among the arrows in deps_test.go", p.ImportPath)
			continue
		}
		room.lived = true
		for _, imp := range p.Imports {
			if a := room.arrowTo(imp); a != nil {
				a.used = true
			} else {
				t.Errorf("%s must not import %s: there is no such arrow in deps_test.go", p.ImportPath, imp)
			}
		}
		for _, imp := range slices.Concat(p.TestImports, p.XTestImports) {
			if imp != p.ImportPath && room.arrowTo(imp) == nil && !tests.allow(p.ImportPath, imp) {
				t.Errorf("the tests of %s must not import %s: there is no such arrow in deps_test.go", p.ImportPath, imp)
			}
		}
	}
	product.checkUsed(t)
	tests.checkUsed(t)
}

// listPackages returns every package of the checkout, nested modules included
// and tools left out, with names as in the tables and without the imports
// of the standard library.
func listPackages(t *testing.T) []*build.Package {
	t.Helper()
	var all []*build.Package
	err := filepath.WalkDir(".", func(dir string, d fs.DirEntry, err error) error {
		base := d.Name()
		switch {
		case err != nil, !d.IsDir():
			return err
		case base == "node_modules", base == "testdata", dir == "tools", dir != "." && base[0] == '.':
			return fs.SkipDir
		}
		p, err := build.ImportDir(dir, 0)
		if none := (*build.NoGoError)(nil); errors.As(err, &none) {
			return nil
		} else if err != nil {
			return err
		}
		p.ImportPath = tableName(path.Join(module, filepath.ToSlash(dir)))
		for _, imports := range []*[]string{&p.Imports, &p.TestImports, &p.XTestImports} {
			*imports = slices.DeleteFunc(*imports, func(imp string) bool { return !hasHost(imp) })
			for i, imp := range *imports {
				(*imports)[i] = tableName(imp)
			}
		}
		all = append(all, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// tableName is an import path as the tables spell it.
func tableName(imp string) string {
	if imp == module {
		return path.Base(module)
	}
	return strings.TrimPrefix(imp, module+"/")
}

// hasHost reports whether a name begins with a host, as those of other modules
// do in the tables, and all but the standard library's in an import.
func hasHost(name string) bool {
	host, _, _ := strings.Cut(name, "/")
	return strings.Contains(strings.Trim(host, "."), ".")
}

// A table is one of the two above, a room one line of it.
type (
	table []*room
	room  struct {
		pattern string
		future  bool
		lived   bool // some package fits
		arrows  []*arrow
	}
	arrow struct {
		to   string
		used bool // some package needs it
	}
)

// parseArrows reads a table. A line without colon goes on with the one above.
func parseArrows(text string) table {
	var rooms table
	for line := range strings.Lines(text) {
		targets := line
		if name, rest, ok := strings.Cut(line, ":"); ok {
			pattern, future := strings.CutSuffix(strings.TrimSpace(name), " (future)")
			rooms = append(rooms, &room{pattern: pattern, future: future})
			targets = rest
		}
		for to := range strings.FieldsSeq(targets) {
			last := rooms[len(rooms)-1]
			last.arrows = append(last.arrows, &arrow{to: to})
		}
	}
	return rooms
}

// roomOf returns the room of a package, or nil: the one of its own name, else
// the one with the longest pattern that fits.
func (rooms table) roomOf(name string) *room {
	var best *room
	for _, r := range rooms {
		if r.pattern == name {
			return r
		}
		if fits(r.pattern, name) && (best == nil || len(r.pattern) > len(best.pattern)) {
			best = r
		}
	}
	return best
}

// allow reports whether some room that fits a package has an arrow to imp.
func (rooms table) allow(name, imp string) bool {
	for _, r := range rooms {
		if !fits(r.pattern, name) {
			continue
		}
		if a := r.arrowTo(imp); a != nil {
			r.lived, a.used = true, true
			return true
		}
	}
	return false
}

// arrowTo returns the first arrow of r that allows imp, or nil.
func (r *room) arrowTo(imp string) *arrow {
	for _, a := range r.arrows {
		if fits(a.to, imp) || hasHost(a.to) && strings.HasPrefix(imp, a.to+"/") || a.to == "*" && hasHost(imp) {
			return a
		}
	}
	return nil
}

// fits reports whether a pattern of the tables means a package.
func fits(pattern, name string) bool {
	if dir, below := strings.CutSuffix(pattern, "..."); below {
		return strings.HasPrefix(name+"/", dir)
	}
	return name == pattern
}

// checkUsed fails for rooms and arrows that nothing needs any more.
func (rooms table) checkUsed(t *testing.T) {
	t.Helper()
	unused := t.Errorf
	if underConstruction {
		unused = t.Logf
	}
	for _, r := range rooms {
		switch {
		case r.future && r.lived:
			t.Errorf("%s is there now: drop its (future) in deps_test.go", r.pattern)
		case r.future:
		case !r.lived:
			unused("no package needs the line of %s in deps_test.go: drop it", r.pattern)
		default:
			for _, a := range r.arrows {
				if !a.used {
					unused("nothing in %s imports %s: drop the arrow in deps_test.go", r.pattern, a.to)
				}
			}
		}
	}
}
