package main

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hubwire/signalr/hubs"
)

// ChatClient is what the server calls on a page. The library fills the funcs
// in; a misspelt name or a wrong argument does not compile.
type ChatClient struct {
	Say    func(ctx context.Context, message Message) error
	Joined func(ctx context.Context, name string) error
	Left   func(ctx context.Context, name string) error
	Typing func(ctx context.Context, name string) error
}

// Message is something that was said in a room.
type Message struct {
	From string    `json:"from"` // the name
	ID   string    `json:"id"`   // the connection, which knows its own messages by it
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// ChatHub is what pages call. One is made for each call; what outlives the
// call is kept with the connection, in Context().Items().
type ChatHub struct{ hubs.Typed[ChatClient] }

// member is who a connection is and where, once it has joined a room.
type member struct{ name, room string }

type memberKey struct{}

// Join brings the caller into a room, and out of the one it was in.
func (h *ChatHub) Join(ctx context.Context, name, room string) error {
	name, err := clean("Your name", name, 24)
	if err != nil {
		return err
	}
	if room, err = clean("The room's name", room, 32); err != nil {
		return err
	}
	if err := h.Leave(ctx); err != nil {
		return err
	}
	if err := h.Groups().Add(ctx, h.Context().ConnectionID(), room); err != nil {
		return err
	}
	h.Context().Items().Store(memberKey{}, member{name, room})
	return h.Clients().OthersInGroup(room).Joined(ctx, name)
}

// Leave takes the caller out of its room.
func (h *ChatHub) Leave(ctx context.Context) error {
	me, err := h.member()
	if err != nil {
		return nil //nolint:nilerr // who is in no room has left it
	}
	h.Context().Items().Delete(memberKey{})
	if err := h.Groups().Remove(ctx, h.Context().ConnectionID(), me.room); err != nil {
		return err
	}
	return h.Clients().Group(me.room).Left(ctx, me.name)
}

// OnDisconnected runs when a connection has ended, for whatever reason.
func (h *ChatHub) OnDisconnected(ctx context.Context, _ error) error {
	return h.Leave(ctx)
}

// Say sends a message to everybody in the caller's room, the caller included.
func (h *ChatHub) Say(ctx context.Context, text string) error {
	me, err := h.member()
	if err != nil {
		return err
	}
	if text, err = clean("The message", text, 2000); err != nil {
		return err
	}
	message := Message{From: me.name, ID: h.Context().ConnectionID(), Text: text, At: time.Now()}
	return h.Clients().Group(me.room).Say(ctx, message)
}

// Typing tells the others in the room that the caller is writing something.
func (h *ChatHub) Typing(ctx context.Context) error {
	me, err := h.member()
	if err != nil {
		return err
	}
	return h.Clients().OthersInGroup(me.room).Typing(ctx, me.name)
}

func (h *ChatHub) member() (member, error) {
	if me, ok := h.Context().Items().Load(memberKey{}); ok {
		return me.(member), nil
	}
	return member{}, hubs.Errorf("Join a room first.")
}

// clean trims what a user typed. Its errors are made by [hubs.Errorf], so the
// page gets to see their text; of all other errors it learns only that there
// was one.
func clean(what, text string, limit int) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", hubs.Errorf("%s must not be empty.", what)
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return "", hubs.Errorf("%s must not be longer than %d characters; this has %d.", what, limit, n)
	}
	return text, nil
}
