package hubs

import "context"

// fastInvoker returns an invoker for fn, a method of H, that does without
// reflection, or nil if its shape is none of the common ones: up to two arguments
// of a plain type, and a result of a plain type. It saves three allocations and
// a third of the time of a call.
func fastInvoker[H any](fn any, m *method) invoker {
	if m.wired != len(m.params) {
		return nil
	}
	for _, match := range [...]func(any) invoker{
		withoutArguments[H],
		withoutArgumentsTo[H, string], withoutArgumentsTo[H, int], withoutArgumentsTo[H, bool],
		withArgument[H, string], withArgument[H, int], withArgument[H, int64],
		withArgument[H, float64], withArgument[H, bool], withArgument[H, []byte],
		withArgumentTo[H, string, int], withArgumentTo[H, int, string],
		withArguments[H, string, string], withArguments[H, string, int],
		withArguments[H, int, string], withArguments[H, int, int],
	} {
		if call := match(fn); call != nil {
			return call
		}
	}
	return nil
}

func withoutArguments[H any](fn any) invoker {
	switch f := fn.(type) {
	case func(H):
		return func(hub instance, _ context.Context, _ *arguments) (any, error) {
			f(hub.(H))
			return nil, nil
		}
	case func(H) error:
		return func(hub instance, _ context.Context, _ *arguments) (any, error) {
			return nil, f(hub.(H))
		}
	case func(H, context.Context) error:
		return func(hub instance, ctx context.Context, _ *arguments) (any, error) {
			return nil, f(hub.(H), ctx)
		}
	}
	return nil
}

func withoutArgumentsTo[H, R any](fn any) invoker {
	switch f := fn.(type) {
	case func(H) R:
		return func(hub instance, _ context.Context, _ *arguments) (any, error) {
			return f(hub.(H)), nil
		}
	case func(H) (R, error):
		return func(hub instance, _ context.Context, _ *arguments) (any, error) {
			return f(hub.(H))
		}
	case func(H, context.Context) (R, error):
		return func(hub instance, ctx context.Context, _ *arguments) (any, error) {
			return f(hub.(H), ctx)
		}
	}
	return nil
}

// argument returns argument i of the client.
func argument[A any](args *arguments, i int) A { return *args.wire[i].(*A) }

func withArgument[H, A any](fn any) invoker {
	switch f := fn.(type) {
	case func(H, A):
		return func(hub instance, _ context.Context, args *arguments) (any, error) {
			f(hub.(H), argument[A](args, 0))
			return nil, nil
		}
	case func(H, A) error:
		return func(hub instance, _ context.Context, args *arguments) (any, error) {
			return nil, f(hub.(H), argument[A](args, 0))
		}
	case func(H, context.Context, A) error:
		return func(hub instance, ctx context.Context, args *arguments) (any, error) {
			return nil, f(hub.(H), ctx, argument[A](args, 0))
		}
	}
	return withArgumentTo[H, A, A](fn)
}

func withArgumentTo[H, A, R any](fn any) invoker {
	switch f := fn.(type) {
	case func(H, A) R:
		return func(hub instance, _ context.Context, args *arguments) (any, error) {
			return f(hub.(H), argument[A](args, 0)), nil
		}
	case func(H, A) (R, error):
		return func(hub instance, _ context.Context, args *arguments) (any, error) {
			return f(hub.(H), argument[A](args, 0))
		}
	case func(H, context.Context, A) (R, error):
		return func(hub instance, ctx context.Context, args *arguments) (any, error) {
			return f(hub.(H), ctx, argument[A](args, 0))
		}
	}
	return nil
}

func withArguments[H, A, B any](fn any) invoker {
	switch f := fn.(type) {
	case func(H, A, B):
		return func(hub instance, _ context.Context, args *arguments) (any, error) {
			f(hub.(H), argument[A](args, 0), argument[B](args, 1))
			return nil, nil
		}
	case func(H, A, B) error:
		return func(hub instance, _ context.Context, args *arguments) (any, error) {
			return nil, f(hub.(H), argument[A](args, 0), argument[B](args, 1))
		}
	case func(H, context.Context, A, B) error:
		return func(hub instance, ctx context.Context, args *arguments) (any, error) {
			return nil, f(hub.(H), ctx, argument[A](args, 0), argument[B](args, 1))
		}
	case func(H, A, B) A:
		return func(hub instance, _ context.Context, args *arguments) (any, error) {
			return f(hub.(H), argument[A](args, 0), argument[B](args, 1)), nil
		}
	case func(H, context.Context, A, B) (A, error):
		return func(hub instance, ctx context.Context, args *arguments) (any, error) {
			return f(hub.(H), ctx, argument[A](args, 0), argument[B](args, 1))
		}
	}
	return nil
}
