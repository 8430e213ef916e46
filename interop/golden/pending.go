package golden

// Pending names the scenarios that our server does not pass yet, each with the
// subject of the issue that will mend it. A test fails as soon as one of them
// passes or does not exist, so the list can only shrink.
var Pending = map[string]string{}
