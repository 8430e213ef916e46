package hubs

import "reflect"

// TypedClients are the targets of [Clients], each as a C: a struct of funcs,
// see [Typed]. All methods are safe for concurrent use. A C may be kept and
// called by many goroutines; its funcs are made anew for each target, All
// excepted, so keep one that is used often.
type TypedClients[C any] struct {
	untyped *Clients    // set before start
	plan    *clientPlan // set before start
	all     C           // set before start
}

// TypedClientsOf is [ClientsOf] with targets that are a C. The error says what is
// wrong with C.
func TypedClientsOf[C any](m LifetimeManager) (*TypedClients[C], error) {
	plan, err := planClient(reflect.TypeFor[C]())
	if err != nil {
		return nil, err
	}
	c := &TypedClients[C]{untyped: ClientsOf(m), plan: plan}
	c.all = c.to(c.untyped.All())
	return c, nil
}

// to returns the client type for a target.
func (c *TypedClients[C]) to(target clientTarget) C {
	var client C
	c.plan.fill(reflect.ValueOf(&client).Elem(), target)
	return client
}

// All is every connection of the hub.
func (c *TypedClients[C]) All() C { return c.all }

// AllExcept is every connection of the hub but those named.
func (c *TypedClients[C]) AllExcept(connectionIDs ...string) C {
	return c.to(c.untyped.AllExcept(connectionIDs...))
}

// Client is one connection. If there is none of this id, what is sent reaches
// nobody and asking for a result fails with [ErrNoConnection].
func (c *TypedClients[C]) Client(connectionID string) C { return c.to(c.untyped.Client(connectionID)) }

// Clients are the connections named, each once.
func (c *TypedClients[C]) Clients(connectionIDs ...string) C {
	return c.to(c.untyped.Clients(connectionIDs...))
}

// Group is the members of a group.
func (c *TypedClients[C]) Group(name string) C { return c.to(c.untyped.Group(name)) }

// GroupExcept is the members of a group but the connections named.
func (c *TypedClients[C]) GroupExcept(name string, connectionIDs ...string) C {
	return c.to(c.untyped.GroupExcept(name, connectionIDs...))
}

// Groups is the members of each group; a connection that is in two of them
// gets what is sent twice. An empty name makes the call fail with
// [ErrEmptyGroup].
func (c *TypedClients[C]) Groups(names ...string) C { return c.to(c.untyped.Groups(names...)) }

// User is all connections of a user.
func (c *TypedClients[C]) User(userID string) C { return c.to(c.untyped.User(userID)) }

// Users is all connections of the users, each once.
func (c *TypedClients[C]) Users(userIDs ...string) C { return c.to(c.untyped.Users(userIDs...)) }

// TypedCallerClients are the targets within a call: those of [TypedClients] and
// the ones that depend on who is calling.
type TypedCallerClients[C any] struct {
	*TypedClients[C]
	s *scope // set before start
}

// Caller is the connection whose call this is.
func (c *TypedCallerClients[C]) Caller() C { return c.to(c.s.clients.Caller()) }

// Client is one connection, see [TypedClients.Client]. To wait for its result
// does not keep the caller's next calls waiting (hub-runtime.md, 16).
func (c *TypedCallerClients[C]) Client(connectionID string) C {
	return c.to(c.s.clients.Client(connectionID))
}

// Others is every connection but the caller.
func (c *TypedCallerClients[C]) Others() C { return c.to(c.s.clients.Others()) }

// OthersInGroup is the members of a group but the caller, who need not be one.
func (c *TypedCallerClients[C]) OthersInGroup(name string) C {
	return c.to(c.s.clients.OthersInGroup(name))
}
