package hubs

import (
	"maps"
	"sync"
)

// Items are values that belong to a connection, shared by all its calls. Keys
// are compared as in a map; use a type of your own to keep clear of others. The
// zero value is empty. Safe for concurrent use.
type Items struct {
	mu sync.Mutex
	m  map[any]any // guarded by mu; nil until the first Store
}

// Load returns the value of a key.
func (i *Items) Load(key any) (value any, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	value, ok = i.m[key]
	return value, ok
}

// Store sets the value of a key.
func (i *Items) Store(key, value any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.set(key, value)
}

// LoadOrStore returns the value of a key if it has one; else it stores value
// and returns that. loaded tells which.
func (i *Items) LoadOrStore(key, value any) (actual any, loaded bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if old, ok := i.m[key]; ok {
		return old, true
	}
	i.set(key, value)
	return value, false
}

// Update sets the value of a key to what change makes of the old one, with
// nobody in between, and returns the new value. old is nil if there was none.
// change must not use the Items.
func (i *Items) Update(key any, change func(old any) any) any {
	i.mu.Lock()
	defer i.mu.Unlock()
	value := change(i.m[key])
	i.set(key, value)
	return value
}

// Delete removes a key.
func (i *Items) Delete(key any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.m, key)
}

// Range calls visit for every key until it returns false. It visits the items
// as they were when it was called; visit may use the Items.
func (i *Items) Range(visit func(key, value any) bool) {
	i.mu.Lock()
	snapshot := maps.Clone(i.m)
	i.mu.Unlock()
	for key, value := range snapshot {
		if !visit(key, value) {
			return
		}
	}
}

// set stores a value. i.mu is held.
func (i *Items) set(key, value any) {
	if i.m == nil {
		i.m = make(map[any]any)
	}
	i.m[key] = value
}

// Item returns the item of a key if it is a T, else the zero value and false.
func Item[T any](items *Items, key any) (T, bool) {
	value, _ := items.Load(key)
	item, ok := value.(T)
	return item, ok
}
