package contract

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

const (
	lifeKept = 5 * time.Minute // how long an ended connection is remembered; the contract asks for one
	lifeMax  = 100_000         // most connections remembered
)

// life is what GET /lifecycle/{id} answers.
type life struct {
	Hub           string  `json:"hub"`
	Connected     int     `json:"connected"`
	Disconnected  int     `json:"disconnected"`
	Error         *string `json:"error"`
	ActiveStreams int     `json:"activeStreams"`
}

type lifeEntry struct {
	mu      sync.Mutex
	life    life      // guarded by mu
	changed time.Time // guarded by mu
}

func (e *lifeEntry) update(change func(*life)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.life)
	e.changed = time.Now()
}

// over reports whether the connection ended so long ago that it may be forgotten.
func (e *lifeEntry) over(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.life.Disconnected > 0 && now.Sub(e.changed) > lifeKept
}

// lifeBook remembers the events of every connection.
type lifeBook struct {
	mu      sync.Mutex
	entries map[string]*lifeEntry // by connection id; guarded by mu
}

func newLifeBook() *lifeBook { return &lifeBook{entries: map[string]*lifeEntry{}} }

func (b *lifeBook) entry(connectionID, path string) *lifeEntry {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[connectionID]
	if e == nil {
		if len(b.entries) >= lifeMax {
			b.forget()
		}
		e = &lifeEntry{life: life{Hub: path}, changed: time.Now()}
		b.entries[connectionID] = e
	}
	return e
}

// forget drops what ended long ago. The caller holds b.mu.
func (b *lifeBook) forget() {
	now := time.Now()
	for id, e := range b.entries {
		if e.over(now) {
			delete(b.entries, id)
		}
	}
}

// ServeHTTP answers GET /lifecycle/{id}.
func (b *lifeBook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	e := b.entries[r.PathValue("id")]
	b.mu.Unlock()
	if e == nil {
		http.NotFound(w, r)
		return
	}
	e.mu.Lock()
	now := e.life
	e.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(now) //nolint:errchkjson // the client may be gone; nothing to do about it
}
