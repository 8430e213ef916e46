package auth

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ClaimNames says under which names an issuer puts what a [Principal] needs.
// The zero value fits most.
type ClaimNames struct {
	// Roles are the claims that hold roles: a string, or a list of strings. A
	// name may lead into nested objects with dots, as in "realm_access.roles"; a
	// claim that is called so with its dots comes first. Empty: "role", "roles"
	// and the long name that ASP.NET Core gives roles. Roles of any other claim
	// do not count, not even of "role" if it is not listed.
	Roles []string

	// Name is the claim that holds what to call the user. Empty: "name". If the
	// token does not have it, the identifier is used.
	Name string

	// Scheme becomes the principal's scheme. Empty: "Bearer".
	Scheme string
}

const claimRoleURI = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"

// FromClaims returns the principal that the verified claims of a token stand
// for, or nil (anonymous) if there are none. It verifies nothing.
//
// Each claim becomes a [Claim] of its name, one for each element of a list,
// sorted by name so that equal tokens give equal principals, with the value of
// "iss" as the issuer; objects are kept as JSON. Roles become claims of the type
// [ClaimRole] in addition. "exp" becomes the expiry.
func FromClaims(claims map[string]any, names ClaimNames) *Principal {
	if len(claims) == 0 {
		return nil
	}
	if len(names.Roles) == 0 {
		names.Roles = []string{ClaimRole, "roles", claimRoleURI}
	}
	issuer, _ := claims["iss"].(string)
	id := Identity{Scheme: names.Scheme, Expiry: numericDate(claims["exp"])}
	if id.Scheme == "" {
		id.Scheme = "Bearer"
	}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		// The type "role" is what policies look at. It must not come from a
		// claim that the program does not take roles from.
		if name == ClaimRole {
			continue
		}
		id.Claims = appendClaims(id.Claims, name, issuer, claims[name])
	}
	for _, name := range names.Roles {
		id.Claims = appendClaims(id.Claims, ClaimRole, issuer, lookUp(claims, name))
	}
	if names.Name != "" {
		if values := appendClaims(nil, names.Name, issuer, lookUp(claims, names.Name)); len(values) > 0 {
			id.Name = values[0].Value
		}
	}
	return NewPrincipal(id)
}

// lookUp returns the claim of this name, else what its dots lead to, else nil.
func lookUp(claims map[string]any, name string) any {
	for {
		if value, ok := claims[name]; ok {
			return value
		}
		head, rest, found := strings.Cut(name, ".")
		inner, isObject := claims[head].(map[string]any)
		if !found || !isObject {
			return nil
		}
		claims, name = inner, rest
	}
}

func appendClaims(to []Claim, typ, issuer string, value any) []Claim {
	switch value := value.(type) {
	case nil:
		return to
	case []any:
		for _, element := range value {
			to = appendClaims(to, typ, issuer, element)
		}
		return to
	case []string:
		for _, element := range value {
			to = append(to, Claim{Type: typ, Value: element, Issuer: issuer})
		}
		return to
	}
	return append(to, Claim{Type: typ, Value: claimText(value), Issuer: issuer})
}

// claimText returns a single value as text. JWT libraries differ in what they
// make of numbers and dates; the text does not.
func claimText(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case time.Time:
		return strconv.FormatInt(value.Unix(), 10)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// numericDate returns the time that "exp" stands for, the zero time (never) if
// there is none. One that cannot be read is long past: a token must not live
// for ever because a library spells its end in a way unknown here.
func numericDate(value any) time.Time {
	switch value := value.(type) {
	case nil:
		return time.Time{}
	case time.Time:
		return value
	}
	seconds, err := strconv.ParseFloat(claimText(value), 64)
	if err != nil || !(seconds > 0) {
		return time.Unix(0, 0)
	}
	return time.UnixMicro(int64(min(seconds, maxSeconds) * 1e6))
}

// maxSeconds is the end of the year 9999. A date far beyond it would overflow,
// and then a token made to last for ever would have expired.
const maxSeconds = 253402300799
