package hubs

func fastInvoker[H any](fn any, m *method) invoker { return nil }
