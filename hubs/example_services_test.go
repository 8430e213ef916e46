package hubs_test

import (
	"context"
	"fmt"

	"github.com/hubwire/signalr/hubs"
)

// Store stands for a database.
type Store struct{ name string }

// Find finds an item.
func (s *Store) Find(id int) string { return fmt.Sprintf("item %d of %s", id, s.name) }

// Tx is made for one call.
type Tx struct{ store *Store }

// The keys of stores: types, so that the compiler knows them.
type (
	primary struct{}
	replica struct{}
)

// Shop is a hub whose methods get what they need as parameters.
type Shop struct {
	hubs.Hub
}

// Show gets the id from the client and the store from the services.
func (s *Shop) Show(id int, store *Store) string { return store.Find(id) }

// Buy gets a transaction of its own.
func (s *Shop) Buy(_ context.Context, id int, tx *Tx) string { return "bought " + tx.store.Find(id) }

// Compare gets two stores of one type.
func (s *Shop) Compare(id int, a hubs.Keyed[*Store, primary], b hubs.Keyed[*Store, replica]) bool {
	return a.Value.Find(id) == b.Value.Find(id)
}

func newShop() *Shop { return new(Shop) }

func shopServices() []hubs.Service {
	store := &Store{"primary"}
	return []hubs.Service{
		hubs.ServiceValue(store),
		hubs.ServiceFunc(func(context.Context) (*Tx, func(), error) {
			fmt.Println("begin")
			return &Tx{store}, func() { fmt.Println("commit") }, nil
		}),
		hubs.ServiceValue(hubs.Keyed[*Store, primary]{Value: store}),
		hubs.ServiceValue(hubs.Keyed[*Store, replica]{Value: &Store{"replica"}}),
	}
}

func ExampleServiceValue() {
	call(newShop, hubs.Config{Services: shopServices()}, "Show", "[7]")
	// Output: result: "item 7 of primary"
}

func ExampleServiceFunc() {
	call(newShop, hubs.Config{Services: shopServices()}, "Buy", "[7]")
	// Unordered output:
	// begin
	// commit
	// result: "bought item 7 of primary"
}

func ExampleKeyed() {
	call(newShop, hubs.Config{Services: shopServices()}, "Compare", "[7]")
	// Output: result: false
}
