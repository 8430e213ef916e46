package auth

import "log/slog"

// String returns the name of the user, or "anonymous". Claims stay out of it,
// so that a principal can be printed without thinking.
func (p *Principal) String() string {
	switch {
	case p == nil:
		return "anonymous"
	case p.Name() == "":
		return "unnamed"
	}
	return p.Name()
}

// GoString keeps the claims out of %#v too.
func (p *Principal) GoString() string { return "auth.Principal(" + p.String() + ")" }

// LogValue returns the name and the scheme for a log: who it was and how that
// was known, and none of the claims.
func (p *Principal) LogValue() slog.Value {
	if p == nil {
		return slog.StringValue(p.String())
	}
	return slog.GroupValue(slog.String("name", p.String()), slog.String("scheme", p.scheme))
}
