package auth

import (
	"crypto/x509"
	"errors"
	"net/http"
	"time"
)

var errCertificateExpired = errors.New("auth: the client certificate has expired since the TLS handshake")

// FromClientCertificate finds the client certificate of a TLS connection that
// net/http's server has verified, by tls.Config.ClientAuth and ClientCAs. One
// that was sent but not verified (tls.RequestClientCert, tls.RequireAnyClientCert)
// is the anonymous user: anybody can make it.
//
// principal makes a user of the certificate. If it is nil, the identifier is the
// first URI of the certificate (as SPIFFE has it), else the subject; the name is
// the subject's common name; issuer of the claims is the certificate's. The
// principal should end with the certificate: one without an expiry gets
// NotAfter.
func FromClientCertificate(principal func(*x509.Certificate) *Principal) Finder {
	if principal == nil {
		principal = certificatePrincipal
	}
	return func(r *http.Request) (*Principal, error) {
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.VerifiedChains[0]) == 0 {
			return nil, nil
		}
		cert := r.TLS.VerifiedChains[0][0]
		if time.Now().After(cert.NotAfter) {
			return nil, errCertificateExpired // an HTTP connection may outlive it
		}
		return principal(cert).expiring(cert.NotAfter), nil
	}
}

func certificatePrincipal(cert *x509.Certificate) *Principal {
	id := cert.Subject.String()
	if len(cert.URIs) > 0 {
		id = cert.URIs[0].String()
	}
	if id == "" {
		return nil
	}
	issuer := cert.Issuer.String()
	claims := []Claim{{Type: ClaimSubject, Value: id, Issuer: issuer}}
	for _, name := range cert.DNSNames {
		claims = append(claims, Claim{Type: "dns", Value: name, Issuer: issuer})
	}
	for _, address := range cert.EmailAddresses {
		claims = append(claims, Claim{Type: "email", Value: address, Issuer: issuer})
	}
	return NewPrincipal(Identity{Name: cert.Subject.CommonName, Claims: claims, Scheme: "Certificate"})
}

// expiring returns p with an expiry if it has none.
func (p *Principal) expiring(expiry time.Time) *Principal {
	if p == nil || !p.expiry.IsZero() {
		return p
	}
	limited := *p
	limited.expiry = expiry
	return &limited
}
