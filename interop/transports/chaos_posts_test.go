package transports_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestPostsAtTheSameTime has each of many POSTs that are under way at the same
// time taken whole, and those of one sender in the order in which it sent them.
func TestPostsAtTheSameTime(t *testing.T) {
	t.Parallel()
	c := newChaos(t, nil)
	target := c.negotiate("/chaos") + "&name=posts&count=0"
	polls := &client{t: t, talk: c.polls(target)}
	polls.greet()
	const posts, marks = 15, 15 // each POST is longer than the server reads at a time
	var (
		senders sync.WaitGroup
		n       = len(notes{}.marks)
	)
	for sender := range n {
		senders.Go(func() { // ends with its last POST
			for post := range posts {
				var body strings.Builder
				for mark := range marks {
					fmt.Fprintf(&body, `{"type":1,"target":"Mark","arguments":[%d,%d],"padding":"%s"}`+rs,
						sender, post*marks+mark, strings.Repeat("x", 300))
				}
				a, err := c.try(limit(t), http.MethodPost, target, body.String())
				if err != nil || a.status != http.StatusOK {
					t.Errorf("POST: got %d %q, %v, want 200", a.status, a.body, err)
					return
				}
			}
		})
	}
	senders.Wait()
	polls.close() // what has been posted is still taken
	c.gone(t)
	got := c.noted("posts")
	if got.wrong != "" || got.count != n*posts*marks {
		t.Errorf("got %d marks (%s), want %d in order", got.count, got.wrong, n*posts*marks)
	}
}
