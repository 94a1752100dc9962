package customer

import (
	"testing"

	"github.com/clerkchat/mcp-gateway/tools/mutate/testdata/shop"
)

func TestUnused(t *testing.T) {
	if shop.Unused(3) != 6 {
		t.Error("wrong")
	}
}
