package mcpadapter

// What a caller may be granted. Each tool needs one of them.
const (
	ScopeReadMessages  = "messages:read"
	ScopeSendMessages  = "messages:send"
	ScopeWriteContacts = "contacts:write"
	ScopeSendCampaigns = "campaigns:send"
)

// Scopes are all of them.
func Scopes() []string {
	return []string{ScopeReadMessages, ScopeSendMessages, ScopeWriteContacts, ScopeSendCampaigns}
}

// Scope is what a caller needs for a tool, "" if there is no such tool.
func (t *Tools) Scope(tool string) string {
	if known := t.tools[tool]; known != nil {
		return known.scope
	}
	return ""
}
