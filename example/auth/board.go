package main

import (
	"context"
	"strings"

	"github.com/hubwire/signalr/hubs"
)

// BoardClient is what the hub calls on pages.
type BoardClient struct {
	Noted   func(ctx context.Context, by, text string) error
	Cleared func(ctx context.Context, by string) error
}

// Board is a board of notes. Everybody who is signed in may write on it;
// clearing it is for moderators, which main.go says where the hub is mapped.
type Board struct{ hubs.Typed[BoardClient] }

// WhoAmI tells a page whom the hub knows it as, and how it is connected.
func (b *Board) WhoAmI() string {
	c := b.Context()
	return c.User().Name() + " over " + c.Features().Transport()
}

// Note puts a note on everybody's board.
func (b *Board) Note(ctx context.Context, text string) error {
	if text = strings.TrimSpace(text); text == "" || len(text) > 500 {
		return hubs.Errorf("A note has 1 to 500 bytes.")
	}
	return b.Clients().All().Noted(ctx, b.Context().User().Name(), text)
}

// Clear clears everybody's board.
func (b *Board) Clear(ctx context.Context) error {
	return b.Clients().All().Cleared(ctx, b.Context().User().Name())
}
