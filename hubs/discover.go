package hubs

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
)

// neverCallable are the methods that every hub has, and those that the runtime
// calls itself; a hub's own methods of these names are not callable either
// (hub-runtime.md, section 8).
var neverCallable = map[string]bool{
	"Context": true, "Clients": true, "Groups": true,
	"OnConnected": true, "OnDisconnected": true, "OnAuthenticationRefreshed": true,
}

var hubPackage = reflect.TypeFor[Hub]().PkgPath()

// isHubBase reports whether t is [Hub] or a [Typed].
func isHubBase(t reflect.Type) bool {
	return t == reflect.TypeFor[Hub]() || t.PkgPath() == hubPackage && strings.HasPrefix(t.Name(), "Typed[")
}

// checkHubType returns what is wrong with typ as the type of a hub.
func checkHubType(typ reflect.Type) error {
	if typ.Kind() != reflect.Pointer || typ.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("hubs: %v is no pointer to a struct; "+
			"make the constructor return a pointer to the struct that embeds hubs.Hub", typ)
	}
	if path, ok := basePath(typ.Elem()); !ok {
		return fmt.Errorf("hubs: %v embeds %s by pointer, which is nil unless the constructor sets it; embed it by value", typ, path)
	}
	return nil
}

// basePath follows the embedded fields from typ to its Hub or Typed. ok is false
// if one of them is a pointer; path names it.
func basePath(typ reflect.Type) (path string, ok bool) {
	for field := range typ.Fields() {
		if !field.Anonymous || !isHubType(field.Type) {
			continue
		}
		if field.Type.Kind() != reflect.Struct {
			return field.Type.String(), false
		}
		if isHubBase(field.Type) {
			return field.Type.String(), true
		}
		return basePath(field.Type)
	}
	return "", true
}

// isHubType reports whether t, or what it points to, is a hub base or a struct
// that embeds one.
func isHubType(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(reflect.TypeFor[instance]())
}

// hubMethods returns the exported methods of the hub that clients may call, in
// the order of their names: those that the hub type itself declares, and those
// of embedded structs that are hubs themselves. What it embeds besides, a mutex
// or a *sql.DB, is the hub's own business.
func hubMethods(hub reflect.Type) []reflect.Method {
	var methods []reflect.Method
	for m := range hub.Methods() {
		if !neverCallable[m.Name] && declaredByHub(hub.Elem(), m.Name) {
			methods = append(methods, m)
		}
	}
	return methods
}

// declaredByHub reports whether the method name of *typ, a hub type, is
// declared by typ or by a hub type that it embeds.
//
// Reflection does not tell a declared method from a promoted one. If no
// embedded type has a method of that name it can only be declared. If one has,
// the compiled code decides: a promoted method is a wrapper that the compiler
// made.
func declaredByHub(typ reflect.Type, name string) bool {
	if isHubBase(typ) {
		return false
	}
	promoter, found := promoterOf(typ, name)
	if !found || declaredHere(typ, name) {
		return true
	}
	for promoter.Kind() == reflect.Pointer {
		promoter = promoter.Elem()
	}
	return promoter.Kind() == reflect.Struct && isHubType(promoter) && declaredByHub(promoter, name)
}

// promoterOf returns the type of the field directly embedded in typ through
// which the method name would be promoted: the one where it lies shallowest.
func promoterOf(typ reflect.Type, name string) (promoter reflect.Type, found bool) {
	best := -1
	for field := range typ.Fields() {
		if !field.Anonymous {
			continue
		}
		if depth := methodDepth(field.Type, name, 1); depth > 0 && (best < 0 || depth < best) {
			promoter, best = field.Type, depth
		}
	}
	return promoter, best > 0
}

// methodDepth returns how many embedded fields lie between a struct and the
// method name when it embeds t at the depth given, 0 if t has no such method.
func methodDepth(t reflect.Type, name string, depth int) int {
	set := t
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		set = reflect.PointerTo(t)
	}
	if _, has := set.MethodByName(name); !has {
		return 0
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || isHubBase(t) || declaredHere(t, name) {
		return depth
	}
	deeper := 0
	for field := range t.Fields() {
		if !field.Anonymous {
			continue
		}
		if d := methodDepth(field.Type, name, depth+1); d > 0 && (deeper == 0 || d < deeper) {
			deeper = d
		}
	}
	if deeper == 0 {
		return depth
	}
	return deeper
}

// declaredHere reports whether the code of the method is the author's own, for
// typ or for *typ, and not a wrapper around the method of an embedded field.
func declaredHere(typ reflect.Type, name string) bool {
	for _, t := range [...]reflect.Type{typ, reflect.PointerTo(typ)} {
		m, ok := t.MethodByName(name)
		if !ok {
			continue
		}
		code := runtime.FuncForPC(m.Func.Pointer())
		if code == nil {
			continue
		}
		// A wrapper has no source file; where the method it calls was inlined up
		// to its first instruction, it has the name of that method.
		file, _ := code.FileLine(code.Entry())
		if file != "<autogenerated>" && isMethodOf(code.Name(), typ) {
			return true
		}
	}
	return false
}

// isMethodOf reports whether function, such as "example.com/chat.(*Hub).Send"
// or "example.com/chat.Hub[...].Send", is a method of typ or *typ.
func isMethodOf(function string, typ reflect.Type) bool {
	dir, last := "", typ.PkgPath()
	if slash := strings.LastIndexByte(last, '/'); slash >= 0 {
		dir, last = last[:slash+1], last[slash+1:]
	}
	pkg := dir + strings.ReplaceAll(last, ".", "%2e") + "."
	rest, ok := strings.CutPrefix(function, pkg)
	if !ok {
		return false
	}
	name, _, _ := strings.Cut(typ.Name(), "[")
	for _, receiver := range [...]string{"(*" + name, name} {
		if after, ok := strings.CutPrefix(rest, receiver); ok && strings.ContainsAny(after[:1], ").[") {
			return true
		}
	}
	return false
}
