package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

type testUser struct{ id string }

func (u *testUser) principal() *Principal { return NewPrincipal(Identity{ID: u.id}) }

type testUserKey struct{}

func TestFromContextValue(t *testing.T) {
	t.Parallel()
	find := FromContextValue(testUserKey{}, (*testUser).principal)
	var nilUser *testUser
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"a user", &testUser{"ann"}, "ann"},
		{"none", nil, ""},
		{"a nil pointer", nilUser, ""},
		{"of another type", testUser{"ann"}, ""},
		{"a user without identifier", &testUser{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := request()
			r = r.WithContext(context.WithValue(r.Context(), testUserKey{}, tt.value))
			got := pass(r, Adapt(find))
			if got.user().Name() != tt.want || got.user().IsAuthenticated() != (tt.want != "") || got.failure() != nil {
				t.Errorf("got %v and %v, want %q", got.user(), got.failure(), tt.want)
			}
		})
	}
}

func TestAdaptPassesAnUntouchedRequestOn(t *testing.T) {
	t.Parallel()
	r := request()
	if got := pass(r, Adapt(func(*http.Request) (*Principal, error) { return nil, nil })); got.request != r {
		t.Error("got a copy, want the request itself where nothing was found")
	}
}

func TestAdaptNeedsAFinder(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("got no panic, want one")
		}
	}()
	Adapt(nil)
}

func TestFromContextValueOfOtherKinds(t *testing.T) {
	t.Parallel()
	r := request()
	r = r.WithContext(context.WithValue(r.Context(), testUserKey{}, "ann"))
	byName := func(name string) *Principal { return NewPrincipal(Identity{ID: name}) }
	if got := pass(r, Adapt(FromContextValue(testUserKey{}, byName))).user(); got.ID() != "ann" {
		t.Errorf("a string: got %v, want ann", got)
	}
	stringer := func(s fmt.Stringer) *Principal { return byName(s.String()) }
	if got := pass(r, Adapt(FromContextValue(testUserKey{}, stringer))).user(); got != nil {
		t.Errorf("a string for an interface: got %v, want nobody", got)
	}
}

func TestAdaptIgnoresThePrincipalOfAnError(t *testing.T) {
	t.Parallel()
	errExpired := errors.New("session expired")
	got := pass(request(), Adapt(func(*http.Request) (*Principal, error) { return (&testUser{"ann"}).principal(), errExpired }))
	if got.user() != nil || !errors.Is(got.failure(), errExpired) {
		t.Errorf("got %v and %v, want nobody and the error", got.user(), got.failure())
	}
}

func TestFromClaimsContext(t *testing.T) {
	t.Parallel()
	errExpired := errors.New("token is expired")
	claims := map[string]any{"sub": "ann", "exp": time.Unix(1700000000, 0), "roles": []any{"member"}}
	tests := []struct {
		name   string
		claims map[string]any
		err    error
		want   string
	}{
		{"a token", claims, nil, "ann"},
		{"an expired one with its claims", claims, errExpired, ""},
		{"none", map[string]any{}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			get := func(context.Context) (any, map[string]any, error) { return nil, tt.claims, tt.err }
			got := pass(request(), Adapt(FromClaimsContext(get, ClaimNames{})))
			if got.user().Name() != tt.want || !errors.Is(got.failure(), tt.err) {
				t.Errorf("got %q and %v, want %q and %v", got.user().Name(), got.failure(), tt.want, tt.err)
			}
			if tt.want != "" && (!got.user().HasRole("member") || got.user().Expiry().Unix() != 1700000000) {
				t.Errorf("got %v, %v, want the role and the expiry", got.user().Claims(), got.user().Expiry())
			}
		})
	}
}

type testToken struct {
	sub string
	err error
}

func (t *testToken) Claims(into any) error {
	claims, _ := into.(*map[string]any)
	*claims = map[string]any{"sub": t.sub}
	return t.err
}

func TestFromToken(t *testing.T) {
	t.Parallel()
	errBad := errors.New("bad")
	tests := []struct {
		name  string
		token *testToken
		err   error
		want  string
		fails bool
	}{
		{"a token", &testToken{sub: "ann"}, nil, "ann", false},
		{"none", nil, nil, "", false},
		{"a bad one", nil, errBad, "", true},
		{"claims that cannot be read", &testToken{sub: "ann", err: errBad}, nil, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := pass(request(), Adapt(FromToken(func(*http.Request) (*testToken, error) { return tt.token, tt.err }, ClaimNames{})))
			if got.user().Name() != tt.want || (got.failure() != nil) != tt.fails {
				t.Errorf("got %q and %v, want %q", got.user().Name(), got.failure(), tt.want)
			}
		})
	}
}

