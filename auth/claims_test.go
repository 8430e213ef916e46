package auth

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	claims := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestFromClaimsRoles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		claims string
		roles  []string
		want   []string
	}{
		{"one", `{"role":"a"}`, nil, []string{"a"}},
		{"several", `{"role":["a","b"]}`, nil, []string{"a", "b"}},
		{"in the plural", `{"roles":["a"]}`, nil, []string{"a"}},
		{"by ASP.NET Core's name", `{"` + claimRoleURI + `":"a"}`, nil, []string{"a"}},
		{"nested", `{"realm_access":{"roles":["a"]}}`, []string{"realm_access.roles"}, []string{"a"}},
		{"a name with dots", `{"https://x.example/roles":["a"]}`, []string{"https://x.example/roles"}, []string{"a"}},
		{"a nested name with dots", `{"app":{"x.roles":"a"}}`, []string{"app.x.roles"}, []string{"a"}},
		{"role does not count where it is not named", `{"role":"admin","groups":["a"]}`, []string{"groups"}, []string{"a"}},
		{"nesting into no object", `{"a":"b"}`, []string{"a.b"}, nil},
		{"null", `{"role":null}`, nil, nil},
		{"numbers", `{"role":[1,true]}`, nil, []string{"1", "true"}},
		{"none", `{"sub":"a"}`, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := FromClaims(decode(t, tt.claims), ClaimNames{Roles: tt.roles})
			var got []string
			for _, c := range p.Claims() {
				if c.Type == ClaimRole {
					got = append(got, c.Value)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFromClaims(t *testing.T) {
	t.Parallel()
	claims := decode(t, `{"iss":"me","sub":"1","preferred_username":"ann","aud":["a","b"],"exp":1700000000,
		"uid":9007199254740993,"ok":true,"address":{"zip":"1","city":"x"}}`)
	p := FromClaims(claims, ClaimNames{Name: "preferred_username"})
	want := []Claim{
		{"address", `{"city":"x","zip":"1"}`, "me"},
		{"aud", "a", "me"},
		{"aud", "b", "me"},
		{"exp", "1700000000", "me"},
		{"iss", "me", "me"},
		{"ok", "true", "me"},
		{"preferred_username", "ann", "me"},
		{"sub", "1", "me"},
		{"uid", "9007199254740993", "me"},
	}
	if got := p.Claims(); !slices.Equal(got, want) {
		t.Errorf("Claims: got %v, want %v", got, want)
	}
	if p.Name() != "ann" || p.ID() != "1" || p.Scheme() != "Bearer" || !p.Expiry().Equal(time.Unix(1700000000, 0)) {
		t.Errorf("got %q, %q, %q, %v, want ann, 1, Bearer, 1700000000", p.Name(), p.ID(), p.Scheme(), p.Expiry())
	}
	if got := FromClaims(claims, ClaimNames{Name: "nickname", Scheme: "OIDC"}); got.Name() != "1" || got.Scheme() != "OIDC" {
		t.Errorf("without the name claim: got %q and %q, want the identifier and OIDC", got.Name(), got.Scheme())
	}
	other := FromClaims(map[string]any{"sub": "1", "iat": time.Unix(5, 0), "tags": []string{"a", "b"}, "f": 1.5, "c": make(chan int)}, ClaimNames{})
	if !other.HasClaim("iat", "5") || !other.HasClaim("tags", "b") || !other.HasClaim("f", "1.5") || other.Claim("c") == "" {
		t.Errorf("as other libraries decode: got %v, want the same texts", other.Claims())
	}
	for _, none := range []map[string]any{nil, {}, {"role": "admin"}} {
		names := ClaimNames{Roles: []string{"groups"}}
		if got := FromClaims(none, names); got != nil {
			t.Errorf("%v: got %#v, want nil", none, got)
		}
	}
}

func TestExpiryOfClaims(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0)
	tests := []struct {
		name string
		exp  any
		want time.Time
	}{
		{"json.Number", json.Number("1700000000"), at},
		{"with a fraction", json.Number("1700000000.5"), at.Add(time.Second / 2)},
		{"float64", float64(1700000000), at},
		{"int64", int64(1700000000), at},
		{"uint32", uint32(1700000000), at},
		{"text", "1700000000", at},
		{"time.Time", at, at},
		{"null", nil, time.Time{}},
		{"nonsense is past", "tomorrow", time.Unix(0, 0)},
		{"NaN is past", "NaN", time.Unix(0, 0)},
		{"negative is past", json.Number("-1e300"), time.Unix(0, 0)},
		{"far away does not overflow", json.Number("1e300"), time.Unix(maxSeconds, 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := FromClaims(map[string]any{"sub": "1", "exp": tt.exp}, ClaimNames{})
			if got := p.Expiry(); !got.Equal(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
