package gateway_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

const listTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

// priorKnowledge is a client that speaks HTTP/2 in clear text without asking, as proxies do.
func priorKnowledge(t *testing.T) *http.Client {
	t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestHTTP2IsServedInClearText(t *testing.T) {
	t.Parallel()
	base, _, stop := stoppable(t, valid(t))
	client := priorKnowledge(t)
	req, err := rpctest.Post(base+"/mcp", listTools).HTTP(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK || !strings.Contains(string(data), "send_message") || err != nil {
		t.Errorf("%s %d %.200s %v", resp.Proto, resp.StatusCode, data, err)
	}
	if a := request(t, http.MethodPost, base+"/mcp", listTools, "Content-Type", "application/json"); a.status != http.StatusOK {
		t.Errorf("HTTP/1: %d", a.status)
	}
	// Connections that lie idle or say nothing more do not hold up the end.
	half, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = half.Close() }()
	if _, err := io.WriteString(half, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if took, err := stop(); err != nil {
		t.Errorf("stopping took %s: %v", took, err)
	}
}
