package auth

import (
	"context"
	"slices"
	"time"
)

// Claim is one statement about a principal, such as its role.
type Claim struct {
	Type   string // "sub", "role", or a name of the issuer's choice
	Value  string
	Issuer string // empty: unknown
}

// The claim types that this package looks for. The two long ones are the names
// that ASP.NET Core maps "sub" and "upn" to.
const (
	ClaimSubject        = "sub"
	ClaimRole           = "role"
	ClaimName           = "name"
	ClaimNameIdentifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
	ClaimUPN            = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
)

// Identity is what [NewPrincipal] makes a Principal of. The zero value of each
// field means that it is not known.
type Identity struct {
	Name   string    // what to call the user; if empty, the first "name" claim, else the identifier
	ID     string    // stable identifier; becomes the claim "sub" unless Claims has one
	Roles  []string  // become claims of type "role"
	Claims []Claim   // all else
	Expiry time.Time // when the credentials end; zero: never
	Scheme string    // how the user was authenticated, such as "Bearer"
}

// Principal is an authenticated user. It is immutable and safe for concurrent
// use. A nil *Principal is the anonymous user; every method works on it.
type Principal struct {
	name   string
	claims []Claim
	expiry time.Time
	scheme string
}

// NewPrincipal returns a principal that copies all of id. An identity without
// name, ID, roles and claims is nobody: then it returns nil, so that a look-up
// that found no user cannot pass for one.
func NewPrincipal(id Identity) *Principal {
	if id.Name == "" && id.ID == "" && len(id.Roles) == 0 && len(id.Claims) == 0 {
		return nil
	}
	p := &Principal{name: id.Name, expiry: id.Expiry, scheme: id.Scheme}
	p.claims = slices.Clone(id.Claims)
	if id.ID != "" && p.Claim(ClaimSubject) == "" {
		p.claims = append(p.claims, Claim{Type: ClaimSubject, Value: id.ID})
	}
	for _, role := range id.Roles {
		p.claims = append(p.claims, Claim{Type: ClaimRole, Value: role})
	}
	return p
}

// IsAuthenticated reports whether p stands for a known user.
func (p *Principal) IsAuthenticated() bool { return p != nil }

// Name returns what to call the user: the name given, else the first claim
// "name", else the identifier. It is empty for the anonymous user.
func (p *Principal) Name() string {
	if p == nil {
		return ""
	}
	if p.name != "" {
		return p.name
	}
	if name := p.Claim(ClaimName); name != "" {
		return name
	}
	return p.ID()
}

// ID returns the stable identifier of the user: the first non-empty claim of
// the types "sub", name identifier and UPN. It is what targets a user's
// connections by default.
func (p *Principal) ID() string { return p.key().Value }

// key returns the claim that decides whether two principals are one user
// (transports.md, 8.3).
func (p *Principal) key() Claim {
	if p == nil {
		return Claim{}
	}
	for _, typ := range [...]string{ClaimSubject, ClaimNameIdentifier, ClaimUPN} {
		for _, c := range p.claims {
			if c.Type == typ && c.Value != "" {
				return c
			}
		}
	}
	return Claim{}
}

// Claim returns the value of the first claim of a type, or "".
func (p *Principal) Claim(typ string) string {
	if p == nil {
		return ""
	}
	for _, c := range p.claims {
		if c.Type == typ {
			return c.Value
		}
	}
	return ""
}

// Claims returns all claims in the order in which they were given, in a slice
// of the caller's own.
func (p *Principal) Claims() []Claim {
	if p == nil {
		return nil
	}
	return slices.Clone(p.claims)
}

// HasClaim reports whether p has a claim of this type and value.
func (p *Principal) HasClaim(typ, value string) bool {
	if p == nil {
		return false
	}
	return slices.ContainsFunc(p.claims, func(c Claim) bool { return c.Type == typ && c.Value == value })
}

// HasRole reports whether p has the role.
func (p *Principal) HasRole(role string) bool { return p.HasClaim(ClaimRole, role) }

// Expiry returns when the credentials end; the zero time means never.
func (p *Principal) Expiry() time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.expiry
}

// Scheme returns how the user was authenticated, such as "Bearer".
func (p *Principal) Scheme() string {
	if p == nil {
		return ""
	}
	return p.scheme
}

// SameUser reports whether a and b are one user as far as a connection's
// identity goes: the first non-empty claim of "sub", name identifier and UPN
// is the same in both, issuer included. Two principals without any of these
// are the same (transports.md, 8.3).
func SameUser(a, b *Principal) bool { return a.key() == b.key() }

type contextKey struct{}

// NewContext returns ctx with p as the principal of the request. A middleware
// calls it when it has found out who is calling; nil makes the request
// anonymous again.
func NewContext(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// FromContext returns the principal that [NewContext] stored last, or nil for
// the anonymous user.
func FromContext(ctx context.Context) *Principal {
	p, _ := ctx.Value(contextKey{}).(*Principal)
	return p
}
