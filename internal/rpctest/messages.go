package rpctest

import "fmt"

// Method is a request of a method with parameters, which are JSON.
func Method(id int, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, id, method, params)
}

// Call is a request that calls a tool with arguments, which are JSON.
func Call(id int, tool, arguments string) string {
	return Method(id, "tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool, arguments))
}
