package signalr

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/hubwire/signalr/hubs"
	"github.com/hubwire/signalr/transports"
)

// ServerOption is an option of [New].
type ServerOption interface{ applyToServer(*settings) }

// HubOption is an option of [MapHub] and [NewHandler].
type HubOption interface{ applyToHub(*settings) }

// Option is an option of both: given to [New] it holds for every hub, given to
// [MapHub] or [NewHandler] for that hub, where it wins.
type Option interface {
	ServerOption
	HubOption
}

type (
	serverOption func(*settings)
	hubOption    func(*settings)
	option       func(*settings)
)

func (o serverOption) applyToServer(s *settings) { o(s) }
func (o hubOption) applyToHub(s *settings)       { o(s) }
func (o option) applyToServer(s *settings)       { o(s) }
func (o option) applyToHub(s *settings)          { o(s) }

// settings is what all options together say about one hub.
type settings struct {
	hub                    hubs.Config
	transport              transports.Config
	minimumProtocolVersion int
	authorization          *authorization
	err                    error // what was wrong with options so far
}

func (s *settings) invalidf(format string, args ...any) {
	s.err = errors.Join(s.err, fmt.Errorf(format, args...))
}

// positive stores a duration that must be greater than zero.
func (s *settings) positive(option string, where *time.Duration, d time.Duration) {
	if d <= 0 {
		s.invalidf("%s(%v): must be greater than zero", option, d)
		return
	}
	*where = d
}

// forHub returns the settings of one hub: the server's, copied, with the
// hub's options on top.
func (s *settings) forHub(options []HubOption) (settings, error) {
	own := *s
	// What options append to or write into is this hub's own.
	own.hub.Filters = slices.Clip(own.hub.Filters)
	own.hub.Services = slices.Clip(own.hub.Services)
	own.hub.MethodNames = maps.Clone(own.hub.MethodNames)
	own.hub.MethodPolicies = maps.Clone(own.hub.MethodPolicies)
	for _, o := range options {
		o.applyToHub(&own)
	}
	return own, own.err
}

func serverSettings(options []ServerOption) (settings, error) {
	s := settings{}
	s.transport.Transports = transports.All
	s.hub.Logger = slog.Default()
	s.transport.Logger = slog.Default()
	for _, o := range options {
		o.applyToServer(&s)
	}
	return s, s.err
}

// Logger sets where the server logs: the life of connections at Debug, start
// and stop at Info, what was cut off at Warn, what an operator must act on at
// Error. Tokens and arguments are never logged. The default is [slog.Default]
// at the time of [New]; nil is refused.
func Logger(log *slog.Logger) ServerOption {
	return serverOption(func(s *settings) {
		if log == nil {
			s.invalidf("Logger(nil): use slog.New(slog.DiscardHandler) to log nothing")
			return
		}
		s.hub.Logger, s.transport.Logger = log, log
	})
}
