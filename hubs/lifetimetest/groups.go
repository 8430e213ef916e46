package lifetimetest

var groupCases = []testCase{
	{"only members are reached", func(f *fixture) {
		a, b, c := f.connect(0), f.connect(1), f.connect(0)
		f.join(0, a.ID(), "room")
		f.join(1, b.ID(), "room")
		f.send(1, toGroups("room"), "Hello", 1)
		a.expect("Hello", 1)
		b.expect("Hello", 1)
		f.expectNothing(1, toAll(), c)
	}},
	{"a group that nobody is in is no error", func(f *fixture) {
		f.send(0, toGroups("room"), "Hello")
		f.send(0, toGroups("room", "other"), "Hello")
	}},
	{"group except leaves out those named", func(f *fixture) {
		a, b, c := f.connect(0), f.connect(1), f.connect(0)
		for _, member := range []*client{a, b} {
			f.join(0, member.ID(), "room")
		}
		// c is no member; naming it changes nothing.
		f.send(0, toGroupExcept("room", c.ID(), b.ID()), "Hello")
		a.expect("Hello")
		f.expectNothing(0, toGroups("room"), a, b)
		f.expectNothing(0, toAll(), c)
	}},
	{"a member of two groups is reached twice", func(f *fixture) {
		a, b := f.connect(0), f.connect(1)
		f.join(0, a.ID(), "one")
		f.join(0, a.ID(), "two")
		f.join(0, b.ID(), "two")
		f.send(0, toGroups("one", "none", "two"), "Hello")
		a.expect("Hello")
		a.expect("Hello")
		b.expect("Hello")
		f.expectNothing(0, toGroups("two"), a, b)
	}},
	{"joining twice is joining once", func(f *fixture) {
		a := f.connect(0)
		f.join(0, a.ID(), "room")
		f.join(0, a.ID(), "room")
		f.join(1, a.ID(), "room")
		f.send(0, toGroups("room"), "Hello")
		a.expect("Hello")
		f.expectNothing(0, toGroups("room"), a)
		f.leave(0, a.ID(), "room")
		f.send(0, toGroups("room"), "Hello")
		f.expectNothing(0, toAll(), a)
	}},
	{"a node adds and removes the connections of others, at once", func(f *fixture) {
		a := f.connect(0)
		f.join(1, a.ID(), "room")
		f.send(1, toGroups("room"), "Hello")
		a.expect("Hello")
		f.leave(1, a.ID(), "room")
		f.send(1, toGroups("room"), "Hello")
		f.expectNothing(1, toAll(), a)
	}},
	{"leaving a group that one is not in is no error", func(f *fixture) {
		a := f.connect(0)
		f.leave(0, a.ID(), "room")
		f.leave(1, a.ID(), "room")
		f.join(0, a.ID(), "other")
		f.leave(0, a.ID(), "room")
		f.send(0, toGroups("other"), "Hello")
		a.expect("Hello")
	}},
	{"a connection that does not exist joins and leaves without an error", func(f *fixture) {
		a := f.connect(0)
		f.join(0, a.ID(), "room")
		a.Close()
		f.join(0, a.ID(), "room")
		f.leave(0, a.ID(), "room")
		f.send(0, toGroups("room"), "Hello")
	}},
	{"who leaves does not take others along", func(f *fixture) {
		a, b := f.connect(0), f.connect(0)
		for _, c := range []*client{a, b} {
			f.join(0, c.ID(), "room")
		}
		a.Close()
		f.send(1, toGroups("room"), "Hello")
		b.expect("Hello")
		f.leave(1, b.ID(), "room")
		f.send(1, toGroups("room"), "Hello")
		f.expectNothing(1, toAll(), b)
		// The group was empty in between.
		f.join(0, b.ID(), "room")
		f.send(1, toGroups("room"), "Back")
		b.expect("Back")
	}},
	{"membership ends with the connection, not with its id", func(f *fixture) {
		a := f.connect(0, withID("again"))
		f.join(0, a.ID(), "room")
		a.Close()
		b := f.connect(1, withID("again"))
		f.send(0, toGroups("room"), "Hello")
		f.expectNothing(0, toAll(), b)
	}},
	{"names are compared exactly and may be anything", func(f *fixture) {
		names := []string{"", "VIP", "vip", "*", "a:b", "a b", "[x]?", "grüße"}
		members := make([]*client, len(names))
		for i, name := range names {
			members[i] = f.connect(i)
			f.join(i, members[i].ID(), name)
		}
		for i, name := range names {
			f.send(i+1, toGroups(name), "Hello", name)
		}
		for i, name := range names {
			members[i].expect("Hello", name)
		}
		f.expectNothing(0, toAll(), members...)
	}},
}

var userCases = []testCase{
	{"all connections of a user are reached", func(f *fixture) {
		a1, a2, b := f.connect(0, withUser("ann")), f.connect(1, withUser("ann"), messagePack), f.connect(1, withUser("bob"))
		f.send(0, toUsers("ann"), "Hello")
		a1.expect("Hello")
		a2.expect("Hello")
		f.expectNothing(0, toAll(), a1, a2, b)
	}},
	{"users are reached once each, however often they are named", func(f *fixture) {
		a, b, c := f.connect(0, withUser("ann")), f.connect(1, withUser("bob")), f.connect(0, withUser("cid"))
		to := toUsers("ann", "nobody", "bob", "ann", "bob")
		f.send(1, to, "Hello")
		a.expect("Hello")
		b.expect("Hello")
		f.expectNothing(1, to, a, b)
		f.expectNothing(1, toAll(), c)
	}},
	{"a user nobody is, is no error", func(f *fixture) {
		f.send(0, toUsers("ann"), "Hello")
		f.send(0, toUsers("ann", "bob"), "Hello")
	}},
	{"a connection without a user belongs to none", func(f *fixture) {
		a, b := f.connect(0), f.connect(1)
		f.send(0, toUsers(""), "Hello")
		f.send(0, toUsers("", "ann"), "Hello")
		f.expectNothing(0, toAll(), a, b)
	}},
	{"user identifiers are compared exactly", func(f *fixture) {
		a := f.connect(0, withUser("Ann"))
		f.send(1, toUsers("ann"), "Hello")
		f.expectNothing(1, toAll(), a)
	}},
	{"one of two connections of a user leaves", func(f *fixture) {
		a1, a2 := f.connect(0, withUser("ann")), f.connect(0, withUser("ann"))
		a1.Close()
		f.send(1, toUsers("ann"), "Hello")
		a2.expect("Hello")
		a2.Close()
		f.send(1, toUsers("ann"), "Hello")
		a3 := f.connect(0, withUser("ann"))
		f.send(1, toUsers("ann"), "Back")
		a3.expect("Back")
	}},
}