func TestFromSession(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"ann", ""} {
		got := pass(request(), Adapt(FromSession(func(_ context.Context, key string) string {
			if key != "user" {
				t.Errorf("key: got %q, want user", key)
			}
			return id
		}, "user")))
		if got.user().ID() != id || got.user().IsAuthenticated() != (id != "") || Ambient(got.request.Context()) != (id != "") {
			t.Errorf("got %v, want %q", got.user(), id)
		}
	}
}

func TestBasic(t *testing.T) {
	t.Parallel()
	middleware := Basic("office", Passwords(map[string]string{"ann": "one", "bob": "two", "": "empty"}))
	tests := []struct {
		name           string
		user, password string
		want           string
	}{
		{"right", "ann", "one", "ann"},
		{"wrong password", "ann", "two", ""},
		{"no password", "ann", "", ""},
		{"nobody", "eve", "one", ""},
		{"nobody without password", "eve", "", ""},
		{"no name", "", "empty", ""},
		{"another case", "Ann", "one", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := pass(request(func(r *http.Request) { r.SetBasicAuth(tt.user, tt.password) }), middleware)
			if got.user().Name() != tt.want || (got.failure() == nil) != (tt.want != "") {
				t.Errorf("got %v and %v, want %q", got.user(), got.failure(), tt.want)
			}
		})
	}
	if got := pass(request(), middleware); got.user() != nil || got.failure() != nil {
		t.Errorf("without credentials: got %v and %v, want neither", got.user(), got.failure())
	}
}

// certificate returns a self-signed certificate.
func certificate(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore = time.Now().Add(-time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestFromClientCertificate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(time.Hour).Truncate(time.Second)
		named := certificate(t, &x509.Certificate{
			Subject: pkix.Name{CommonName: "printer", Organization: []string{"Acme"}}, NotAfter: end, DNSNames: []string{"p.example"},
		}).Leaf
		spiffe := certificate(t, &x509.Certificate{
			Subject: pkix.Name{CommonName: "x"}, NotAfter: end, URIs: []*url.URL{{Scheme: "spiffe", Host: "acme", Path: "/printer"}},
		}).Leaf
		connection := func(cert *x509.Certificate, verified bool) *http.Request {
			r := request()
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}
			if verified {
				r.TLS.VerifiedChains = [][]*x509.Certificate{{cert}}
			}
			return r
		}
		middleware := Adapt(FromClientCertificate(nil))

		p := pass(connection(named, true), middleware).user()
		if p.Name() != "printer" || p.ID() != "CN=printer,O=Acme" || !p.HasClaim("dns", "p.example") || !p.Expiry().Equal(end) {
			t.Errorf("got %v, %v, %v, want what the certificate says", p.Name(), p.Claims(), p.Expiry())
		}
		if got := pass(connection(spiffe, true), middleware).user().ID(); got != "spiffe://acme/printer" {
			t.Errorf("got %q, want the URI", got)
		}
		if got := pass(connection(named, false), middleware); got.user() != nil || got.failure() != nil {
			t.Errorf("not verified: got %v, %v, want nobody", got.user(), got.failure())
		}
		if got := pass(request(), middleware); got.user() != nil || got.failure() != nil {
			t.Errorf("no TLS: got %v, %v, want nobody", got.user(), got.failure())
		}
		soon := time.Now().Add(time.Minute)
		own := Adapt(FromClientCertificate(func(c *x509.Certificate) *Principal {
			return NewPrincipal(Identity{ID: c.Subject.CommonName, Expiry: soon})
		}))
		if got := pass(connection(named, true), own).user(); got.ID() != "printer" || !got.Expiry().Equal(soon) {
			t.Errorf("own principal: got %v, %v, want it as it is", got.ID(), got.Expiry())
		}
		time.Sleep(time.Hour + time.Second)
		if got := pass(connection(named, true), middleware); got.user() != nil || got.failure() == nil {
			t.Errorf("expired: got %v, %v, want a failure", got.user(), got.failure())
		}
	})
}

func TestClientCertificateOverTLS(t *testing.T) {
	t.Parallel()
	client := certificate(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "printer"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	server := httptest.NewUnstartedServer(Adapt(FromClientCertificate(nil))(Require()(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, FromContext(r.Context()).Name())
		}))))
	pool := x509.NewCertPool()
	pool.AddCert(client.Leaf)
	server.TLS = &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool, MinVersion: tls.VersionTLS13}
	server.StartTLS()
	defer server.Close()

	get := func(certificates ...tls.Certificate) (int, string) {
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certificates, MinVersion: tls.VersionTLS13}}
		defer transport.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	if status, name := get(client); status != http.StatusOK || name != "printer" {
		t.Errorf("with certificate: got %d %q, want 200 printer", status, name)
	}
	if status, _ := get(); status != http.StatusUnauthorized {
		t.Errorf("without: got %d, want 401", status)
	}
}
