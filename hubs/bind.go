package hubs

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// binder builds the method table of a hub. Everything that reflection has to
// find out is found out here, once; everything that is wrong is collected.
type binder struct {
	hub      reflect.Type // pointer to the hub's struct
	cfg      *Config
	services serviceTable
	fast     func(fn any, m *method) invoker // nil result: no fast path for the shape
	errs     []error
}

// bindHub returns the methods of a hub by their name on the wire.
func bindHub(hub reflect.Type, cfg *Config, fast func(fn any, m *method) invoker) (*methodTable, error) {
	if err := checkHubType(hub); err != nil {
		return nil, err
	}
	services, err := newServiceTable(cfg.Services)
	b := &binder{hub: hub, cfg: cfg, services: services, fast: fast}
	if err != nil {
		b.errs = append(b.errs, err)
	}
	b.checkEvents()
	methods := hubMethods(hub)
	b.checkNames("MethodNames", mapKeys(cfg.MethodNames), methods)
	b.checkNames("MethodPolicies", mapKeys(cfg.MethodPolicies), methods)
	table := newMethodTable()
	for i := range methods {
		m := b.bind(&methods[i])
		if m == nil {
			continue
		}
		if other := table.add(m); other != nil {
			b.failf(m.goName, "its name on the wire, %q, differs from that of %s in nothing or in case only; "+
				"rename one of them with MethodNames", m.name, other.goName)
		}
	}
	return table, errors.Join(b.errs...)
}

// failf notes what is wrong with a method of the hub.
func (b *binder) failf(goName, format string, args ...any) {
	where := fmt.Sprintf("hubs: %s.(*%s).%s: ", b.hub.Elem().PkgPath(), b.hub.Elem().Name(), goName)
	b.errs = append(b.errs, errors.New(where+fmt.Sprintf(format, args...)))
}

// checkEvents looks at the optional methods, whose types no compiler checks.
func (b *binder) checkEvents() {
	if _, ok := b.hub.MethodByName("OnConnected"); ok && !b.hub.Implements(reflect.TypeFor[connectedHub]()) {
		b.failf("OnConnected", "make it func(ctx context.Context) error")
	}
	if _, ok := b.hub.MethodByName("OnDisconnected"); ok && !b.hub.Implements(reflect.TypeFor[disconnectedHub]()) {
		b.failf("OnDisconnected", "make it func(ctx context.Context, err error) error")
	}
	if _, ok := b.hub.MethodByName("OnAuthenticationRefreshed"); ok && !b.hub.Implements(reflect.TypeFor[refreshedHub]()) {
		b.failf("OnAuthenticationRefreshed", "make it func(ctx context.Context) error")
	}
}

// checkNames notes configured names that no method has.
func (b *binder) checkNames(option string, names []string, methods []reflect.Method) {
	for _, name := range names {
		if !slices.ContainsFunc(methods, func(m reflect.Method) bool { return m.Name == name }) {
			b.failf(name, "%s names it, but there is no such hub method", option)
		}
	}
}

func mapKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// bind returns the plan of one method, or nil after it noted what is wrong.
func (b *binder) bind(r *reflect.Method) *method {
	m := &method{goName: r.Name, name: r.Name, policies: b.cfg.MethodPolicies[r.Name]}
	if name, renamed := b.cfg.MethodNames[r.Name]; renamed {
		m.name = name
	}
	errs := len(b.errs)
	if m.name == "" {
		b.failf(r.Name, "MethodNames gives it an empty name")
	}
	b.bindParams(r, m)
	b.bindResults(r, m)
	if len(b.errs) > errs {
		return nil
	}
	if b.fast != nil {
		m.call = b.fast(r.Func.Interface(), m)
	}
	if m.call == nil {
		m.call = m.callByReflection(r.Func)
	}
	return m
}

func (b *binder) bindParams(r *reflect.Method, m *method) {
	fn := r.Type
	if fn.IsVariadic() {
		b.failf(r.Name, "it is variadic, which has no form on the wire; take a slice instead")
		return
	}
	for i := 1; i < fn.NumIn(); i++ {
		typ := fn.In(i)
		if typ == contextType {
			if i > 1 {
				b.failf(r.Name, "parameter %d is a context.Context; make it the first", i)
			}
			m.takesCtx = true
			continue
		}
		p := param{typ: typ}
		if mend := b.classify(&p, m); mend != "" {
			b.failf(r.Name, "parameter %d, a %v, %s", i, typ, mend)
		}
		m.params = append(m.params, p)
	}
}

// classify decides where a parameter's value comes from, in the order of
// hub-runtime.md, section 9. It returns what is wrong, with the mend, or "".
func (b *binder) classify(p *param, m *method) string {
	if item, kind, ok := streaming(p.typ); ok {
		p.from, p.open = fromUpload, uploadOpenerFor(p.typ, item, kind)
		m.streams++
		return wireFault(item)
	}
	if marked, ok := reflect.TypeAssert[injected](reflect.Zero(p.typ)); ok {
		service, ok := b.services[marked.serviceType()]
		if !ok {
			return fmt.Sprintf("needs a service of type %v; add it to Services", marked.serviceType())
		}
		p.injected = marked
		b.addService(p, m, service)
		return ""
	}
	if service, ok := b.services[p.typ]; ok && !b.cfg.DisableImplicitFromServicesParameters {
		b.addService(p, m, service)
		return ""
	}
	m.wired++
	return wireFault(p.typ)
}

// addService has p filled by service. Two parameters of one service share what
// one call of it returned.
func (b *binder) addService(p *param, m *method, service Service) {
	p.from = fromService
	for i := range m.services {
		if m.services[i].typ == service.typ {
			p.service = i
			return
		}
	}
	p.service = len(m.services)
	m.services = append(m.services, service)
}

// wireFault says why no value of type t can come from a client, or "".
func wireFault(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Func:
		return "is a func, which has no form on the wire; upload streams are iter.Seq[T] and iter.Seq2[T, error]"
	case reflect.Chan:
		return "is a channel, which has no form on the wire; upload streams are <-chan T"
	case reflect.Complex64, reflect.Complex128, reflect.UnsafePointer, reflect.Uintptr:
		return "has no form on the wire"
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return "is an interface, which a client cannot send; add a service of this type to Services, or take a struct"
		}
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return wireFault(t.Elem())
	case reflect.Map:
		return wireFault(t.Elem())
	}
	return ""
}

func (b *binder) bindResults(r *reflect.Method, m *method) {
	fn := r.Type
	n := fn.NumOut()
	if n > 0 && fn.Out(n-1) == errorType {
		m.failing = true
		n--
	}
	switch {
	case n == 0:
		return
	case n > 1:
		var types []string
		for out := range fn.Outs() {
			types = append(types, out.String())
		}
		b.failf(r.Name, "it returns (%s); return nothing, error, T or (T, error)", strings.Join(types, ", "))
		return
	}
	m.result = fn.Out(0)
	if item, _, ok := streaming(m.result); ok {
		m.stream, m.open = true, openerFor(item)
		return
	}
	switch m.result.Kind() {
	case reflect.Func, reflect.Chan:
		b.failf(r.Name, "its result, a %v, is no stream; return iter.Seq[T], iter.Seq2[T, error] or <-chan T", m.result)
	case reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		b.failf(r.Name, "its result, a %v, has no form on the wire", m.result)
	}
}
