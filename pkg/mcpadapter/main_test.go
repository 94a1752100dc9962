package mcpadapter

import (
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
