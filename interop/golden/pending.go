package golden

// Pending names the scenarios that our server does not pass yet, each with the
// subject of the issue that will mend it. A test fails as soon as one of them
// passes or does not exist, so the list can only shrink.
var Pending = map[string]string{
	"negotiate/stateful-reconnect": statefulReconnect,
	"reconnect/ack-json":           statefulReconnect,
	"reconnect/ack-messagepack":    statefulReconnect,
	"reconnect/client-sequence":    statefulReconnect,
	"reconnect/closed":             statefulReconnect,
	"reconnect/resume-acked":       statefulReconnect,
	"reconnect/resume-json":        statefulReconnect,
	"reconnect/resume-messagepack": statefulReconnect,
	"reconnect/sequence-too-high":  statefulReconnect,
	"reconnect/state-kept":         statefulReconnect,
	"reconnect/version-1":          statefulReconnect,
}

const statefulReconnect = "stateful reconnect"
