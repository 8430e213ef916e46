package contract

import "context"

func (h *hub) JoinGroup(ctx context.Context, group string) error {
	return h.Groups().Add(ctx, h.Context().ConnectionID(), group)
}

func (h *hub) LeaveGroup(ctx context.Context, group string) error {
	return h.Groups().Remove(ctx, h.Context().ConnectionID(), group)
}

func (h *hub) AddToGroup(ctx context.Context, connectionID, group string) error {
	return h.Groups().Add(ctx, connectionID, group)
}

func (h *hub) RemoveFromGroup(ctx context.Context, connectionID, group string) error {
	return h.Groups().Remove(ctx, connectionID, group)
}

func (h *hub) SendToGroup(ctx context.Context, group string, message *string) error {
	return h.Clients().Group(group).Send(ctx, "Message", message)
}

func (h *hub) SendToGroups(ctx context.Context, groups []string, message *string) error {
	return h.Clients().Groups(groups...).Send(ctx, "Message", message)
}

func (h *hub) SendToGroupExcept(ctx context.Context, group string, connectionIDs []string, message *string) error {
	return h.Clients().GroupExcept(group, connectionIDs...).Send(ctx, "Message", message)
}

func (h *hub) SendToOthersInGroup(ctx context.Context, group string, message *string) error {
	return h.Clients().OthersInGroup(group).Send(ctx, "Message", message)
}

func (h *hub) SendToAll(ctx context.Context, message *string) error {
	return h.Clients().All().Send(ctx, "Message", message)
}

func (h *hub) SendToAllExcept(ctx context.Context, connectionIDs []string, message *string) error {
	return h.Clients().AllExcept(connectionIDs...).Send(ctx, "Message", message)
}

func (h *hub) SendToOthers(ctx context.Context, message *string) error {
	return h.Clients().Others().Send(ctx, "Message", message)
}

func (h *hub) SendToCaller(ctx context.Context, message *string) error {
	return h.Clients().Caller().Send(ctx, "Message", message)
}

func (h *hub) SendToClient(ctx context.Context, connectionID string, message *string) error {
	return h.Clients().Client(connectionID).Send(ctx, "Message", message)
}

func (h *hub) SendToClients(ctx context.Context, connectionIDs []string, message *string) error {
	return h.Clients().Clients(connectionIDs...).Send(ctx, "Message", message)
}

func (h *hub) SendToUser(ctx context.Context, user string, message *string) error {
	return h.Clients().User(user).Send(ctx, "Message", message)
}

func (h *hub) SendToUsers(ctx context.Context, users []string, message *string) error {
	return h.Clients().Users(users...).Send(ctx, "Message", message)
}
