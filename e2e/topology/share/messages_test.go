//go:build unix

package share_test

import (
	"fmt"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

// sending calls send_message with a text and a recipient that no other number has.
func sending(text string, n int) string {
	return rpctest.Call(n+1, "send_message", fmt.Sprintf(`{"sender":"+15551234567","recipients":["+1555%07d"],"body":"%s %d"}`, 2_000_000+n, text, n))
}

// reading calls get_messages.
func reading(n int) string { return rpctest.Call(n+1, "get_messages", `{}`) }

// creating calls create_contacts_batch with so many contacts.
func creating(n, contacts int) string {
	return rpctest.Call(n+1, "create_contacts_batch", `{"contacts":`+list(contacts, func(i int) string {
		return fmt.Sprintf(`{"name":"contact %d-%d"}`, n, i)
	})+`}`)
}

// list is a JSON array.
func list(length int, element func(i int) string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := range length {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(element(i))
	}
	b.WriteByte(']')
	return b.String()
}
