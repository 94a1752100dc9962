package authserver_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

func TestWeightsOfClients(t *testing.T) {
	const client = `{"clients":[{"client_id":"bot","redirect_uris":["https://bot.example.com/cb"]%s}]}`
	for weight, want := range map[string]int{``: 1, `,"weight":1`: 1, `,"weight":7`: 7, `,"weight":1000`: 1000} {
		l, err := authserver.ParseClients(fmt.Appendf(nil, client, weight))
		if err != nil || l.Weight("bot") != want || l.Weight("another") != 1 {
			t.Errorf("%s: %v, want %d", weight, err, want)
		}
	}
	for weight, says := range map[string]string{
		`,"weight":0`: "the weight is 0; give 1 to 1000", `,"weight":-2`: "the weight is -2", `,"weight":1001`: "1 to 1000",
		`,"weight":1.5`: "whole number", `,"weight":"2"`: "whole number",
	} {
		if _, err := authserver.ParseClients(fmt.Appendf(nil, client, weight)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", weight, err)
		}
	}
	var none *authserver.ClientList
	if none.Weight("bot") != 1 {
		t.Error("no list has a weight")
	}
}
