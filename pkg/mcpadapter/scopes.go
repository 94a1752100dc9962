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
