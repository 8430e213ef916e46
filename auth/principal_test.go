package auth

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPrincipalOfNobody(t *testing.T) {
	t.Parallel()
	var p *Principal
	if p.IsAuthenticated() || p.Name() != "" || p.ID() != "" || p.Claim("sub") != "" || p.Claims() != nil ||
		p.HasClaim("", "") || p.HasRole("") || !p.Expiry().IsZero() || p.Scheme() != "" {
		t.Errorf("got a nil principal that knows something: %#v, want nothing", p)
	}
	if got := p.String(); got != "anonymous" {
		t.Errorf("String: got %q, want anonymous", got)
	}
	if got := NewPrincipal(Identity{Scheme: "Session", Expiry: time.Unix(1, 0)}); got != nil {
		t.Errorf("an identity without content: got %#v, want nil", got)
	}
	if got := FromContext(NewContext(t.Context(), nil)); got != nil {
		t.Errorf("nil in the context: got %#v, want nil", got)
	}
	ctx := NewContext(NewContext(t.Context(), NewPrincipal(Identity{ID: "a"})), nil)
	if got := FromContext(ctx); got != nil {
		t.Errorf("nil over a principal: got %#v, want nil", got)
	}
	if got := FromContext(context.WithValue(t.Context(), contextKey{}, "a")); got != nil {
		t.Errorf("something else in the context: got %#v, want nil", got)
	}
}

func TestPrincipalNameAndID(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		identity Identity
		wantName string
		wantID   string
	}{
		{"the given name wins", Identity{Name: "Ann", ID: "1", Claims: []Claim{{Type: "name", Value: "B"}}}, "Ann", "1"},
		{"then the claim", Identity{ID: "1", Claims: []Claim{{Type: "name", Value: "B"}}}, "B", "1"},
		{"then the identifier", Identity{ID: "1"}, "1", "1"},
		{"a claim sub wins over ID", Identity{ID: "1", Claims: []Claim{{Type: "sub", Value: "2"}}}, "2", "2"},
		{"an empty claim sub does not", Identity{ID: "1", Claims: []Claim{{Type: "sub"}}}, "1", "1"},
		{"sub before name identifier", Identity{Claims: []Claim{{Type: ClaimNameIdentifier, Value: "n"}, {Type: "sub", Value: "s"}}}, "s", "s"},
		{"name identifier before UPN", Identity{Claims: []Claim{{Type: ClaimUPN, Value: "u"}, {Type: ClaimNameIdentifier, Value: "n"}}}, "n", "n"},
		{"UPN at last", Identity{Claims: []Claim{{Type: ClaimUPN, Value: "u"}}}, "u", "u"},
		{"a role is no identifier", Identity{Roles: []string{"r"}}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := NewPrincipal(tt.identity)
			if p.Name() != tt.wantName || p.ID() != tt.wantID {
				t.Errorf("got name %q and ID %q, want %q and %q", p.Name(), p.ID(), tt.wantName, tt.wantID)
			}
		})
	}
}

func TestPrincipalIsImmutable(t *testing.T) {
	t.Parallel()
	id := Identity{ID: "1", Roles: []string{"reader"}, Claims: []Claim{{Type: "team", Value: "red"}}}
	p := NewPrincipal(id)
	id.Roles[0] = "admin"
	id.Claims[0].Value = "blue"
	p.Claims()[0].Value = "green"
	if p.HasRole("admin") || !p.HasRole("reader") || p.Claim("team") != "red" {
		t.Errorf("got %v, want what was given at first", p.Claims())
	}
	want := []Claim{{Type: "team", Value: "red"}, {Type: "sub", Value: "1"}, {Type: "role", Value: "reader"}}
	if got := p.Claims(); !slices.Equal(got, want) {
		t.Errorf("Claims: got %v, want %v", got, want)
	}
}

func TestSameUser(t *testing.T) {
	t.Parallel()
	sub := func(value, issuer string) *Principal {
		return NewPrincipal(Identity{Claims: []Claim{{Type: "sub", Value: value, Issuer: issuer}}})
	}
	tests := []struct {
		name string
		a, b *Principal
		want bool
	}{
		{"equal subjects", sub("1", "x"), sub("1", "x"), true},
		{"another subject", sub("1", "x"), sub("2", "x"), false},
		{"another issuer", sub("1", "x"), sub("1", "y"), false},
		{"case counts", sub("a", "x"), sub("A", "x"), false},
		{"another claim with the value", sub("1", ""), NewPrincipal(Identity{Claims: []Claim{{Type: ClaimUPN, Value: "1"}}}), false},
		{"other claims do not count", NewPrincipal(Identity{ID: "1", Name: "a"}), NewPrincipal(Identity{ID: "1", Name: "b"}), true},
		{"anonymous and anonymous", nil, nil, true},
		{"anonymous and known", nil, sub("1", ""), false},
		{"both without identifier", NewPrincipal(Identity{Name: "a"}), NewPrincipal(Identity{Name: "b"}), true},
		{"anonymous and without identifier", nil, NewPrincipal(Identity{Name: "b"}), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if SameUser(tt.a, tt.b) != tt.want || SameUser(tt.b, tt.a) != tt.want {
				t.Errorf("got %t, want %t both ways round", SameUser(tt.a, tt.b), tt.want)
			}
		})
	}
}

func TestPrincipalPrintsNoClaims(t *testing.T) {
	t.Parallel()
	p := NewPrincipal(Identity{Name: "ann", Scheme: "Bearer", Roles: []string{"SECRET"}, Claims: []Claim{{Type: "mail", Value: "SECRET"}}})
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", slog.Any("user", p), slog.Any("nobody", (*Principal)(nil)))
	text := fmt.Sprintf("%v %+v %#v %s ", p, p, p, p) + log.String()
	if strings.Contains(text, "SECRET") {
		t.Errorf("got %s, want no claims", text)
	}
	for _, want := range []string{"ann ", "user.name=ann", "user.scheme=Bearer", "nobody=anonymous"} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s, want %q in it", text, want)
		}
	}
}
